"""Indexes on a copy in Postgres, where they are asked for: ``[postgres] indexes = true``.

dlt makes none on keys. What joins or looks up rows by an id finds them faster with one, and what looks for words in
texts, with one of their trigrams; a load takes longer for it. They go with their tables, as in a full refresh, and are
made again at the end of that run.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

import dlt
from dlt.destinations.exceptions import DatabaseException

from ..base.sql_text import quoted
from . import destinations

if TYPE_CHECKING:
    from pylon_elt.sources.pylon.copy.copied import Copied

SETTING = "postgres.indexes"
COLUMNS = ("id", "issue_id", "task_id", "chat_id", "ticket_id")
"""What identifies a row of either desk, or the row that it hangs on."""
TEXTS = {"issues": ("title", "body_html"), "issue_messages": ("message_html",)}
"""Where ``pylon mcp`` looks for words. Their index takes the extension ``pg_trgm`` in the database."""
_TRIGRAMS = (
    "SELECT n.nspname FROM pg_catalog.pg_extension AS e JOIN pg_catalog.pg_namespace AS n ON n.oid = e.extnamespace"
    " WHERE e.extname = 'pg_trgm'"
)


def keep(pipeline: dlt.Pipeline, copied: Copied, tables: Collection[str]) -> str:
    """Make the indexes that are missing; return what is to be told where that is not possible, else nothing.

    Args:
        pipeline: The pipeline; elsewhere than in Postgres, nothing is done.
        copied: Its destination.
        tables: The tables that a copy may have; others in its dataset are somebody else's.
    """
    if not destinations.is_postgres(pipeline) or not dlt.config.get(SETTING, bool):
        return ""
    try:
        there = _there(copied)
        for name, statement in _wanted(copied, tables):
            if name not in there:
                copied.execute(statement)
    except DatabaseException as error:
        return f"The indexes could not be made: {str(error).splitlines()[0]}"
    return ""


def _wanted(copied: Copied, tables: Collection[str]) -> Iterator[tuple[str, str]]:
    """Yield the name of each index, and the statement that makes it."""
    places = [str(schema) for (schema,) in copied.select(_TRIGRAMS)]
    for table, columns in sorted((copied.columns() or {}).items()):
        for column in COLUMNS if table in tables else ():
            if column in columns:
                # hashed: an id of any length fits, which a tree refuses beyond 2,704 bytes, and the load with it
                yield _index(table, column, "index", f"hash ({quoted(column)})")
        for column in TEXTS.get(table, ()) if table in tables else ():
            if column in columns and places:
                yield _index(
                    table, column, "trigrams", f"gin ({quoted(column)} {quoted(places[0])}.gin_trgm_ops)"
                )


def _index(table: str, column: str, kind: str, how: str) -> tuple[str, str]:
    name = f"{table}_{column}_{kind}"
    return name, f"CREATE INDEX IF NOT EXISTS {quoted(name)} ON {{{table}}} USING {how}"


def _there(copied: Copied) -> set[str]:
    sql = "SELECT indexname FROM pg_catalog.pg_indexes WHERE schemaname = %s"
    return {str(name) for (name,) in copied.select(sql, copied.datasets()[0])}
