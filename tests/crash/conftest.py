from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.runner import Runner


@pytest.fixture(scope="session")
def runner() -> Iterator[Runner]:
    with Runner() as one:
        yield one
