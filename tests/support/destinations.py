"""The destinations that one suite tries alike: how a copy of each is made, branched, filled and read."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import pytest
from support import ducklake, ducklake_s3
from support.compare import Row, Rows, parsed
from support.mariadb import MariaDb, binaries, make_data
from support.runner import Machine
from support.site import Copy, FolderCopy

from pylon_elt.sources.pylon.catalog import TABLES

REQUIRED = "PYLON_DESTINATION_TESTS"
"""``required`` in CI: there, a destination that cannot run has failed."""


class Kind(Protocol):
    """A kind of destination."""

    def copy_in(self, folder: Path) -> Copy:
        """Return where a new copy will be; ``folder`` is there and empty.

        Raises:
            LookupError: This machine cannot run the destination.
        """


@dataclass(frozen=True)
class SqliteCopy(FolderCopy):
    """``copy.db`` in a folder, and the files beside it that are its schemas."""

    def machine(self, name: str = "machine") -> Machine:
        """Return a machine that fills it, with a working folder of its own."""
        return Machine(self.folder / name, f"sqlite:///{self.folder}/copy.db", "sqlalchemy")

    def read(self) -> Rows:
        """Return everything in it."""
        with sqlite3.connect(self.folder / "copy__pylon.db") as connection:
            connection.row_factory = sqlite3.Row
            names = [
                row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            ]
            return typed(names, lambda name: map(dict, connection.execute(f'SELECT * FROM "{name}"')))

    def execute(self, sql: str) -> None:
        """Run a statement as somebody else's program does."""
        with closing(sqlite3.connect(self.folder / "copy__pylon.db")) as connection, connection:
            connection.execute(sql.replace("pylon.", ""))


@dataclass
class _Client(Machine):
    """A machine of which a server is there when it begins."""

    server: MariaDb | None = None

    def environment(self) -> dict[str, str]:
        """Start the server, and return what a run finds in its environment."""
        if self.server:
            self.server.start()
        return super().environment()


@dataclass(frozen=True)
class MariaDbCopy(FolderCopy):
    """The files of a MariaDB server in a folder: a server for each copy, since a copy's name is the database's."""

    servers: dict[Path, MariaDb] = field(default_factory=dict, compare=False, repr=False)

    @property
    def server(self) -> MariaDb:
        """The server, which runs from the first question on."""
        return self.servers.setdefault(self.folder, MariaDb(self.folder / "server"))

    def machine(self, name: str = "machine") -> Machine:
        """Return a machine that fills it, with a working folder of its own."""
        return _Client(self.folder / name, self.server.url(), "sqlalchemy", self.server)

    def branch(self, name: str) -> MariaDbCopy:
        """Return a copy of it, working folders and all; the server makes a pause."""
        self.server.stop()
        folder = self.folder.with_name(f"{self.folder.name}-{name}")
        shutil.copytree(self.folder, folder)
        return MariaDbCopy(folder)

    def discard(self) -> None:
        """Delete it, working folders and all."""
        self.server.stop()
        super().discard()

    def execute(self, sql: str) -> None:
        """Run a statement as somebody else's program does."""
        self.server.execute(sql)

    def read(self) -> Rows:
        """Return everything in it."""
        from pymysql.cursors import DictCursor

        with (
            self.server.connect(database="pylon", cursorclass=DictCursor) as connection,
            connection.cursor() as cursor,
        ):

            def rows(sql: str) -> list[Row]:
                cursor.execute(sql)
                return list(cursor.fetchall())

            names = [next(iter(row.values())) for row in rows("SHOW TABLES")]
            return typed(names, lambda name: rows(f"SELECT * FROM `{name}`"))


class Sqlite:
    """SQLite, by way of dlt's SQLAlchemy: a database that has no lock of its own at all."""

    def copy_in(self, folder: Path) -> Copy:
        """Return where a new copy will be."""
        return SqliteCopy(folder)


class MariaDbKind:
    """Debian's MariaDB, likewise."""

    def copy_in(self, folder: Path) -> Copy:
        """Return where a new copy will be."""
        binaries()
        make_data(folder / "server")
        return MariaDbCopy(folder)


LAKES = "PYLON_DUCKLAKE_TESTS"
"""Set where the suite is to try DuckLake, and nothing else: it needs another DuckDB than the rest."""

_LAKES: dict[str, Kind] = {
    "ducklake-sqlite": ducklake.InSqlite(),
    "ducklake-postgres": ducklake.InPostgres(),
    "ducklake-s3": ducklake_s3.InSqlite(),
    "ducklake-s3-postgres": ducklake_s3.InPostgres(),
}
IN_A_BUCKET = ("ducklake-s3", "ducklake-s3-postgres")
"""Those whose files are in a bucket."""
KINDS: dict[str, Kind] = _LAKES if os.environ.get(LAKES) else {"sqlite": Sqlite(), "mariadb": MariaDbKind()}
"""By name; the suite tries each of them."""


def copy_in(kind: str, folder: Path) -> Copy:
    """Return where a new copy will be; skip the test where this machine has no such destination, but fail it in CI."""
    folder.mkdir()
    try:
        return KINDS[kind].copy_in(folder)
    except LookupError as error:
        give_up = pytest.fail if os.environ.get(REQUIRED) == "required" else pytest.skip
        give_up(f"destination {kind}: {error}")


def typed(names: Iterable[str], select: Callable[[str], Iterable[Row]]) -> Rows:
    """Read the tables of the catalogue and dlt's list of loads, with values as Python has them."""
    known = [name for name in names if name in (*TABLES, "deletions", "_dlt_loads")]
    return {name: parsed(name, _typed(name, list(select(name))), as_text=True) for name in known}


def _typed(name: str, rows: list[Row]) -> list[Row]:
    """Make of texts and numbers what they are."""
    types = {column.name: column.type for column in TABLES[name].columns} if name in TABLES else {}
    return [{column: _value(types.get(column), value) for column, value in row.items()} for row in rows]


def _value(kind: str | None, value: Any) -> Any:
    if value is None or kind is None:
        return value
    if kind == "timestamp":
        return (datetime.fromisoformat(value) if isinstance(value, str) else value).replace(tzinfo=UTC)
    return bool(value) if kind == "bool" else value
