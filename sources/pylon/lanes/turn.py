"""One turn: what its lanes share. A turn is one dlt extract, and so one load package."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa

from ..api.client import Client
from ..api.pacing import Pacers
from ..catalog import (
    CHILDREN,
    COLLECTED,
    DELETIONS,
    HANGING,
    NESTED,
    VERSIONS,
    WRITTEN,
    PerParent,
    Table,
    Versions,
)
from ..copy.contents import Contents
from ..copy.ledger import Ledger
from ..copy.work import Times, Work, is_due, rank
from ..errors import PylonError, TurnOver
from ..rows.rows import Row, instant, misfits
from ..rows.versions import Subject, record, subjects
from ..settings import Settings
from .budget import POLL_SECONDS, Budget, Limits, TurnBudget
from .report import Report

BRIEF_SHARE = 0.05
"""The share of a rate window for which it is not worth to end a turn."""

_TICK = timedelta(microseconds=1)


@dataclass
class Control:
    """What outlives a turn: the pace learnt, the counters, and when the run ends.

    ``strict`` raises what stops a lane, so that dlt discards the extract; otherwise it is noted in the report, the
    other lanes finish, and what was read is loaded. ``unfinished`` tells after a turn whether something was left.
    """

    pacers: Pacers
    report: Report = field(default_factory=Report)
    budget: Budget = field(default_factory=Budget)
    strict: bool = False
    unfinished: bool = False
    sweep_before: datetime | None = None
    """What was verified before it (UTC) is read again, behind all that is due; ``None``: only what is due is read."""
    confirmed: bool = False
    """Whether rows may be removed however many they are."""
    postponed: dict[str, list[pa.Table]] = field(default_factory=dict)
    """Batches of which the versions are to be recorded by another turn."""
    caught_up: set[str] = field(default_factory=set)
    """What later turns of this run leave alone: it is read up to the present, or it may not be read at all."""


class Turn:
    """The common ground of the lanes of one extract.

    Args:
        settings: The reader's settings.
        control: Pace, counters and the run's budget.
        limits: When it ends.
        contents: What the destination holds already.
        load_id: The load package that this extract fills.
        lanes: The names of all resources that take part.
    """

    def __init__(
        self,
        settings: Settings,
        control: Control,
        limits: Limits,
        contents: Contents,
        load_id: str,
        lanes: Sequence[str],
    ) -> None:
        self.settings = settings
        self.control = control
        control.unfinished = False
        self.report = control.report
        self.contents = contents
        self.ledger = Ledger(contents)
        self.load_id = load_id
        self.lanes = frozenset(lanes)
        self.budget = TurnBudget(control.budget, limits, settings.rate_window_seconds * BRIEF_SHARE)
        self.client = Client(settings, control.pacers, pause=self.budget.pause)
        self.patient_client = Client(settings, control.pacers, pause=self.budget.pause_patiently)
        self.work = {child.name: Work() for child in (*CHILDREN, *NESTED) if child.name in self.lanes}
        self.written: dict[str, asyncio.Queue[pa.Table | None]] = {
            table.name: asyncio.Queue() for table in WRITTEN
        }
        self._recorded: dict[str, dict[Subject, str]] = {table.name: {} for table in VERSIONS}
        self._cutoffs: dict[str, datetime | None] = {}
        self._entered: set[str] = set()
        self._left: set[str] = set()
        self._changed = asyncio.Condition()
        self._shared: dict[str, asyncio.Task[Any]] = {}
        self._at_end: Callable[[], None] = lambda: None
        self._last_synced = datetime.min.replace(tzinfo=UTC)

    # -- lanes -------------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def lane(self, name: str) -> AsyncIterator[None]:
        """Take part in the turn; what stops the lane is noted, and raised only where the control is strict."""
        self._entered.add(name)
        self.budget.all_lanes_begun = self._entered == self.lanes
        try:
            yield
        except TurnOver:
            self.control.unfinished = True
        except PylonError as error:
            self.fail(name, error)
        finally:
            await self._leave(name)

    def fail(self, name: str, error: PylonError, *, stops: bool = True) -> None:
        """Note what could not be read, or raise it where the control is strict."""
        if self.control.strict:
            raise error
        self.report.fail(name, error, stops=stops)

    @property
    def at_rest(self) -> bool:
        """Whether no lane is at work: all have left, or the extract was given up before some began."""
        return self._left >= self._entered

    def at_end(self, action: Callable[[], None]) -> None:
        """Set what is done whenever a lane leaves; the last call is the one that counts."""
        self._at_end = action

    async def _leave(self, name: str) -> None:
        self._left.add(name)
        for table, queue in self.written.items():
            if name in self.writers(table) <= self._left:
                queue.put_nowait(None)
        async with self._changed:
            self._changed.notify_all()
        self._at_end()
        if self._left >= self.lanes:
            self.work.clear()  # what was not reached is asked of the destination again
            await self.client.close()
            await self.patient_client.close()

    def writers(self, table: str) -> set[str]:
        """Return the lanes of this turn that write into a ledger, versions or the deletions."""
        if table == DELETIONS.name:
            return {*self.lanes} & COLLECTED.keys()
        watched = {versions.read.watches for versions in VERSIONS if versions.name == table}
        return {*(watched & self.lanes)} | {name for name in self.work if HANGING[name].read.ledger == table}

    def more_work_may_come(self, child: Table[PerParent]) -> bool:
        """Whether the lane of a child's parents is still at it."""
        return child.read.of in self.lanes and child.read.of not in self._left

    def left_behind(self, parent_table: Table) -> None:
        """Ask for another turn, which takes away what hangs on rows that were just removed."""
        self.control.unfinished = self.control.unfinished or self.has_children(parent_table)

    def has_children(self, parent_table: Table) -> bool:
        """Whether a lane of this turn reads what hangs on a table."""
        return any(HANGING[name].read.of == parent_table.name for name in self.work)

    async def wait_for_work(self) -> None:
        """Wait until an issue came, or a lane left, or a moment has passed."""
        async with self._changed:
            try:
                async with asyncio.timeout(POLL_SECONDS):
                    await self._changed.wait()
            except TimeoutError:
                pass

    async def once(self, name: str, read: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
        """Read something that several lanes need once in this turn."""
        if name not in self._shared:
            self._shared[name] = asyncio.create_task(read())
        return await self._shared[name]

    # -- rows --------------------------------------------------------------------------------------------------

    def stamp(self, sent_at: datetime) -> datetime:
        """Return when a row was read, by the server's clock, later than any stamp given before.

        Of two readings of one row the later one wins, although the server's clock ticks in seconds.
        """
        self._last_synced = max(sent_at, self._last_synced + _TICK)
        return self._last_synced

    def count(self, table: Table, batch: pa.Table, rows: int) -> pa.Table:
        """Count a batch on its way to dlt, and return it."""
        self.budget.add(rows, batch.nbytes)
        self.report.add_rows(table.name, rows)
        self.report.found_extra(table.name, misfits(batch))
        for versions in VERSIONS:
            if versions.read.watches == table.name:
                self._watch(versions, batch)
        return batch

    def _watch(self, versions: Table[Versions], batch: pa.Table) -> None:
        if versions.name in self.lanes:
            self._record(versions, batch)
        elif versions.name in self.control.postponed:
            self.control.postponed[versions.name].append(batch)

    def record_postponed(self, versions: Table[Versions]) -> None:
        """Record what was read in a turn in which the versions took no part."""
        for batch in self.control.postponed.pop(versions.name, []):
            self._record(versions, batch)

    def _record(self, versions: Table[Versions], batch: pa.Table) -> None:
        known = self._recorded[versions.name]
        known |= self.contents.recorded(versions, set(subjects(versions, batch)) - known.keys())
        if (rows := record(versions, batch, known)).num_rows:
            self.written[versions.name].put_nowait(rows)

    # -- work --------------------------------------------------------------------------------------------------

    def take_stock(self, now: datetime) -> None:
        """Queue what the destination says is due, as much of it as the budget allows."""
        most = self.budget.limits.most_due
        for child, work in self.work.items():
            cutoff = self._cutoffs[child] = self.settings.cutoff(HANGING[child], now)
            due = self.ledger.due(child, most, cutoff)
            for parent, synced in due:
                work.push(parent, rank(parent, synced, now))
            self.control.unfinished = self.control.unfinished or len(due) == most
            self._show(child)

    async def offer(self, parent_table: str, rows: Sequence[Row], now: datetime) -> None:
        """Queue what hangs on rows that were just read, as far as it is due."""
        children = [HANGING[name] for name in self.work if HANGING[name].read.of == parent_table]
        for kind in dict.fromkeys(map(_referring, children)):
            self._offer([child for child in children if _referring(child) == kind], rows, now)
        if children:
            async with self._changed:
                self._changed.notify_all()

    def _offer(self, children: Sequence[Table[PerParent]], rows: Sequence[Row], now: datetime) -> None:
        parents = {id_: row for row in rows if (id_ := id_in(children[0], row))}
        synced = self.ledger.synced(children, list(parents))
        times = {id_: _times(children[0], id_, row) for id_, row in parents.items()}
        for child in children:
            work = self.work[child.name]
            for id_, row in parents.items():
                parent, known = times[id_], synced.get(child.name, {}).get(id_)
                if may_have(child, row) and is_due(parent, known, self._cutoffs.get(child.name)):
                    work.push(parent, rank(parent, known, now))
            # a child's lane that has left already leaves it to the next turn
            late = child.name in self._left and (bool(len(work)) or work.again)
            self.control.unfinished = self.control.unfinished or late
            self._show(child.name)

    def _show(self, child: str) -> None:
        lane = self.report.lanes[child]
        lane.due = lane.done + len(self.work[child])


def _referring(child: Table[PerParent]) -> tuple[Any, ...]:
    """Return what decides how a parent's row is read for a child; those that agree in it share what was read."""
    return child.read.refer, child.read.is_mentioned


def id_in(child: Table[PerParent], row: Row) -> str | None:
    """Return the id that a row gives for a child to ask for, ``None`` if it gives none."""
    value: Any = row
    for name in child.read.refer:
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, str) else None


def may_have(child: Table[PerParent], row: Row) -> bool:
    """Whether anything of a child can hang on a row."""
    only = child.read.only
    return only is None or row.get(only[0]) == only[1]


def _times(child: Table[PerParent], id_: str, row: Row) -> Times:
    if child.read.is_mentioned:  # the row only mentions what is asked for
        return Times(id_, None, None, None)
    stamps = [instant(row.get(name)) for name in ("created_at", "updated_at", "latest_message_time")]
    return Times(id_, *stamps)


class TurnKeeper:
    """Makes one turn for each extract, whichever lane asks first.

    Args:
        make: Builds the turn of a load id.
    """

    def __init__(self, make: Callable[[str], Turn]) -> None:
        self._make = make
        self._turn: Turn | None = None

    def turn(self, load_id: str) -> Turn:
        """Return the turn of this extract."""
        if self._turn is None or self._turn.load_id != load_id:
            self._turn = self._make(load_id)
        return self._turn
