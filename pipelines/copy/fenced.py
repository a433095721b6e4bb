"""Every transaction in which a run writes begins with a look whether it still has the copy.

dlt makes a client for each job of a load, and for whoever asks the copy, all by one method of the destination. The
clients that it gives from then on look, with one statement in each transaction; what would be written outside of a
transaction gets one of its own. So nothing that a run writes goes past the look.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any

from dlt.destinations.exceptions import DatabaseUndefinedRelation

from .holder import TABLE, Holder, Overtaken

if TYPE_CHECKING:
    import dlt
    from dlt.destinations.sql_client import SqlClientBase

    Query = Callable[..., AbstractContextManager[Any]]

_READS = re.compile(r"\s*(SELECT|SHOW|SET|PRAGMA|ATTACH|DETACH)\b", re.IGNORECASE)
_DEFINES = re.compile(r"\s*(ALTER|CREATE|DROP)\b", re.IGNORECASE)


@contextmanager
def fenced(pipeline: dlt.Pipeline, holder: Holder | None) -> Iterator[None]:
    """Let what is written through the pipeline's destination be written by the holder of the copy only.

    It is refused with ``Overtaken``. Connections that are open already are not fenced.
    """
    destination: Any = pipeline.destination
    if holder is None:
        yield
        return
    make = destination.client

    def client(*given: Any, **named: Any) -> Any:
        made = make(*given, **named)
        _Fence(made.sql_client, holder).put_around(made)
        return made

    destination.client = client
    try:
        yield
    finally:
        destination.client = make


class _Fence:
    """What keeps one SQL client, which serves one thread, from writing for a run that has lost the copy."""

    def __init__(self, client: SqlClientBase[Any], holder: Holder) -> None:
        self._holder = holder
        self._capabilities = client.capabilities
        self._begin, self._query = client.begin_transaction, client.execute_query
        self._is_let_through = False
        # now, since the client may be made to write elsewhere later
        place, column = client.make_qualified_table_name(TABLE), client.escape_column_name("holder")
        self._look_sql = f"SELECT 1 FROM {place} WHERE {column} = %s{' FOR SHARE' if holder.locks else ''}"
        client.begin_transaction = self.begin_transaction  # type: ignore[method-assign]
        client.execute_query = self.execute_query  # type: ignore[method-assign]

    @contextmanager
    def begin_transaction(self) -> Iterator[Any]:
        with self._begin() as transaction:
            if self._is_let_through:
                yield transaction
                return
            with self._let_through():
                self._look()
                yield transaction
                self._holder.require_lease()

    @contextmanager
    def execute_query(self, query: Any, *given: Any, **named: Any) -> Iterator[Any]:
        with self._around(query), self._query(query, *given, **named) as cursor:
            yield cursor

    def _around(self, query: Any) -> AbstractContextManager[None]:
        # what is in a transaction may be a text of many megabytes
        if self._is_let_through or _READS.match(str(query)):
            return self._let_through()
        return self._in_one(str(query))

    @contextmanager
    def _in_one(self, query: str) -> Iterator[None]:
        """Look before a statement that is in no transaction, if possible in one with it."""
        defines = self._capabilities.supports_ddl_transactions
        if defines if _DEFINES.match(query) else defines or self._capabilities.supports_transactions:
            with self.begin_transaction():
                yield
        else:
            with self._let_through():
                self._look()
                yield

    @contextmanager
    def _let_through(self) -> Iterator[None]:
        """Do not look again meanwhile; some clients begin a transaction for each query."""
        before, self._is_let_through = self._is_let_through, True
        try:
            yield
        finally:
            self._is_let_through = before

    def _look(self) -> None:
        try:
            with self._query(self._look_sql, self._holder.name) as cursor:
                found = cursor.fetchone()
        except DatabaseUndefinedRelation as error:
            raise Overtaken from error
        if not found:
            raise Overtaken

    def put_around(self, client: Any) -> None:
        """Look in the transactions as well in which a client's jobs load over connections of another kind."""
        create = client.create_load_job

        def create_load_job(*given: Any, **named: Any) -> Any:
            job = create(*given, **named)
            if hasattr(job, "_connect"):  # ADBC
                job._connect = self._looked(job._connect)  # noqa: SLF001 - dlt has no other place
            return job

        client.create_load_job = create_load_job

    def _looked(self, connect: Callable[[], Any]) -> Callable[[], Any]:
        def connected() -> Any:
            connection = connect()
            with connection.cursor() as cursor:
                cursor.execute(self._look_sql.replace("%s", f"'{self._holder.name}'"))
                if not cursor.fetchone():
                    connection.close()
                    raise Overtaken
            return connection

        return connected
