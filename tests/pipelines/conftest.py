"""A small workspace, served, and the command line in a folder of its own; a sample of one, copied and built."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from support import sample
from support.commands import Commands
from support.once import once
from support.workplaces import FOLDER, Desk
from support.worlds import BEGAN

from pylon_elt import emulator


@pytest.fixture(scope="session")
def commands() -> Iterator[Commands]:
    """The processes that commands are forked from."""
    with Commands() as started:
        yield started


def _world(issues: int, years: float, made: datetime, behind: float) -> emulator.World:
    """Return a workspace that was made then, whose clock is so many seconds behind."""
    world = emulator.World.seeded(seed=3, issues=issues, now=made, years=years)
    world.advance((datetime.now(UTC) - made).total_seconds() - behind)
    return world


def _sit_down(commands: Commands, server: emulator.Server, folder: Path) -> Desk:
    place = folder / FOLDER
    place.mkdir(exist_ok=True)
    environment = {
        "PYLON_API_KEY": server.token,
        "SOURCES__PYLON__BASE_URL": server.base_url,
        "SOURCES__PYLON__RATE_WINDOW_SECONDS": "1",
        "DLT_DATA_DIR": str(folder / "dlt"),
    }
    return Desk(commands, server, place, environment)


@pytest.fixture
def open_desk(commands: Commands, tmp_path: Path) -> Iterator[Any]:
    """Serve a workspace with some settings, and sit down before it."""
    with ExitStack() as stack:

        def start(
            issues: int = 30,
            years: float = 0.2,
            *,
            behind: float = 0.0,
            made: datetime | None = None,
            **settings: Any,
        ) -> Desk:
            # as old as the lookback, so that a second run finds nothing changed
            made = made or datetime.now(UTC) - timedelta(hours=1)
            world = _world(issues, years, made, behind)
            server = stack.enter_context(emulator.running(world, emulator.Settings(**settings)))
            return _sit_down(commands, server, tmp_path)

        yield start


@pytest.fixture(scope="session")
def first_run(commands: Commands, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Copy some tables of a workspace once for all tests: returns the folder, and when the workspace was made."""

    def of(tables: str, issues: int, years: float) -> tuple[Path, datetime]:
        made = BEGAN - timedelta(hours=1)

        def make(folder: Path) -> None:
            with emulator.running(_world(issues, years, made, 0.0)) as server:
                result = _sit_down(commands, server, folder).pylon("run", "--select", tables)
                assert result.code == 0, result.err

        return once(tmp_path_factory, f"first-run-{issues}-{years:g}-{tables}", make) / FOLDER, made

    return of


@pytest.fixture
def open_copy(open_desk: Any, first_run: Any) -> Any:
    """Sit down before a workspace of which some tables are copied, by a run on another machine."""

    def start(tables: str, issues: int = 30, years: float = 0.2, **settings: Any) -> Desk:
        folder, made = first_run(tables, issues, years)
        desk: Desk = open_desk(issues, years, made=made, **settings)
        for file in folder.glob("support*"):
            shutil.copy2(file, desk.folder)
        return desk

    return start


@pytest.fixture(scope="session")
def built(commands: Commands, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample with its tables for analysis; to be read, not changed."""
    folder = once(tmp_path_factory, "built-sample", lambda folder: sample.make(commands, folder))
    return folder / "support.duckdb"


@pytest.fixture
def desk(open_desk: Any) -> Desk:
    """The usual workspace: small, unlimited, well."""
    return open_desk()  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def postgres() -> Iterator[Any]:
    """A server of Postgres, where there is one."""
    pytest.importorskip("psycopg2")
    from support.postgres import running_postgres

    try:
        with running_postgres() as server:
            yield server
    except LookupError as error:
        pytest.skip(str(error))
