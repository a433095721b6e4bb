from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.runner import Runner
from support.site import discard_branches


@pytest.fixture(scope="session")
def runner() -> Iterator[Runner]:
    with Runner() as one:
        yield one


@pytest.fixture(autouse=True)
def branches() -> Iterator[None]:
    """Let the copies of copies go away with the test that made them."""
    yield
    discard_branches()
