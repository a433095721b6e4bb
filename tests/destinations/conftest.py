from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import count
from typing import Any

import pytest
from support.copies import branches, runner, site
from support.destinations import KINDS, copy_in
from support.runner import Runner
from support.site import Site, site_of
from support.soak import SOAK

__all__ = ["branches", "runner", "site"]

EACH_TIME = {
    "ducklake-s3": (),
    "ducklake-s3-postgres": ("test_exact", "test_kills", "test_two_machines", "test_lake_s3"),
}
"""Where destinations are tried each time that differ from another one by where their files are."""

_numbers = count(1)

Open = Callable[..., AbstractContextManager[Site]]


@pytest.fixture(scope="session")
def elsewhere() -> Iterator[Runner]:
    """Where another machine runs."""
    with Runner() as one:
        yield one


@pytest.fixture(scope="module", params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    """A destination, by name."""
    name, module = str(request.param), request.module.__name__.rpartition(".")[2]
    if not SOAK and module not in EACH_TIME.get(name, (module,)):
        pytest.skip("PYLON_SOAK=1 make ducklake")
    return name


@pytest.fixture(scope="module")
def open_site(kind: str, runner: Runner, tmp_path_factory: pytest.TempPathFactory) -> Open:
    """Serve a world that is copied into the destination; options are those of ``site_of``."""

    @contextmanager
    def open_one(seed: int = 1, issues: int = 20, **options: Any) -> Iterator[Site]:
        copy = copy_in(kind, tmp_path_factory.mktemp(f"{kind}{next(_numbers)}") / "site")
        try:
            with site_of(copy, runner, seed, issues, **options) as site:
                yield site
        finally:
            copy.discard()

    return open_one
