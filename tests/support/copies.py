"""Fixtures of the rooms that make copies by runs in processes of their own; their ``conftest.py`` imports them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from support.runner import Runner
from support.site import Site, discard_branches


@pytest.fixture(scope="session")
def runner() -> Iterator[Runner]:
    """Where a machine runs."""
    with Runner() as one:
        yield one


@pytest.fixture
def site(open_site: Any) -> Iterator[Site]:
    """A small workspace and a copy that is still empty, of the kind that the room's ``open_site`` makes."""
    with open_site() as one:
        yield one


@pytest.fixture(autouse=True)
def branches() -> Iterator[None]:
    """Let the copies of copies go away with the test that made them."""
    yield
    discard_branches()
