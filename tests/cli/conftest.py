"""A small workspace, served, and the command line in a folder of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from support.commands import Command, Commands, Result

from pylon_elt import emulator


@dataclass
class Desk:
    """Where somebody works with ``pylon``: a folder, an environment, and a workspace to copy."""

    commands: Commands
    server: emulator.Server
    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    def start(self, *arguments: str, env: dict[str, str | None] | None = None, **options: Any) -> Command:
        """Start a command; ``env`` adds variables, or takes them away where they are ``None``."""
        given = {
            name: value for name, value in {**self.environment, **(env or {})}.items() if value is not None
        }
        return self.commands.start(*arguments, folder=self.folder, environment=given, **options)

    def pylon(self, *arguments: str, env: dict[str, str | None] | None = None, **options: Any) -> Result:
        """Run a command to its end."""
        return self.start(*arguments, env=env, **options).wait()

    def config(self, text: str, name: str = "config.toml") -> None:
        """Write a file in ``.dlt``."""
        (self.folder / ".dlt").mkdir(exist_ok=True)
        (self.folder / ".dlt" / name).write_text(text)

    @property
    def database(self) -> Path:
        """The copy."""
        return self.folder / "pylon.duckdb"

    def rows(self, table: str, dataset: str = "pylon") -> int:
        """Return how many rows a table of the copy holds."""
        with duckdb.connect(str(self.database), read_only=True) as connection:
            found = connection.execute(
                f"SELECT count(*) FROM {self.database.stem}.{dataset}.{table}"
            ).fetchone()
        return int(found[0]) if found else 0

    def tables(self, dataset: str = "pylon") -> set[str]:
        """Return the tables of the copy, dlt's own left out."""
        with duckdb.connect(str(self.database), read_only=True) as connection:
            found = connection.execute(
                "SELECT table_name FROM information_schema.tables WHERE table_schema = ?", [dataset]
            ).fetchall()
        return {name for (name,) in found if not name.startswith("_")}


@pytest.fixture(scope="session")
def commands() -> Iterator[Commands]:
    """The processes that commands are forked from."""
    with Commands() as started:
        yield started


@pytest.fixture
def open_desk(commands: Commands, tmp_path: Path) -> Iterator[Any]:
    """Serve a workspace with some settings, and sit down before it."""
    with ExitStack() as stack:

        def start(issues: int = 30, years: float = 0.2, **settings: Any) -> Desk:
            # as old as the lookback, so that a second run finds nothing changed
            now = datetime.now(UTC) - timedelta(hours=1)
            world = emulator.World.seeded(seed=3, issues=issues, now=now, years=years)
            world.advance(3600)
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
