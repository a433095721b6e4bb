"""The lock of a server's session beside a lease: a run that was killed need not be waited for.

A lease says how long a run may live of which nothing is heard. A session says more, since it ends with its process. So
a run takes a lock in a session of its own where the server has such, and with its lease it notes which lock of which
server it has. Whoever gets that lock later knows that the run before is gone, however long its lease may be.

The lock is good for nothing else. Who does not get it goes by the lease: the session of a machine that has vanished
stays for hours, a pooler lends sessions, and of several servers that hold one database each has locks of its own. And
where a run that lives has lost its session, and another one takes the copy, the fence stops it as ever.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol

from pylon_elt.sources.pylon.copy.tested import kind

from ..base import installing
from . import destinations, ducklake
from .lock import advisory_key, called, held_here, is_own

if TYPE_CHECKING:
    import dlt

_SERVER = ("datadir", "hostname", "port", "server_id", "server_uid", "server_uuid", "wsrep_node_address")
"""What tells one server of MariaDB or MySQL from another, as far as it has them."""


class Session(Protocol):
    """A session of a server, in which each statement is a transaction unless one was begun."""

    def ask(self, sql: str) -> list[Any]:
        """Run a statement and return its rows."""

    def close(self) -> None:
        """End the session, and with it its locks."""


@dataclass(frozen=True)
class Words:
    """What a kind of server is asked.

    Args:
        stay: Not to end a session that is idle.
        take: To give the session the lock, if nobody has it; one true value where it has.
        held: Whether the session has it: a row, or none.
        leave: To take it back.
        server: What tells this server, since it began where it says so, from others.
    """

    stay: str
    take: str
    held: str
    leave: str
    server: str


def in_mysql(name: str) -> Words:
    """Return the words for a lock in MariaDB and MySQL, where its name may have 64 characters."""
    lock = f"'pylon run {sha256(name.encode()).hexdigest()[:32]}'"
    return Words(
        "SET SESSION wait_timeout = 28800",
        f"SELECT GET_LOCK({lock}, 0)",
        f"SELECT 1 FROM DUAL WHERE IS_USED_LOCK({lock}) = CONNECTION_ID()",
        f"SELECT RELEASE_LOCK({lock})",
        f"SHOW VARIABLES WHERE Variable_name IN {_SERVER}",
    )


def in_postgres(name: str) -> Words:
    """Return the words for a lock in a database of Postgres."""
    key = advisory_key(name)
    return Words(
        "SET idle_session_timeout = 0",
        f"SELECT pg_try_advisory_lock({key})",
        held_here(key),
        f"SELECT pg_advisory_unlock({key})",
        "SELECT extract(epoch FROM pg_postmaster_start_time())::text",  # in whatever time zone
    )


class SessionLock:
    """A lock that is had if possible, and again once it was lost.

    Args:
        connect: Begins a session.
        words: What it is asked.
    """

    def __init__(self, connect: Callable[[], Session], words: Words) -> None:
        self._connect, self._words = connect, words
        self._session: Session | None = None
        self._mark = ""

    def mark(self) -> str:
        """Return by what others know this lock of this server, if this run has it now; \"\" if it has not."""
        if not self._is_held():
            self.close()
            with suppress(Exception):  # for whatever reason it cannot be had: there is the lease
                self._take()
        return self._mark

    def close(self) -> None:
        """Let go of it."""
        if self._session is not None:
            with suppress(Exception):
                self._session.close()
        self._session, self._mark = None, ""

    def _is_held(self) -> bool:
        with suppress(Exception):
            return self._session is not None and bool(self._session.ask(self._words.held))
        return False

    def _take(self) -> None:
        session, words = self._connect(), self._words
        try:
            with suppress(Exception):  # Postgres knows of it from 14 on
                session.ask(words.stay)
            ((has,),) = session.ask(words.take)
            if has and self._is_its_own(session):
                told = f"{words.take} {sorted(map(str, session.ask(words.server)))}"
                self._session, self._mark = session, sha256(told.encode()).hexdigest()[:16]
        finally:
            if self._session is not session:
                session.close()

    def _is_its_own(self, session: Session) -> bool:
        with closing(self._connect()) as other:
            other.ask("BEGIN")
            return is_own(session.ask, other.ask, self._words.held, self._words.leave)


@contextmanager
def beside_lease(pipeline: dlt.Pipeline, warn: Callable[[str], None]) -> Iterator[Callable[[], str]]:
    """Have the lock of a session at a pipeline's destination, if there is such and it can be had.

    Args:
        pipeline: The pipeline.
        warn: Told what is missing for it.

    Returns:
        Gives the mark of the lock, as :meth:`SessionLock.mark`.
    """
    lock = _lock_of(pipeline, warn)
    if lock is None:
        yield lambda: ""
        return
    with closing(lock):
        yield lock.mark


def _lock_of(pipeline: dlt.Pipeline, warn: Callable[[str], None]) -> SessionLock | None:
    if not destinations.is_ducklake(pipeline):
        if kind(pipeline) != "mysql":
            return None
        return SessionLock(partial(_ByAlchemy, pipeline), in_mysql(pipeline.dataset_name))
    lake = ducklake.lake_of(pipeline)
    if not lake.path.startswith(ducklake.IN_POSTGRES):
        return None
    if not installing.has("postgres"):
        warn(
            "Without psycopg2 the catalog is asked for no lock, so that a run that was killed is waited for, up to"
            f" three minutes. {installing.how('postgres')}"
        )
        return None
    place = lake.path.removeprefix(ducklake.IN_POSTGRES)
    name = f"{lake.options.get('METADATA_SCHEMA', 'main')}.{pipeline.dataset_name}"
    return SessionLock(partial(InPostgres, place), in_postgres(name))


class InPostgres:
    """A session of Postgres.

    Args:
        place: Which database, as Postgres' own library takes it.
    """

    def __init__(self, place: str) -> None:
        self._connection: Any = import_module("psycopg2").connect(
            place, application_name=f"pylon run, {called()}"
        )
        self._connection.autocommit = True

    def ask(self, sql: str) -> list[Any]:
        """Run a statement and return its rows."""
        with self._connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall() if cursor.description else []

    def close(self) -> None:
        """End the session."""
        self._connection.close()


class _ByAlchemy:
    """A session that dlt reaches by SQLAlchemy, taken from its pool, which would keep it and its locks."""

    def __init__(self, pipeline: dlt.Pipeline) -> None:
        self._client: Any = pipeline.sql_client()
        self._connection = self._client.open_connection()
        self._connection.execution_options(isolation_level="AUTOCOMMIT")
        self._connection.detach()

    def ask(self, sql: str) -> list[Any]:
        found = self._connection.exec_driver_sql(sql)
        return list(found.fetchall()) if found.returns_rows else []

    def close(self) -> None:
        self._client.close_connection()
