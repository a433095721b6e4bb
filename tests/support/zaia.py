"""A copy of an emulated Zaia workspace, and how it differs from the truth, row for row and column for column.

What a column should hold is worked out here from the API's objects and the catalogue's names and types alone.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dlt

from pylon_elt.emulator import zaia
from pylon_elt.sources.zaia import zaia_source
from pylon_elt.sources.zaia.catalog import DELETIONS, TABLES, Table

OWN = {"_synced_at", "_digest", "_extra", "_removed", "_dlt_id", "_dlt_load_id"}
QUICK = {"requests_per_minute": 0.0, "backoff_seconds": 0.001}
"""Settings of a run against a server of our own."""
FILE, MACHINE = "inbox.duckdb", "one"
"""Where a copy is, and the folder of the pipeline that makes it."""

_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.(\d{3})Z")


class Desk:
    """A pipeline that copies a served workspace."""

    def __init__(
        self,
        server: zaia.Server,
        folder: Path,
        file: str = FILE,
        destination: Any = None,
        **settings: Any,
    ) -> None:
        self.server = server
        self.folder = folder
        self.settings = QUICK | settings
        self._destination = destination or dlt.destinations.duckdb(str(folder / file))
        self.pipeline = self.machine(MACHINE)

    def machine(self, name: str) -> dlt.Pipeline:
        """Return the pipeline as another machine has it."""
        return dlt.pipeline(
            "zaia_inbox",
            destination=self._destination,
            dataset_name="zaia",
            pipelines_dir=str(self.folder / name),
        )

    def source(self, **settings: Any) -> Any:
        """Return the source that reads the workspace."""
        given = {"api_key": self.server.key, "base_url": self.server.url, **self.settings, **settings}
        return zaia_source(**given)

    def run(self, only: Iterable[str] = (), **settings: Any) -> int:
        """Run once, and return how many requests it took."""
        before = len(self.server.log)
        source = self.source(**settings)
        self.pipeline.run(source.with_resources(*only) if only else source)
        return len(self.server.log) - before

    def rows(self, table: str) -> list[dict[str, Any]]:
        """Return what the copy has of a table."""
        with self.pipeline.sql_client() as client:
            name = client.make_qualified_table_name(table)
            with client.execute_query(f"SELECT * FROM {name}") as cursor:
                names = [column[0] for column in cursor.description]
                return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def gone(self, table: str) -> set[str]:
        """Return the rows of a table that are written down as gone."""
        return {row["id"] for row in self.rows(DELETIONS.name) if row["table"] == table}

    def check(self, tables: Iterable[str] = tuple(TABLES)) -> None:
        """Expect the copy to be the truth."""
        found = [line for table in tables for line in self.differences(TABLES[table])]
        assert not found, f"{len(found)} differences:\n" + "\n".join(found[:10])
        for row in self.rows(DELETIONS.name):
            assert row["_removed"] is None

    def differences(self, table: Table) -> list[str]:
        """Return how the copy differs from the truth in one table."""
        beside = _beside if self.server.settings.extra else lambda _: {}
        truth = [row | beside(row["id"]) for row in self.server.world.rows(table.name)]
        wanted = {row["id"]: expected(table, row) for row in truth}
        stored = self.rows(table.name)
        times = Counter(row["id"] for row in stored)
        found = [f"{table.name} {key}: {count} times" for key, count in times.items() if count > 1]
        found += [f"{table.name} {key}: is not there" for key in wanted.keys() - times.keys()]
        found += [f"{table.name} {key}: is no more" for key in times.keys() - wanted.keys()]
        columns = {column.name for column in table.columns}
        found += [
            f"{table.name}: column {name}" for name in {n for row in stored for n in row} - columns - OWN
        ]
        for row in stored:
            for name, value in wanted.get(row["id"], {}).items():
                got = _plain(row[name], is_json=name == "_extra")
                if got != value:
                    found.append(f"{table.name} {row['id']} {name}: expected {value!r}, got {got!r}")
            if row["_removed"] is not None or not isinstance(row["_synced_at"], datetime):
                found.append(f"{table.name} {row['id']}: {row['_removed']}, {row['_synced_at']}")
        return found


def expected(table: Table, source: dict[str, Any]) -> dict[str, Any]:
    """Return what should stand in the columns of a row."""
    left = dict(source)
    row: dict[str, Any] = {}
    for column in table.columns:
        value = left.pop(column.source, None)
        row[_snake(column.source)] = _time(value) if column.type == "timestamp" and value else value
    return row | {"_extra": left or None}


def _beside(row_id: str) -> dict[str, Any]:
    """Return the fields that the emulator adds to each row where it is told to."""
    return {"slaMinutes": len(row_id), "labels": {"origin": row_id[:4], "beta": True}}


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)([A-Z])", r"_\1", name).lower()


def _time(value: str) -> datetime:
    match = _TIME.fullmatch(value)
    assert match, value
    moment = datetime.strptime(match[1], "%Y-%m-%dT%H:%M:%S").replace(tzinfo=UTC)
    return moment + timedelta(milliseconds=int(match[2]))


def _plain(value: Any, *, is_json: bool) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    return json.loads(value) if is_json and isinstance(value, str) else value
