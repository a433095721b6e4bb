"""Which run may load into a copy: a row in the copy itself, at which each transaction of a load looks.

A lock keeps two runs apart while it is held, and says nothing of what a run does that has lost it without noticing: the
server has closed its session, the machine has slept. So each run writes a name of its own into that row, and another
one for each load. Who finds a strange name there has been overtaken, and nothing of its transaction is kept.

Where the database has no lock for all of this, the row is a lease as well (:mod:`.lease`), and says whether its run had
the lock of a session, by which a killed one need not be waited for (:mod:`.session_lock`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from operator import attrgetter
from threading import Lock
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import uuid4

from dlt.common.exceptions import TerminalException
from dlt.common.schema.utils import new_table
from dlt.destinations.exceptions import DatabaseException, DatabaseTerminalException

from pylon_elt.sources.pylon.copy.copied import Copied

from ..base import exits
from ..base.refusals import said
from . import destinations, lease
from .lock import called, locked
from .session_lock import beside_lease

if TYPE_CHECKING:
    import dlt
    from dlt.common.schema.typing import TColumnSchema

TABLE = "_pylon_fence"
COLUMNS: list[TColumnSchema] = [
    {"name": "holder", "data_type": "text", "nullable": False},
    {"name": "called", "data_type": "text", "nullable": True},
    {"name": "lives_until", "data_type": "double", "nullable": True},
]
"""As dlt wants them. ``holder`` is which load of which run has the copy, ``called`` what people call that run and which
lock of a session it had, and ``lives_until`` when its lease ends: seconds since 1970, 0 where there is none."""
_BY = "; by lock "
"""What comes between the two. They stand in one column so that a run of an earlier version, which knows of no such
lock, takes away what the run before it had noted."""
PATIENCE = 10.0
"""Seconds to wait for a transaction of a run that has lost its lock."""
PAUSE = 0.1


class Overtaken(exits.Problem, TerminalException):  # terminal: dlt is not to try again
    """Another run has the copy now."""

    def __init__(self) -> None:
        super().__init__(
            "Another run has loaded into this copy while this one was at work, or has begun to: its lock was lost, or a"
            " backup was put in the copy's place. What this one had read is older, and was not loaded.",
            "Nothing is lost. Run again: what is due is read by what the copy holds now.",
            exits.LOCKED,
        )


class Row(NamedTuple):
    """Who has a copy."""

    holder: str
    called: str
    """What people call that run."""
    lives_until: float
    mark: str
    """The mark of the lock of a session that it had when it last said that it lives; "" for none."""


class Holder:
    """The run that has a copy.

    Args:
        pipeline: Whose destination holds the copy.
        locks: Whether the database has a lock, and keeps a row for who has looked at it until that one commits.
        leased: Whether nothing but a lease keeps others out.
        mark: Gives the mark of the lock of a session that the run has at present; "" for none.
    """

    def __init__(
        self, pipeline: dlt.Pipeline, *, locks: bool, leased: bool, mark: Callable[[], str] = lambda: ""
    ) -> None:
        self._pipeline = pipeline
        self.locks, self.leased, self._mark = locks, leased, mark
        self.run = uuid4().hex
        self.before = ""
        """The run that had the copy before; "" for none."""
        self.name = f"{self.run}/0"
        self.lives_until = 0.0
        self._writing = Lock()

    def take(self, copied: Copied, own: str) -> None:
        """Take the copy from the run before.

        Args:
            copied: The copy.
            own: The run that had it last from this very working folder, and is over.

        Raises:
            Problem: Another run has it (exit code 75).
        """
        mark = self._mark()  # before one looks who had it
        row, *_ = rows(copied)
        self.before = row.holder.partition("/")[0]
        if self.leased and self.before != own and not (mark and mark == row.mark):
            lease.require_over(lambda: attrgetter("called", "lives_until")(rows(copied)[0]))
        until = time.monotonic() + PATIENCE
        while not self._replaced(copied, row.holder, self.name):
            if time.monotonic() > until or {other.holder for other in rows(copied)} != {row.holder}:
                raise locked(row.called or "another one")
            time.sleep(PAUSE)

    def require(self, copied: Copied) -> None:
        """Take another name for the load that follows.

        Raises:
            Overtaken: Another run has the copy.
        """
        name = f"{self.run}/{int(self.name.partition('/')[2]) + 1}"
        if not self._replaced(copied, self.name, name):
            raise Overtaken
        self.name = name

    def has(self, copied: Copied) -> bool:
        """Whether this run has the copy."""
        return {row.holder for row in rows(copied)} == {self.name}

    def require_lease(self) -> None:
        """Look again before a commit, where the lease may be over by now: the machine may have slept.

        Raises:
            Overtaken: Another run has the copy.
        """
        if not self.leased or time.time() < self.lives_until - lease.RENEWAL:
            return
        with Copied(self._pipeline) as copied:
            if not self.has(copied):
                raise Overtaken

    def live_on(self, copied: Copied) -> None:
        """Put off the end of the lease."""
        name = self.name
        self._replaced(copied, name, name)

    def release(self, copied: Copied) -> None:
        """Let the next run begin at once. The name stays, since what waits in a working folder knows it."""
        copied.execute(f"UPDATE {{{TABLE}}} SET {{.lives_until}} = 0 WHERE {{.holder}} = %s", self.name)

    def _replaced(self, copied: Copied, former: str, name: str) -> bool:
        """Write a name in the place of another; say whether that is the only one that stands there now."""
        lives_until = time.time() + lease.SECONDS if self.leased else 0.0
        # a transaction of who was overtaken may have the row still, for as long as it likes
        free = f" AND {{.holder}} IN (SELECT {{h.holder}} FROM {{{TABLE}}} AS h FOR UPDATE SKIP LOCKED)"
        # DuckLake refuses one of two changes to a row at a time, though both are this run's
        with self._writing:
            copied.execute(
                f"UPDATE {{{TABLE}}} SET {{.holder}} = %s, {{.called}} = %s, {{.lives_until}} = %s"
                f" WHERE {{.holder}} = %s{free if self.locks else ''}",
                *(name, self._called(), lives_until, former),
            )
        if {row.holder for row in rows(copied)} != {name}:
            return False
        self.lives_until = lives_until
        return True

    def _called(self) -> str:
        mark = self._mark()
        return f"{called()}{_BY}{mark}" if mark else called()


def rows(copied: Copied) -> list[Row]:
    """Return who has a copy; two where two began at one instant."""
    sql = f"SELECT {{h.holder}}, {{h.called}}, {{h.lives_until}} FROM {{{TABLE}}} AS h ORDER BY {{h.holder}} DESC"
    found = []
    for name, text, until in copied.select(sql):
        known, _, mark = (text or "").partition(_BY)
        found.append(Row(name, known, until or 0.0, mark))
    return found


def require_free(pipeline: dlt.Pipeline, copied: Copied) -> None:
    """Make sure that no transaction of a run is open that has lost its lock: it may have locked any table.

    Raises:
        Problem: One is, and stays so for a while (exit code 75).
    """
    if not destinations.is_postgres(pipeline):
        return
    sql = f"SELECT {{h.holder}} FROM {{{TABLE}}} AS h FOR UPDATE SKIP LOCKED"
    until = time.monotonic() + PATIENCE
    while (found := rows(copied)) and not copied.select(sql):
        if time.monotonic() > until:
            raise locked(found[0].called)
        time.sleep(PAUSE)


@contextmanager
def held(
    pipeline: dlt.Pipeline, copied: Copied, own: str, warn: Callable[[str], None]
) -> Iterator[Holder | None]:
    """Have a copy; ``None`` where its database lets in one program at a time, and so is fence enough.

    Args:
        pipeline: The pipeline; the caller has the lock, if the database has such.
        copied: What its destination holds.
        own: The run that had it last from this very working folder, and is over.
        warn: Told that a destination cannot have the row.

    Raises:
        Problem: Another run has it (exit code 75).
    """
    if destinations.is_duckdb(pipeline) and not copied.database().startswith("md:"):
        yield None
        return
    locks = destinations.is_postgres(pipeline)
    # a row that is written beside a load fails it where the catalog is in SQLite, whose lock is a file anyway
    leased = not locks and destinations.catalog_file(pipeline) is None
    with beside_lease(pipeline, warn) if leased else nullcontext(lambda: "") as mark:
        holder = Holder(pipeline, locks=locks, leased=leased, mark=mark)
        with _held(pipeline, holder, copied, own, warn) as has:
            yield has


@contextmanager
def _held(
    pipeline: dlt.Pipeline, holder: Holder, copied: Copied, own: str, warn: Callable[[str], None]
) -> Iterator[Holder | None]:
    try:
        _make(pipeline, copied)
        holder.take(copied, own)
    except (DatabaseTerminalException, NotImplementedError) as error:
        if holder.locks:
            raise
        warn(f"That two machines load at once would not be noticed at this destination: {said(error)}")
        yield None
        return
    if not holder.leased:
        yield holder
        return
    # a connection of its own, older than the fence: a statement alone, at which a sleeping machine lets nobody wait
    with Copied(pipeline) as aside:
        aside.open()
        try:
            with lease.kept(lambda: holder.live_on(aside)):
                yield holder
        finally:
            with suppress(Exception):  # it ends by itself
                holder.release(aside)


def _make(pipeline: dlt.Pipeline, copied: Copied) -> None:
    """Make the table where it is not there, and its row where there is not just one."""
    if not copied.holds(TABLE):
        try:
            _make_table(pipeline)
        except DatabaseException:
            if not copied.holds(TABLE):  # or else another run has just made it
                raise
        copied.close()  # a connection to SQLite sees no file that was made after it
    if len(rows(copied)) != 1:
        copied.execute(f"DELETE FROM {{{TABLE}}} WHERE 1 = 1")
        copied.execute(f"INSERT INTO {{{TABLE}}} VALUES ('', '', 0)")


def _make_table(pipeline: dlt.Pipeline) -> None:
    client: Any = pipeline.destination_client()
    client.schema = client.schema.clone()
    client.schema.update_table(new_table(TABLE, columns=COLUMNS))
    with client:
        client.initialize_storage()
        # dlt's own two ways, whatever the destination calls a text
        if hasattr(client, "_to_table_object"):
            client.sql_client.create_table(client._to_table_object(client.prepare_load_table(TABLE)))  # noqa: SLF001
        else:
            client.sql_client.execute_many(client._get_table_update_sql(TABLE, COLUMNS, False))  # noqa: SLF001
