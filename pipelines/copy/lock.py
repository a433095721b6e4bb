"""One run at a time for each copy: an advisory lock in Postgres, a lock file elsewhere. Ends with its process."""

from __future__ import annotations

import json
import os
import socket
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import portalocker
from dlt.destinations.exceptions import DatabaseTransientException

from pylon_elt.sources.pylon.copy.connections import use_utc

from ..base import exits
from . import destinations, modes

if TYPE_CHECKING:
    import dlt
    from dlt.destinations.sql_client import SqlClientBase

ADVISORY_KEY = 0x70796C6F6E  # "pylon"
READERS_SECONDS = 60.0

Ask = Callable[[str], Any]
"""Runs a statement in a session of a server, and returns its rows."""


@contextmanager
def run_lock(pipeline: dlt.Pipeline) -> Iterator[Callable[[], None]]:
    """Hold the lock of a pipeline's destination; what is created meanwhile is no wider than the copy.

    Returns:
        Makes sure that it is still held; raises ``Problem`` where it is not.

    Raises:
        Problem: Another run holds it (exit code 75); the message says who. Or it cannot be held at all.
    """
    with modes.narrowed(destinations.database_file(pipeline)):
        if destinations.is_postgres(pipeline):
            with _advisory(pipeline) as require:
                yield require
        else:
            with hold(_lock_file(pipeline)):
                yield lambda: None  # the file is open in this very process


def lock_file(database: Path) -> Path:
    """Return the lock file of a database file: beside the file itself, by whatever links it is reached."""
    real = database.resolve()
    return real.with_name(real.name + ".lock")


def _lock_file(pipeline: dlt.Pipeline) -> Path:
    database = destinations.database_file(pipeline) or destinations.catalog_file(pipeline)
    if database is not None:
        return lock_file(database)
    return Path(pipeline.pipelines_dir) / f"{pipeline.pipeline_name}.lock"


@contextmanager
def hold(path: Path) -> Iterator[None]:
    """Hold a lock file.

    Raises:
        Problem: Another run holds it (exit code 75), or it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = path.open("a+", encoding="utf-8")
    except OSError as error:
        raise exits.Problem(
            f"The lock file {path} cannot be written: {error.strerror}.",
            "Run where the database's folder can be written.",
            exits.CONFIGURATION,
        ) from error
    with handle:
        _take(handle, portalocker.LockFlags.EXCLUSIVE)
        handle.seek(0)
        handle.truncate()
        handle.write(_me())
        handle.flush()
        yield
        handle.truncate(0)


def is_locked(error: Exception) -> bool:
    """Whether a copy could not be opened since somebody writes to it."""
    if isinstance(error, exits.Problem):
        return error.code == exits.LOCKED
    return "Could not set lock on file" in str(error)


@contextmanager
def read_lock(pipeline: dlt.Pipeline) -> Iterator[None]:
    """Keep runs from a DuckDB file while it is being read, which takes a moment: DuckDB would fail them.

    Raises:
        Problem: A run is at work (exit code 75); the message says who.
    """
    if destinations.database_file(pipeline) is None:
        yield  # servers allow readers
        return
    with reading(_lock_file(pipeline)):
        yield


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Keep runs from what a lock file guards while it is being read.

    Raises:
        Problem: A run is at work (exit code 75); the message says who.
    """
    if not path.exists():
        yield  # a file without a lock file was never written by a run
        return
    with path.open(encoding="utf-8") as handle:
        _take(handle, portalocker.LockFlags.SHARED)
        yield


def _take(handle: TextIO, kind: portalocker.LockFlags) -> None:
    """Take the lock. A run is not waited for; whoever only reads is, since that takes a moment.

    Raises:
        Problem: A run holds it.
    """
    until = time.monotonic() + READERS_SECONDS
    while not _taken(handle, kind):
        if not _taken(handle, portalocker.LockFlags.SHARED):  # others who read would let us
            raise locked(_holder(_text(handle)))
        portalocker.unlock(handle)
        if time.monotonic() > until:
            raise locked("somebody who reads the copy")
        time.sleep(0.05)


def _taken(handle: TextIO, kind: portalocker.LockFlags) -> bool:
    try:
        portalocker.lock(handle, kind | portalocker.LockFlags.NON_BLOCKING)
    except portalocker.AlreadyLocked:
        return False
    return True


def _text(handle: TextIO) -> str:
    """Return what is in a lock file, which Windows lets nobody read but who has the lock."""
    try:
        handle.seek(0)
        return handle.read()
    except OSError:
        return ""


@contextmanager
def _advisory(pipeline: dlt.Pipeline) -> Iterator[Callable[[], None]]:
    key = advisory_key(pipeline.dataset_name)
    with pipeline.sql_client() as client:
        pid = _lock(client, key)
        _require_session(pipeline, client, pid, key)

        def require() -> None:
            nonlocal pid
            try:
                _require_held(client, pid, key)
            except DatabaseTransientException:
                # closed while it was idle: nobody has the lock, or somebody else
                with suppress(Exception):
                    client.close_connection()
                client.open_connection()
                pid = _lock(client, key)

        yield require


def _lock(client: SqlClientBase[Any], key: int) -> int:
    """Take the lock, and return which of the server's processes has it."""
    use_utc(client)
    client.execute_sql(f"SET application_name = 'pylon run, process {os.getpid()} on {socket.gethostname()}'")
    _advise(client, "pg_try_advisory_lock", key)
    ((pid,),) = client.execute_sql("SELECT pg_backend_pid()") or [(0,)]
    return int(pid)


def _require_session(pipeline: dlt.Pipeline, client: SqlClientBase[Any], pid: int, key: int) -> None:
    """Make sure that the lock's connection is one of the server's own.

    Raises:
        Problem: It is not.
    """
    held, leave = f"{held_here(key)} AND l.pid = {pid}", f"SELECT pg_advisory_unlock({key})"
    with pipeline.sql_client() as other, other.begin_transaction():
        if not is_own(client.execute_sql, other.execute_sql, held, leave):
            raise _lent()


def is_own(ask: Ask, other: Ask, held: str, leave: str) -> bool:
    """Whether a session that has taken a lock is the server's own, not one that a pooler lends for a transaction.

    A pooler gives out the one that was used last: while another client has that one, it has to give ours another.

    Args:
        ask: Runs a statement in the session.
        other: Runs one in another, in which a transaction was begun.
        held: Asks whether the session in which it runs has the lock.
        leave: Takes the lock back; done where the session is not its own.
    """
    other("SELECT 1")
    if ask(held):
        return True
    for one in (other, ask):  # the pooler would keep it for whoever comes next
        one(leave)
    return False


def _require_held(client: SqlClientBase[Any], pid: int, key: int) -> None:
    """Make sure that the server still knows us as who took the lock.

    Raises:
        Problem: It does not.
    """
    if not client.execute_sql(f"{held_here(key)} AND l.pid = {pid}"):
        raise _lent()


def _lent() -> exits.Problem:
    return exits.Problem(
        "The lock that keeps a second run from the copy cannot be held: Postgres is reached through a pooler that"
        " gives each transaction another connection.",
        "Connect to the server itself, or to the pooler in session mode, which mostly has another port.",
        exits.CONFIGURATION,
    )


def held_here(key: int) -> str:
    """Return the query whether the session in which it runs has an advisory lock."""
    return (
        "SELECT 1 FROM pg_locks AS l WHERE l.locktype = 'advisory' AND l.granted AND l.pid = pg_backend_pid()"
        f" AND (l.classid::bigint << 32 | l.objid::bigint) = {key}"
    )


@contextmanager
def still_lock(pipeline: dlt.Pipeline) -> Iterator[None]:
    """Keep runs from a copy while it is being read, also where the database lets readers in beside them.

    Raises:
        Problem: A run is at work (exit code 75); the message says who.
    """
    if not destinations.is_postgres(pipeline):
        with read_lock(pipeline):
            yield
        return
    with pipeline.sql_client() as client:
        use_utc(client)
        _advise(client, "pg_try_advisory_lock_shared", advisory_key(pipeline.dataset_name))
        yield


def _advise(client: SqlClientBase[Any], function: str, key: int) -> None:
    """Take an advisory lock, which ends with the connection.

    Raises:
        Problem: Somebody holds it.
    """
    if (client.execute_sql(f"SELECT {function}({key})") or [(False,)])[0][0]:
        return
    rows = client.execute_sql(
        "SELECT a.application_name FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid"
        " WHERE l.locktype = 'advisory' AND l.granted"
        f" AND (l.classid::bigint << 32 | l.objid::bigint) = {key}"
    )
    raise locked(rows[0][0] if rows else "another session")


def advisory_key(dataset: str) -> int:
    """Return the number of a dataset's lock: two copies in one database do not keep each other waiting."""
    return ADVISORY_KEY << 16 ^ zlib.crc32(dataset.encode())


def _me() -> str:
    now = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC"
    return json.dumps({"process": os.getpid(), "host": socket.gethostname(), "since": now})


def called() -> str:
    """Return what this run is called on the screen of another one."""
    return _holder(_me())


def _holder(text: str) -> str:
    try:
        known = json.loads(text)
        return f"process {known['process']} on {known['host']} since {known['since']}"
    except (ValueError, KeyError, TypeError):
        return "another process"


def locked(holder: str) -> exits.Problem:
    """Return what is told where another run has the copy, or somebody who reads it."""
    return exits.Problem(
        f"Another run is at work: {holder}.", "Let it finish; nothing was done here.", exits.LOCKED
    )
