"""What the copy holds, read with SQL that all destinations understand alike."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

from dlt.destinations.exceptions import DatabaseUndefinedRelation

from ..catalog import Table

if TYPE_CHECKING:
    import dlt
    from dlt.destinations.sql_client import SqlClientBase

IDS_PER_QUERY = 500
ROWS_AT_ONCE = 10_000

_NAME = re.compile(r"\{(?:(\w+)\.)?(\w+)\}")


class Copied:
    """Reads a copy through the pipeline's own SQL client; a table that is not there has no rows.

    Args:
        pipeline: The pipeline whose destination holds the copy.
    """

    def __init__(self, pipeline: dlt.Pipeline) -> None:
        self._pipeline = pipeline

    def select(self, sql: str, *values: Any, most: int | None = None) -> list[tuple[Any, ...]]:
        """Run a query and return its rows, at most ``most``.

        Args:
            sql: In it, ``{table}`` and ``{alias.column}`` stand for names, quoted as the destination wants them.
            values: What is bound to each ``%s``.
            most: How many rows to return.
        """
        return (
            self._run(sql, values, lambda cursor: cursor.fetchmany(most) if most else cursor.fetchall()) or []
        )

    def select_in(self, sql: str, ids: Sequence[str]) -> list[tuple[Any, ...]]:
        """Run a query that ends in ``IN``, for some ids at a time, and return the rows of all."""
        return [row for some in chunks(ids) for row in self.select(f"{sql} {marks(some)}", *some)]

    def each(self, sql: str, *values: Any) -> Iterator[tuple[Any, ...]]:
        """Run a query as :meth:`select` does, and hand out its rows one by one: all at once may be a million."""
        try:
            with (
                self._pipeline.sql_client() as client,
                client.execute_query(_named(client, sql), *values) as cursor,
            ):
                while rows := cursor.fetchmany(ROWS_AT_ONCE):
                    yield from rows
        except DatabaseUndefinedRelation:
            return

    def holds(self, table: str) -> bool:
        """Whether there is such a table."""
        sql = f"SELECT 1 FROM {{{table}}} AS t WHERE 1 = 0"
        return self._run(sql, (), lambda cursor: cursor.fetchall()) is not None

    def rows(self, table: Table, column: str, values: Sequence[str]) -> Iterator[dict[str, Any]]:
        """Return the rows of a table in which a column has one of some values, each as ``{column: value}``.

        A column that the catalogue has and the table has not yet is left out.
        """
        for some in chunks(values):
            sql = f"SELECT t.* FROM {{{table.name}}} AS t WHERE {{t.{column}}} IN {marks(some)}"
            yield from self._run(sql, some, _dicts) or []

    def between(self, table: Table, column: str, first: datetime, last: datetime) -> Iterator[dict[str, Any]]:
        """Return the rows of a table in which a time lies between two instants, both included."""
        sql = f"SELECT t.* FROM {{{table.name}}} AS t WHERE {{t.{column}}} >= %s AND {{t.{column}}} <= %s"
        yield from self._run(sql, (first, last), _dicts) or []

    def _run(self, sql: str, values: Sequence[Any], fetch: Callable[[Any], Any]) -> Any:
        try:
            with (
                self._pipeline.sql_client() as client,
                client.execute_query(_named(client, sql), *values) as cursor,
            ):
                return fetch(cursor)
        except DatabaseUndefinedRelation:
            return None

    def issue_times(self) -> dict[str, tuple[datetime | None, datetime | None]]:
        """Return when each issue was created and last updated (UTC), by its id."""
        sql = "SELECT {i.id}, {i.created_at}, {i.updated_at} FROM {issues} AS i"
        return {id_: (utc(created), utc(updated)) for id_, created, updated in self.each(sql)}

    def issue_updates(self) -> dict[str, datetime | None]:
        """Return up to when each issue is known (UTC), by its id."""
        sql = "SELECT {i.id}, {i.updated_at} FROM {issues} AS i"
        return {id_: utc(updated) for id_, updated in self.each(sql)}

    def updated(self, issue_ids: Sequence[str]) -> dict[str, datetime | None]:
        """Return up to when each of some issues is known (UTC), by its id; one that the copy lacks is left out."""
        sql = "SELECT {i.id}, {i.updated_at} FROM {issues} AS i WHERE {i.id} IN"
        return {id_: utc(updated) for id_, updated in self.select_in(sql, issue_ids)}


def chunks(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    """Return so many ids at a time as one query takes."""
    for start in range(0, len(ids), IDS_PER_QUERY):
        yield ids[start : start + IDS_PER_QUERY]


def marks(some: Sequence[str]) -> str:
    """Return the marks to which so many ids are bound, in brackets."""
    return f"({', '.join(['%s'] * len(some))})"


def _dicts(cursor: Any) -> list[dict[str, Any]]:
    names = [column[0].lower() for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def utc(value: object) -> datetime | None:
    """Return a destination's timestamp as an aware datetime; some drivers give naive ones, which are UTC."""
    if value is None:
        return None
    stamp = cast("datetime", value)
    return stamp.replace(tzinfo=UTC) if stamp.tzinfo is None else stamp.astimezone(UTC)


def _named(client: SqlClientBase[Any], sql: str) -> str:
    def name(found: re.Match[str]) -> str:
        alias, word = found.groups()
        if alias is None:
            return client.make_qualified_table_name(word)
        return f"{alias}.{client.escape_column_name(word)}"

    return _NAME.sub(name, sql)
