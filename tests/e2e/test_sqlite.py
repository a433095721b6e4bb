"""Two machines and a database that has no lock of its own at all: SQLite, by way of dlt's SQLAlchemy."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest
from support.compare import Row, Rows, parsed
from support.ordeal import ONE_TURN, POINTS, after_merge_of
from support.runner import Machine, Runner
from support.site import FolderCopy, Site, site_of
from support.suspended import LONG, SHORT, content, other, second_leaves, stopped

from pylon_elt.sources.pylon.catalog import TABLES as ALL


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
            found = {name: connection.execute(f'SELECT * FROM "{name}"').fetchall() for name in names}
        rows = {name: [dict(row) for row in found[name]] for name in names if name in (*ALL, "_dlt_loads")}
        return {name: parsed(name, _typed(name, rows[name]), as_text=True) for name in rows}


def _typed(name: str, rows: list[Row]) -> list[Row]:
    """Make of texts and numbers what they are; dlt writes what is JSON as a JSON text of its text."""
    types = {column.name: column.type for column in ALL[name].columns} if name in ALL else {}
    return [{column: _value(types.get(column), value) for column, value in row.items()} for row in rows]


def _value(kind: str | None, value: Any) -> Any:
    if value is None or kind is None:
        return value
    make = {"timestamp": datetime.fromisoformat, "bool": bool, "json": json.loads, "urls": json.loads}
    return make[kind](value) if kind in make else value


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[Runner]:
    with Runner() as runner:
        yield runner


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with Runner() as runner, site_of(SqliteCopy(tmp_path), runner, seed=1, issues=20) as one:
        one.finish(turns=ONE_TURN, lease=SHORT)
        one.world.stir(Random(1))
        yield one


def test_the_copy_is_the_truth_and_the_second_of_two_runs_leaves_and_names_the_first(
    site: Site, elsewhere: Runner
) -> None:
    second_leaves(site, elsewhere)
    other(site, elsewhere).finish(turns=ONE_TURN, lease=LONG)
    site.check()


@pytest.mark.parametrize(
    "point", [POINTS["normalized"], after_merge_of("issues")], ids=["read", "half loaded"]
)
def test_who_sleeps_beyond_its_lease_changes_nothing(site: Site, elsewhere: Runner, point: str) -> None:
    with stopped(site, point, lease=SHORT) as run:
        time.sleep(SHORT["SECONDS"])
        site.world.stir(Random(2), deletions=False)
        other(site, elsewhere).finish(turns=ONE_TURN, lease=SHORT)
        site.check()
        before = content(site)
        assert run.go_on().code == 75
    assert content(site) == before
    site.finish(turns=ONE_TURN, lease=SHORT)
    site.check()
