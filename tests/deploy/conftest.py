from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.scheduled import Place, serving


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with serving(tmp_path / "srv") as made:
        yield made
