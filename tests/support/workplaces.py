"""Where somebody works with ``pylon``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any

import duckdb

from pylon_elt import emulator

from .commands import Command, Commands, Result, wait_until

FOLDER = "desk"
"""Where somebody works, in the folder of a test."""
LISTING = "GET /issues"
LONGEST = 60.0
"""After so many seconds a request is answered, whatever it waits for."""


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
        return self.folder / "support.duckdb"

    def rows(self, table: str, dataset: str = "pylon") -> int:
        """Return how many rows a table of the copy holds."""
        with duckdb.connect(str(self.database), read_only=True) as connection:
            found = connection.execute(f"SELECT count(*) FROM {dataset}.{table}").fetchone()
        return int(found[0]) if found else 0

    def tables(self, dataset: str = "pylon") -> set[str]:
        """Return the tables of the copy, dlt's own left out."""
        with duckdb.connect(str(self.database), read_only=True) as connection:
            found = connection.execute(
                "SELECT table_name FROM information_schema.tables WHERE table_schema = ?", [dataset]
            ).fetchall()
        return {name for (name,) in found if not name.startswith("_")}


@dataclass
class CopyDesk:
    """A folder with a copy, and ``pylon`` in it."""

    commands: Commands
    folder: Path

    @property
    def database(self) -> Path:
        return self.folder / "support.duckdb"

    def start(self, *arguments: str, **options: Any) -> Command:
        environment = {"DLT_DATA_DIR": str(self.folder / "dlt"), **options.pop("env", {})}
        return self.commands.start(*arguments, folder=self.folder, environment=environment, **options)

    def pylon(self, *arguments: str, **options: Any) -> Result:
        return self.start(*arguments, **options).wait()

    def sql(self, query: str) -> list[tuple[Any, ...]]:
        """Ask the file itself."""
        with duckdb.connect(str(self.database), read_only=True) as connection:
            connection.execute("SET TimeZone = 'UTC'")
            known = connection.execute("SELECT DISTINCT schema_name FROM duckdb_schemas()").fetchall()
            there = [name for name in ("pylon", "pylon_analytics") if (name,) in known]
            connection.execute(f"SET search_path = '{','.join(there)}'")
            return connection.execute(query).fetchall()


def status(desk: Desk, **options: Any) -> dict[str, Any]:
    """Return what ``pylon status`` says."""
    result = desk.pylon("status", "--json", **options)
    assert result.code == 0, result.err
    return json.loads(result.out)  # type: ignore[no-any-return]


@contextmanager
def amid_run(desk: Desk, *arguments: str) -> Iterator[Command]:
    """Start a run, which begins to list the issues and is given no answer before the block ends."""
    ended = Event()
    let_go = desk.server.on_request(lambda record: record.endpoint != LISTING or ended.wait(LONGEST))
    try:
        run = desk.start("run", *arguments)
        wait_until(lambda: desk.server.count(LISTING) > 0)
        yield run
    finally:
        ended.set()
        let_go()
