"""Reads a DuckDB file from a database in memory, which may reach nothing else: no file, no setting, no network."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import duckdb
import pyarrow as pa

from pylon_elt.sources.pylon.copy.naming import catalog_of

from ..base.sql_text import literal, quoted
from . import intervals
from .reader import BATCH_ROWS, Most, Result

CLOSED = ("SET enable_external_access = false", "SET lock_configuration = true")
"""No statement can open another file, and none can take this back."""


class DuckDbReader:
    """A :class:`reader.Reader` of a DuckDB file or of a snapshot of it."""

    dialect = "duckdb"

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, database: Path, schemas: tuple[str, ...], note: str
    ) -> None:
        self.connection = connection
        self.catalog = catalog_of(database)
        self.location = f"duckdb at {database}"
        self.schemas = schemas
        self.note = note

    @classmethod
    @contextmanager
    def opened(
        cls,
        file: Path,
        database: Path,
        schemas: tuple[str, ...],
        note: str = "",
        prepare: Callable[[DuckDbReader], None] | None = None,
    ) -> Iterator[Self]:
        """Open ``file`` under the name of ``database``, by which views in it call their tables.

        Args:
            file: What is read.
            database: What it is, or is a copy of.
            schemas: Where names are looked up.
            note: What whoever sees an answer should know.
            prepare: Sets more, before nothing can be set any more.
        """
        with duckdb.connect(":memory:", config={"python_enable_replacements": False}) as connection:
            connection.execute("SET TimeZone = 'UTC'")
            connection.execute(f"ATTACH {literal(str(file))} AS {quoted(catalog_of(database))} (READ_ONLY)")
            reader = cls(connection, database, schemas, note)
            reader.look_up_names()
            if prepare is not None:
                prepare(reader)
            for statement in CLOSED:
                connection.execute(statement)
            yield reader

    def look_up_names(self) -> None:
        """Let tables be named without their schema."""
        known = self.tables()
        paths = [f"{quoted(self.catalog)}.{quoted(schema)}" for schema in self.schemas if known[schema]]
        if paths:
            self.connection.execute(f"SET search_path = {literal(','.join(paths))}")

    def ask(self, sql: str, values: Mapping[str, Any] | None = None, most: Most | None = None) -> Result:
        """Return what one statement gives; its rows come as they are read, so whoever wants fewer stops."""
        found = self.connection.sql(sql, params=dict(values) if values else None)
        batches = found.to_arrow_reader(BATCH_ROWS if most is None else min(BATCH_ROWS, most.rows + 1))
        return Result(*intervals.as_text(batches.schema, batches))

    @contextmanager
    def parts(self, sql: str) -> Iterator[Iterator[pa.Table]]:
        """Give the rows of one SELECT some thousand at a time."""
        yield (pa.Table.from_batches([batch]) for batch in self.ask(sql).batches)

    def stop(self) -> None:
        """Break off what is being asked."""
        self.connection.interrupt()

    def tables(self) -> dict[str, list[str]]:
        """Return the names of the tables and views of each schema."""
        found = self.connection.execute(
            "SELECT table_schema, table_name FROM information_schema.tables WHERE table_catalog = ? ORDER BY ALL",
            [self.catalog],
        ).fetchall()
        return {schema: [name for place, name in found if place == schema] for schema in self.schemas}

    def name(self, schema: str, table: str) -> str:
        """Return a table's name in full, quoted."""
        return f"{quoted(self.catalog)}.{quoted(schema)}.{quoted(table)}"

    def powers(self) -> str:
        """Return "": the connection can reach nothing else."""
        return ""
