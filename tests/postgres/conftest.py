from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from support.copies import branches, runner, site
from support.postgres import Postgres, running_postgres
from support.runner import Runner
from support.site import PostgresCopy, Site, site_of

__all__ = ["branches", "runner", "site"]

_numbers = count(1)

Open = Callable[..., AbstractContextManager[Site]]


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    with running_postgres() as server:
        yield server


@pytest.fixture(scope="session")
def open_site(postgres: Postgres, runner: Runner, tmp_path_factory: pytest.TempPathFactory) -> Open:
    """Serve a world that is copied into a database of its own; options are those of ``site_of``."""

    def open_one(seed: int = 1, issues: int = 30, **options: Any) -> AbstractContextManager[Site]:
        name = f"copy{next(_numbers)}"
        postgres.create(name)
        folder: Path = tmp_path_factory.mktemp(name) / "site"
        folder.mkdir()
        return site_of(PostgresCopy(postgres, name, folder), runner, seed, issues, **options)

    return open_one
