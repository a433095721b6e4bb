"""Reads a copy in Postgres, which itself refuses whatever is not one statement that reads.

Nothing here depends on how a text is understood by us. The server opens a cursor for it, which it does for one
statement that returns rows and for nothing else; no COMMIT can come out of a cursor; the transaction around it may
only read; and it is rolled back. Source: Postgres' documentation of OPEN ... FOR EXECUTE, DECLARE and SET TRANSACTION,
and what servers of versions 15 and 18 do.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any, Self

from .reader import Most, Result
from .reader_server import ServerReader, answer, parts
from .roles import powers

if TYPE_CHECKING:
    import dlt
    import pyarrow as pa

LONGEST = "10min"
"""How long a statement may take where neither the role nor the database says so."""

_ANSWER = "pylon_answer"
# base64 has no character with a meaning in SQL: no setting of the server can end the text before its end
_OPEN = f"""DO $open$ DECLARE answer refcursor := '{_ANSWER}'; BEGIN
OPEN answer NO SCROLL FOR EXECUTE pg_catalog.convert_from(pg_catalog.decode('%s', 'base64'), 'UTF8'); END $open$"""
_BEFORE = "pylon_before"


class PostgresReader(ServerReader):
    """A :class:`reader.Reader` of a database in Postgres."""

    def __init__(self, pipeline: dlt.Pipeline, client: Any, schemas: tuple[str, ...]) -> None:
        super().__init__(pipeline, client, schemas)
        self.connection: Any = client.native_connection

    @classmethod
    @contextmanager
    def opened(
        cls, pipeline: dlt.Pipeline, schemas: tuple[str, ...], *, still: bool = False
    ) -> Iterator[Self]:
        """Connect, begin a transaction that may only read, and close the connection in the end.

        Args:
            pipeline: The copy's.
            schemas: Where names are looked up.
            still: Let all statements see the database as the first one does, whatever is written meanwhile.
        """
        with pipeline.sql_client() as client:
            reader = cls(pipeline, client, schemas)
            level = "REPEATABLE READ" if still else None
            reader.connection.set_session(isolation_level=level, readonly=True, autocommit=False)
            try:
                reader.begin()
                yield reader
            finally:
                reader.end()

    def begin(self) -> None:
        """Say where names are looked up, that times are in UTC, and that JSON is wanted as it is written."""
        extras: Any = import_module("psycopg2.extras")

        extras.register_default_json(self.connection, loads=str)
        extras.register_default_jsonb(self.connection, loads=str)
        path = ", ".join(self.client.escape_column_name(schema) for schema in self.schemas)
        # a cursor is planned for its first rows, unless it is told that all of them are wanted
        self._do(
            f"SET LOCAL search_path TO {path}; SET LOCAL TIME ZONE 'UTC'; SET LOCAL cursor_tuple_fraction = 1;"
            f" SELECT set_config('statement_timeout', '{LONGEST}', true)"
            f" WHERE current_setting('statement_timeout') = '0'; SAVEPOINT {_BEFORE}"
        )

    def end(self) -> None:
        """Take everything back, also what outlives a transaction: behind a pooler the session does, too."""
        with suppress(Exception):  # the connection may be gone
            self._do(f"ROLLBACK TO SAVEPOINT {_BEFORE}; SELECT pg_advisory_unlock_all()")
        with suppress(Exception):
            self.connection.rollback()

    def ask(self, sql: str, values: Mapping[str, Any] | None = None, most: Most | None = None) -> Result:
        """Return what one statement gives.

        Raises:
            psycopg2.Error: It is wrong, more than one, or does more than read.
        """
        try:
            self._do(_OPEN % b64encode(self._bound(sql, values)).decode())
            with closing(self.connection.cursor(_ANSWER)) as cursor:  # by its name, the server's own
                return answer(cursor, most)
        finally:
            with suppress(Exception):  # what was raised says more than that the connection is gone
                self._do(f"ROLLBACK TO SAVEPOINT {_BEFORE}")

    @contextmanager
    def parts(self, sql: str) -> Iterator[Iterator[pa.Table]]:
        """Give the rows of one SELECT some thousand at a time: the server keeps the rest."""
        self._do(_OPEN % b64encode(sql.encode()).decode())
        with closing(self.connection.cursor(_ANSWER)) as cursor:
            yield parts(cursor)
        self._do(f"ROLLBACK TO SAVEPOINT {_BEFORE}")

    def stop(self) -> None:
        """Have the server break off what is being asked."""
        self.connection.cancel()

    def powers(self) -> str:
        """Return what the role may do beyond reading and writing tables; "" for nothing."""
        return powers(self.connection)

    def _bound(self, sql: str, values: Mapping[str, Any] | None) -> bytes:
        if not values:
            return sql.encode()
        with self.connection.cursor() as cursor:
            text: bytes = cursor.mogrify(with_places(sql), dict(values))
        return text

    def _do(self, statement: str) -> None:
        with self.connection.cursor() as cursor:
            cursor.execute(statement)


def with_places(sql: str) -> str:
    """Write ``$name`` as psycopg2 does, which quotes the value."""
    return re.sub(r"\$([a-z_]+)", r"%(\1)s", sql.replace("%", "%%"))
