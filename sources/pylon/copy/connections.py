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
            answer = query(client)
        except DatabaseUndefinedRelation:
            self._idle.append(client)
            raise
        except BaseException:
            with suppress(Exception):
                client.close_connection()
            raise
        self._idle.append(client)
        return answer

    def _opened(self) -> Client:
        client = self._pipeline.sql_client()
        client.open_connection()
        return client
