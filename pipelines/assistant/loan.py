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
from ..base.sql_text import quoted
from . import guard
from .hidden import Hidden

_PLACE = Path("lent")
"""What DuckDB calls the tables that were brought."""


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
        for statement in guard.MEMORY:
            connection.execute(statement)
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(f"ATTACH ':memory:' AS {quoted(_PLACE.name)}")
        loan = DuckDbReader(connection, _PLACE, reader.schemas, reader.note)
        named = guard.named(loan, sql)
        there = reader.tables()
        for schema in reader.schemas[:2]:
            connection.execute(f"CREATE SCHEMA IF NOT EXISTS {quoted(_PLACE.name)}.{quoted(schema)}")
            for table in there[schema]:
                if table.lower() in named and table in known and not hidden.table(table):
                    _bring(reader, loan, schema, table, hidden)
        views = guard.cover(loan, hidden, known)
        for statement in CLOSED:
            connection.execute(statement)
        guard.require_visible(loan, sql, views)
        yield loan


def _bring(reader: Reader, loan: DuckDbReader, schema: str, table: str, hidden: Hidden) -> None:
    place = reader.name(schema, table)
    columns = [
        name
        for name in reader.ask(f"SELECT * FROM {place} WHERE 1 = 0").schema.names
        if not hidden.column(table, name)
    ]
    condition = hidden.rows(table)
    where = f" WHERE NOT ({condition})" if condition else ""
    picked = ", ".join(map(quoted, columns))
    if not columns:
        return
    with reader.parts(f"SELECT {picked} FROM {place}{where}") as parts:
        for number, part in enumerate(parts):
            loan.connection.register("part", part)
            begin = "INSERT INTO" if number else "CREATE TABLE"
            loan.connection.execute(
                f"{begin} {loan.name(schema, table)} {'' if number else 'AS '}SELECT * FROM part"
            )
            loan.connection.unregister("part")
