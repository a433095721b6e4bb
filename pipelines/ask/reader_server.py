"""Reads a copy on a server, and makes Arrow of what drivers give."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self

import pyarrow as pa

from pylon_elt.sources.pylon.copy.connections import use_utc

from ..copy import destinations
from .reader import BATCH_ROWS, Most, Result

if TYPE_CHECKING:
    import dlt

STEP_ROWS = 200
"""So many rows at a time are fetched where not all are wanted."""
COUNT_SECONDS = 2.0
"""So long the rows are counted that are not wanted."""

_TYPES: dict[int, pa.DataType] = {
    16: pa.bool_(),
    **dict.fromkeys((20, 21, 23, 26), pa.int64()),
    **dict.fromkeys((700, 701), pa.float64()),
    **dict.fromkeys((18, 19, 25, 114, 1042, 1043, 2950, 3802), pa.string()),
    1082: pa.date32(),
    1114: pa.timestamp("us"),
    1184: pa.timestamp("us", "UTC"),
}
"""Arrow's types by Postgres' numbers of its own (pg_type.oid); what is missing is told by its values."""


class ServerReader:
    """A :class:`reader.Reader` of a database that is reached through dlt."""

    note = ""

    def __init__(self, pipeline: dlt.Pipeline, client: Any, schemas: tuple[str, ...]) -> None:
        self.client = client
        self.location = destinations.location(pipeline)
        self.schemas = schemas
        kind = pipeline.destination.destination_type if pipeline.destination else ""
        self.dialect = {
            "mssql": "tsql",
            "synapse": "tsql",
            "motherduck": "duckdb",
            "sqlalchemy": client.capabilities.sqlglot_dialect,
        }.get(name := kind.rpartition(".")[2], name)

    @classmethod
    @contextmanager
    def opened(cls, pipeline: dlt.Pipeline, schemas: tuple[str, ...]) -> Iterator[Self]:
        """Connect."""
        with pipeline.sql_client() as client:
            use_utc(client)
            if client.capabilities.sqlglot_dialect == "mysql":
                # where a table without a database is looked for
                client.execute_sql(f"USE {client.fully_qualified_dataset_name()}")
            yield cls(pipeline, client, schemas)

    def ask(self, sql: str, values: Mapping[str, Any] | None = None, most: Most | None = None) -> Result:  # noqa: ARG002 - none are bound here
        """Return what one statement gives."""
        with self.client.execute_query(sql) as cursor:
            return answer(cursor, most)

    @contextmanager
    def parts(self, sql: str) -> Iterator[Iterator[pa.Table]]:
        """Give the rows of one SELECT some thousand at a time, as far as the driver does not keep them all."""
        with self.client.execute_query(sql) as cursor:
            yield parts(cursor)

    def stop(self) -> None:
        """Do nothing: not every driver can."""

    def tables(self) -> dict[str, list[str]]:
        """Return the names of the tables and views of each schema."""
        if self.dialect == "sqlite":
            return {schema: self._in_sqlite(schema) for schema in self.schemas}
        marks = ", ".join(["%s"] * len(self.schemas))
        found = self.client.execute_sql(
            "SELECT table_schema, table_name FROM information_schema.tables"
            f" WHERE table_schema IN ({marks}) ORDER BY 1, 2",
            *self.schemas,
        )
        return {schema: [name for place, name in found or [] if place == schema] for schema in self.schemas}

    def _in_sqlite(self, schema: str) -> list[str]:
        """Return the names of the tables in a file; none where it is not there."""
        if schema not in {row[1] for row in self.client.execute_sql("PRAGMA database_list") or []}:
            return []
        listing = f"{self.client.escape_column_name(schema)}.sqlite_master"
        found = self.client.execute_sql(
            f"SELECT name FROM {listing} WHERE type IN ('table', 'view') ORDER BY 1"
        )
        return [name for (name,) in found or []]

    def name(self, schema: str, table: str) -> str:
        """Return a table's name in full, quoted."""
        quoted: list[str] = [self.client.escape_column_name(part) for part in (schema, table)]
        return ".".join(quoted)

    def powers(self) -> str:
        """Return "": what a role may do is not known here."""
        return ""


def answer(cursor: Any, most: Most | None = None) -> Result:
    """Return what a cursor of a database driver gives, as Arrow; where less is wanted, the rest is counted."""
    step = BATCH_ROWS if most is None else STEP_ROWS
    rows = cursor.fetchmany(step)  # a cursor of the server knows its columns from then on
    columns = _columns(cursor)
    parts: list[pa.Table] = []
    while rows:
        parts.append(_table(columns, rows))
        if most is not None and _is_enough(parts, most):
            break
        rows = cursor.fetchmany(step)
    left_out = _rest(cursor) if rows else 0
    table = pa.concat_tables(parts, promote_options="permissive") if parts else _table(columns, [])
    return Result(table.schema, iter(table.to_batches(BATCH_ROWS)), left_out)


def parts(cursor: Any) -> Iterator[pa.Table]:
    """Yield what a cursor of a database driver gives; each part has the types that its own values have."""
    while rows := cursor.fetchmany(BATCH_ROWS):
        yield _table(_columns(cursor), rows)


def _is_enough(parts: Sequence[pa.Table], most: Most) -> bool:
    return sum(part.num_rows for part in parts) > most.rows or sum(part.nbytes for part in parts) > most.size


def _rest(cursor: Any) -> int | None:
    """Count what is still to come, and give up after a while."""
    until, found = time.monotonic() + COUNT_SECONDS, 0
    while more := len(cursor.fetchmany(BATCH_ROWS)):
        found += more
        if time.monotonic() > until:
            return None
    return found


def _columns(cursor: Any) -> list[tuple[str, Any]]:
    """Return names and types of what a cursor gives; SQLAlchemy's tells names only."""
    try:
        described = cursor.description or []
    except AttributeError:
        return [(str(name), None) for name in cursor._get_columns()]  # noqa: SLF001 - dlt's own
    return [(str(column[0]), column[1]) for column in described]


def _table(columns: Sequence[tuple[str, Any]], rows: Sequence[Sequence[Any]]) -> pa.Table:
    arrays = [
        _array([row[place] for row in rows], _TYPES.get(kind) if isinstance(kind, int) else None)
        for place, (_, kind) in enumerate(columns)
    ]
    return pa.Table.from_arrays(arrays, names=[name for name, _ in columns])


def _array(values: list[Any], kind: pa.DataType | None) -> pa.Array[Any]:
    if kind is not None:
        return pa.array(values, kind)
    try:
        found = pa.array(values)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return pa.array([None if value is None else str(value) for value in values], pa.string())
    return pa.array(values, pa.string()) if found.type == pa.null() else found
