"""A SELECT over a copy on a server of which something is hidden: what it names is brought here, without that.

No server can hold a statement to a part of what the connection's role may read. So the server is asked for the rows
and columns that are shown of the tables that are named, and for nothing else; the statement itself is answered by
DuckDB in memory, which has no more than those, and is closed to everything beyond.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from ..ask.reader import Reader
from ..ask.reader_duckdb import CLOSED, DuckDbReader
from . import guard
from .hidden import Hidden


@contextmanager
def lent(reader: Reader, hidden: Hidden, known: frozenset[str], sql: str) -> Iterator[DuckDbReader]:
    """Bring what a statement may see of the tables that it names, and give what answers it.

    Args:
        reader: The server.
        hidden: What is left out.
        known: The tables that are shown at all.
        sql: The statement.

    Raises:
        Problem: It is no SELECT, or names something else (exit code 2).
    """
    with duckdb.connect(":memory:", config={"python_enable_replacements": False}) as connection:
        guard.bound(connection)
        connection.execute("SET TimeZone = 'UTC'")
        loan = DuckDbReader(connection, Path("memory"), reader.schemas, reader.note)
        tables = guard.shown(reader, hidden, known)
        for schema in tables:
            guard.make_schema(loan, schema)
        guard.require_visible(loan, sql, guard.only(loan, tables))
        named = guard.named(loan, sql)
        for schema, names in tables.items():
            for table in sorted(name for name in names if name.lower() in named):
                _bring(reader, loan, schema, table, hidden)
        for statement in CLOSED:
            connection.execute(statement)
        yield loan


def _bring(reader: Reader, loan: DuckDbReader, schema: str, table: str, hidden: Hidden) -> None:
    columns = reader.ask(f"SELECT * FROM {reader.name(schema, table)} WHERE 1 = 0").schema.names
    what = guard.visible(reader, schema, table, columns, hidden)
    if not what:
        return
    with reader.parts(what) as parts:
        for number, part in enumerate(parts):
            loan.connection.register("part", part)
            begin, then = ("INSERT INTO", "") if number else ("CREATE TABLE", "AS ")
            loan.connection.execute(f"{begin} {loan.name(schema, table)} {then}SELECT * FROM part")
            loan.connection.unregister("part")
