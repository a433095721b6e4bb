"""DuckLake: a catalog in SQLite or Postgres, and files in a folder. It needs a DuckDB that has extensions for it."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from abc import ABC, abstractmethod
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar, Self

import duckdb
from support.compare import Row, Rows
from support.postgres import Postgres, running_postgres
from support.runner import Machine
from support.site import FolderCopy

EXTENSIONS = ("ducklake", "sqlite_scanner", "postgres_scanner")
FOR_BUCKETS = "httpfs"
"""What DuckDB needs besides, where files are in a bucket."""
NAME = "lake"


@cache
def home() -> Path:
    """Return a home folder in which DuckDB finds its extensions, so that nothing is downloaded.

    Raises:
        LookupError: They are not installed.
    """
    if not all(map(_is_there, EXTENSIONS)):
        raise LookupError("needs an environment of its own: make ducklake")
    import duckdb_extensions

    folder = Path(tempfile.mkdtemp(prefix="pylon-ducklake-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    with duckdb.connect(config={"extension_directory": str(_extensions(folder))}) as connection:
        for name in filter(_is_there, (*EXTENSIONS, FOR_BUCKETS)):
            duckdb_extensions.import_extension(name, con=connection)
    return folder


def _is_there(extension: str) -> bool:
    return find_spec(f"duckdb_extension_{extension}") is not None


def _extensions(home: Path) -> Path:
    return home / ".duckdb" / "extensions"


@dataclass
class _Client(Machine):
    """A machine that has the extensions, and is told of catalog and files apart."""

    def environment(self) -> dict[str, str]:
        """Return what a run finds in its environment."""
        catalog, files = self.credentials.split(" ")
        return {
            "HOME": str(home()),
            "DESTINATION__DUCKLAKE__CREDENTIALS__DUCKLAKE_NAME": NAME,
            "DESTINATION__DUCKLAKE__CREDENTIALS__CATALOG": catalog,
            "DESTINATION__DUCKLAKE__CREDENTIALS__STORAGE__BUCKET_URL": files,
            # the copy of a lake lies in another folder than the catalog knows
            "DESTINATION__DUCKLAKE__OVERRIDE_DATA_PATH": "true",
            "LOAD__WORKERS": "1",
        }


@cache
def postgres() -> Postgres:
    """Return a server for the catalogs of this process."""
    stack = ExitStack()
    atexit.register(stack.close)
    server = stack.enter_context(running_postgres())
    server.ask_for_passwords()
    return server


class Lake(FolderCopy, ABC):
    """A lake whose files lie in a folder."""

    before: ClassVar[tuple[str, ...]] = ()
    """What DuckDB is told before it can reach the files."""

    @property
    def files(self) -> Path | str:
        """Where its data is."""
        return self.folder / "files"

    @property
    @abstractmethod
    def catalog(self) -> str:
        """Where its catalog is, as dlt takes it."""

    @property
    @abstractmethod
    def attached(self) -> str:
        """The same as DuckDB takes it, with what else it is to be told."""

    def machine(self, name: str = "machine") -> Machine:
        """Return a machine that fills it, with a working folder of its own."""
        return _Client(self.folder / name, f"{self.catalog} file://{self.files}", "ducklake")

    def read(self) -> Rows:
        """Return everything in it."""
        from support.destinations import typed

        with self.opened() as connection:

            def rows(sql: str) -> list[Row]:
                cursor = connection.execute(sql)
                names = [column[0] for column in cursor.description or []]
                return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

            found = rows("SELECT table_name FROM duckdb_tables() WHERE schema_name = 'pylon'")
            return typed(
                [row["table_name"] for row in found], lambda name: rows(f'SELECT * FROM pylon."{name}"')
            )

    def execute(self, sql: str) -> None:
        """Run a statement as somebody else's program does."""
        with self.opened() as connection:
            connection.execute(sql)

    def listed(self) -> set[str]:
        """Return the files of the current state, those of deleted rows included."""
        tables = f"SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = '{NAME}'"
        files = "SELECT data_file, delete_file FROM ducklake_list_files('{}', '{}', schema => '{}')"
        with self.opened() as connection:
            return {
                path
                for schema, table in connection.execute(tables).fetchall()
                for row in connection.execute(files.format(NAME, table, schema)).fetchall()
                for path in row
                if path
            }

    @abstractmethod
    def in_catalog(self) -> dict[str, str]:
        """Return everything that stands in the catalog, by where."""

    def opened(self) -> Any:
        """Open it as somebody else's program does."""
        connection = duckdb.connect(config={"extension_directory": str(_extensions(home()))})
        connection.execute("SET TimeZone = 'UTC'")
        for statement in self.before:
            connection.execute(statement)
        connection.execute(f"ATTACH {self.attached}")
        connection.execute(f"USE {NAME}")
        return connection


@dataclass(frozen=True)
class SqliteLake(Lake):
    """A lake with its catalog in a file of SQLite beside it."""

    @property
    def catalog(self) -> str:
        """Where its catalog is."""
        return f"sqlite:///{self.folder}/catalog.sqlite"

    @property
    def attached(self) -> str:
        """The same as DuckDB takes it."""
        options = f"DATA_PATH '{self.files}', OVERRIDE_DATA_PATH true, META_TYPE 'sqlite'"
        return f"'ducklake:{self.folder}/catalog.sqlite' AS {NAME} ({options})"

    def in_catalog(self) -> dict[str, str]:
        """Return everything that stands in the catalog, also what is in its pages still."""
        return {
            str(path): path.read_bytes().decode(errors="replace")
            for path in self.folder.glob("catalog.sqlite*")
        }


@dataclass(frozen=True)
class PostgresLake(Lake):
    """A lake with its catalog in a database of a Postgres server."""

    name: str

    @property
    def catalog(self) -> str:
        """Where its catalog is."""
        return postgres().url(self.name)

    @property
    def attached(self) -> str:
        """The same as DuckDB takes it."""
        options = f"DATA_PATH '{self.files}', OVERRIDE_DATA_PATH true, METADATA_SCHEMA '{NAME}'"
        return f"'ducklake:postgres:{self.catalog}' AS {NAME} ({options})"

    def in_catalog(self) -> dict[str, str]:
        """Return all rows of each table of the catalog, values of small loads decoded."""
        tables = postgres().execute(f"SELECT tablename FROM pg_tables WHERE schemaname = '{NAME}'", self.name)
        return {
            name: str(
                [
                    [_readable(value) for value in row]
                    for row in postgres().execute(f'SELECT * FROM {NAME}."{name}"', self.name)
                ]
            )
            for (name,) in tables
        }

    def branch(self, name: str) -> Self:
        """Return a copy of it, working folders and all."""
        postgres().clone(f"{self.name}-{name}", self.name)
        folder = self.folder.with_name(f"{self.folder.name}-{name}")
        return type(self)(Path(shutil.copytree(self.folder, folder)), f"{self.name}-{name}")

    def discard(self) -> None:
        """Delete it, working folders and all."""
        super().discard()
        postgres().drop(self.name)


def _readable(value: Any) -> Any:
    """Return a value, texts that are kept as bytes as texts."""
    return bytes(value).decode(errors="replace") if isinstance(value, memoryview) else value


class InSqlite:
    """A lake with a catalog that has no lock at all."""

    made: ClassVar[type[SqliteLake]] = SqliteLake

    def copy_in(self, folder: Path) -> SqliteLake:
        """Return where a new copy will be."""
        home()
        return self.made(folder)


class InPostgres:
    """A lake with a catalog on a server."""

    made: ClassVar[type[PostgresLake]] = PostgresLake

    def copy_in(self, folder: Path) -> PostgresLake:
        """Return where a new copy will be."""
        home()
        name = folder.parent.name.lower()
        postgres().create(name)
        return self.made(folder, name)
