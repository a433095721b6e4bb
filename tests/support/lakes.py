"""A copy in a DuckDB file and the place where it is published, in one process, and what is compared of the two."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from pyiceberg.table import Table

from pylon_elt.pipelines.ask.choosing import chosen
from pylon_elt.pipelines.ask.reader_duckdb import DuckDbReader
from pylon_elt.pipelines.base import desk
from pylon_elt.pipelines.publish import lake, shape, work
from pylon_elt.pipelines.publish.lake import Lake
from pylon_elt.pipelines.publish.table import Outcome

LATER = datetime(2026, 11, 21, tzinfo=UTC)
"""After the sample was copied."""


@dataclass
class Waters:
    """A copy, and its lake.

    Args:
        database: The DuckDB file of the copy.
        folder: Where it is published.
        dataset: The schema of the copy.
        about: Whose copy it is.
    """

    database: Path
    folder: Path
    about: desk.Desk
    dataset: str = "pylon"

    @property
    def schemas(self) -> tuple[str, ...]:
        return (self.dataset, f"{self.dataset}_analytics")

    def opened(self) -> AbstractContextManager[Lake]:
        """Open the place where it is published."""
        return lake.opened(str(self.folder), "", self.dataset)

    def change(self, *statements: str) -> None:
        """Let a run have written to the copy."""
        with duckdb.connect(str(self.database)) as connection:
            connection.execute(f"SET TimeZone = 'UTC'; SET schema = '{self.dataset}'")
            for statement in statements:
                connection.execute(statement)

    def publish(
        self,
        *select: str,
        marts: bool = False,
        keep: timedelta = timedelta(days=1),
        adopt: bool = False,
        into: Lake | None = None,
    ) -> dict[str, Outcome]:
        """Publish, and return what was done to each table."""
        desk.use(self.about)
        with ExitStack() as stack:
            reader = stack.enter_context(DuckDbReader.opened(self.database, self.database, self.schemas))
            place = into or stack.enter_context(self.opened())
            wanted = chosen(reader, self.about.tables(), select, marts=marts)
            done = work.publish_all(reader, wanted, place, keep=keep, adopt=adopt, as_json=True)
        return {one.table: one for one in done}

    def table(self, name: str) -> Table:
        """Return a published table."""
        with self.opened() as place:
            found = place.table(name)
        assert found is not None, f"{name} is not published"
        return found

    def held(self, name: str) -> pa.Table:
        """Return a table of the copy, or of those for analysis, in the types in which it is published."""
        with duckdb.connect(str(self.database), read_only=True) as connection:
            connection.execute("SET TimeZone = 'UTC'")
            schema = self.schemas["__" in name]
            rows = connection.sql(f'SELECT * FROM "{schema}"."{name}"').to_arrow_table()
            return shape.conform(rows, shape.by_arrow(rows.schema, {}).schema)

    def require_equal(self, *names: str) -> None:
        """Make sure that tables hold what the copy holds: the same columns, and row for row the same values."""
        for name in names:
            held, published = self.held(name), self.table(name).scan().to_arrow()
            assert sorted(published.column_names) == sorted(held.column_names), name
            published = shape.conform(published, held.schema)
            assert differing(held, published) == 0, name

    def files(self, name: str, kind: str = "parquet") -> dict[str, int]:
        """Return the files of a table that are on the disk, each with its size, by its path in the table's folder."""
        home = self.folder / self.dataset / name
        return {
            path.relative_to(home).as_posix(): path.stat().st_size
            for path in home.rglob(f"*.{kind}")
            if path.is_file()
        }


def differing(one: pa.Table, other: pa.Table) -> int:
    """Return how many rows are in one of two tables and not in the other; a row that is there twice counts twice."""
    with duckdb.connect(":memory:") as connection:
        connection.register("one", one)
        connection.register("other", other)
        sql = "SELECT count(*) FROM ((FROM one EXCEPT ALL FROM other) UNION ALL (FROM other EXCEPT ALL FROM one))"
        (found,) = connection.execute(sql).fetchone() or (-1,)
        return int(found)


def months(outcome: Outcome, before: dict[str, int], after: dict[str, int]) -> set[str]:
    """Return the parts of a table in which files are new."""
    return {path.rpartition("/")[0].removeprefix("data/") for path in after.keys() - before.keys()}


def stamp(minutes: int = 0) -> str:
    """Return a time at which a later run has read something, as SQL."""
    return f"TIMESTAMPTZ '{LATER + timedelta(minutes=minutes)}'"


def values(rows: Sequence[dict[str, Any]], name: str) -> list[Any]:
    """Return a column."""
    return [row[name] for row in rows]
