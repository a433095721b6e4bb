"""A sample workspace, copied and built once, and the command line beside it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest
from support import sample
from support.commands import Command, Commands, Result


@pytest.fixture(scope="session")
def commands() -> Iterator[Commands]:
    """The processes that commands are forked from."""
    with Commands() as started:
        yield started


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample with its tables for analysis; to be read, not changed."""
    return sample.make(tmp_path_factory.mktemp("built"))


@pytest.fixture(scope="session")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample without them."""
    database = tmp_path_factory.mktemp("raw") / "pylon.duckdb"
    sample.copy(database, 40)
    return database


@dataclass
class Desk:
    """A folder with a copy, and ``pylon`` in it."""

    commands: Commands
    folder: Path

    @property
    def database(self) -> Path:
        return self.folder / "pylon.duckdb"

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
            connection.execute(f"SET search_path = '{','.join(f'pylon.{name}' for name in there)}'")
            return connection.execute(query).fetchall()


@pytest.fixture
def desk(commands: Commands, built: Path, tmp_path: Path) -> Desk:
    """A desk with a built copy of its own."""
    shutil.copy2(built, tmp_path / "pylon.duckdb")
    return Desk(commands, tmp_path)


@pytest.fixture
def raw_desk(commands: Commands, raw: Path, tmp_path: Path) -> Desk:
    """A desk whose copy has no tables for analysis."""
    shutil.copy2(raw, tmp_path / "pylon.duckdb")
    return Desk(commands, tmp_path)
