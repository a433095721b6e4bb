"""Connections to the database that holds a copy, which stay open between queries.

To ask dlt for a client is dear: it resolves the whole configuration anew and opens the database anew, some 30 ms of
CPU time, while most queries take one.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

from dlt.destinations.exceptions import DatabaseTransientException, DatabaseUndefinedRelation

if TYPE_CHECKING:
    import dlt
    from dlt.destinations.sql_client import SqlClientBase

    Client = SqlClientBase[Any]

T = TypeVar("T")

_IN_UTC = {
    "databricks": "SET TIME ZONE 'UTC'",
    "duckdb": "SET TimeZone = 'UTC'",
    "postgres": "SET TIME ZONE 'UTC'",
    "redshift": "SET TIMEZONE TO 'UTC'",
    "snowflake": "ALTER SESSION SET TIMEZONE = 'UTC'",
}
"""How a session is told its time zone, by SQL dialect; what is not here gives times with their offset, or in UTC."""


def use_utc(client: Client) -> None:
    """Let an open session give its times in UTC, whatever zone the database, the role or the machine is set to.

    Drivers make Python's instants of them, and some of the years 1 and 9999 exist in UTC only.
    """
    if statement := _IN_UTC.get(client.capabilities.sqlglot_dialect or ""):
        client.execute_sql(statement)


class Connections:
    """The open SQL clients of one pipeline; as a rule it is one.

    A client serves one query at a time, since with DuckDB the connection is the cursor. Whoever asks while all are
    busy, as another thread may, gets another one. None holds a transaction between two queries.

    Args:
        pipeline: Whose destination is asked.
    """

    def __init__(self, pipeline: dlt.Pipeline) -> None:
        self._pipeline = pipeline
        self._idle: list[Client] = []

    def open(self) -> None:
        """Open a connection, if there is none."""
        if not self._idle:
            self._idle.append(self._opened())

    def close(self) -> None:
        """Close all connections that no query uses; the next query opens one again."""
        while self._idle:
            self._idle.pop().close_connection()

    def ask(self, query: Callable[[Client], T]) -> T:
        """Return what a query gives; it must only read, for it may be made twice.

        A connection that was lost while it was idle, as servers close such, is replaced once.

        Raises:
            DatabaseUndefinedRelation: There is no such table.
            DatabaseException: The query failed otherwise.
        """
        if self._idle:
            with suppress(DatabaseTransientException):
                return self._ask(self._idle.pop(), query)
        return self._ask(self._opened(), query)

    def _ask(self, client: Client, query: Callable[[Client], T]) -> T:
        try:
            answer = _answer(client, query)
        except DatabaseUndefinedRelation:
            # with Postgres, dlt has reset the session, and with it the time zone
            self._idle.append(_in_utc(client))
            raise
        except BaseException:
            _close(client)
            raise
        self._idle.append(client)
        return answer

    def _opened(self) -> Client:
        client = self._pipeline.sql_client()
        client.open_connection()
        return _in_utc(client)


def _answer(client: Client, query: Callable[[Client], T]) -> T:
    """Let a client that limits its memory ask with more where that is too little."""
    with_memory: Callable[[Callable[[Client], T]], T] | None = getattr(client, "with_memory", None)
    return with_memory(query) if with_memory else query(client)


def _in_utc(client: Client) -> Client:
    try:
        use_utc(client)
    except BaseException:
        _close(client)
        raise
    return client


def _close(client: Client) -> None:
    with suppress(Exception):
        client.close_connection()
