"""A small workspace, served, and the command line in a folder of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from support.commands import Commands
from support.workplaces import Desk

from pylon_elt import emulator


@pytest.fixture(scope="session")
def commands() -> Iterator[Commands]:
    """The processes that commands are forked from."""
    with Commands() as started:
        yield started


@pytest.fixture
def open_desk(commands: Commands, tmp_path: Path) -> Iterator[Any]:
    """Serve a workspace with some settings, and sit down before it."""
    with ExitStack() as stack:

        def start(issues: int = 30, years: float = 0.2, *, behind: float = 0.0, **settings: Any) -> Desk:
            # as old as the lookback, so that a second run finds nothing changed
            now = datetime.now(UTC) - timedelta(hours=1)
            world = emulator.World.seeded(seed=3, issues=issues, now=now, years=years)
            world.advance(3600 - behind)
            server = stack.enter_context(emulator.running(world, emulator.Settings(**settings)))
            folder = tmp_path / "desk"
            folder.mkdir(exist_ok=True)
            environment = {
                "PYLON_API_KEY": server.token,
                "SOURCES__PYLON__BASE_URL": server.base_url,
                "SOURCES__PYLON__RATE_WINDOW_SECONDS": "1",
                "DLT_DATA_DIR": str(tmp_path / "dlt"),
            }
            return Desk(commands, server, folder, environment)

        yield start


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
