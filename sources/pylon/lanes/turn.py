"""One turn: what its lanes share. A turn is one dlt extract, and so one load package."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pyarrow as pa

from ..api.admission import Admission
from ..api.answers import Answer
from ..api.client import Client
from ..api.pacing import Pacers
from ..api.paging import Paging
from ..api.sending import Pause
from ..catalog import HANGING, PerParent, Table
from ..copy.contents import Contents
from ..copy.ledger import Ledger
from ..copy.state import SourceState
from ..errors import PylonError, TurnOver
from ..rows.rows import Row, has_key, misfits
from ..rows.volatile import Paths
from ..settings import Settings
from .ahead import Ahead
from .budget import Budget, Limits, TurnBudget
from .emptied import Emptied
from .lacking import Lacking
from .looks import Looks
from .recorder import Recorder
from .report import Report
from .returned import Returned
from .stock import LeftAlone, Stock
from .written import Written

BRIEF_SHARE = 0.05
"""The share of a rate window for which it is not worth to end a turn."""

_TICK = timedelta(microseconds=1)


@dataclass
class Control:
    """What outlives a turn: the pace learnt, the counters, and when the run ends.

    ``strict`` raises what stops a lane, so that dlt discards the extract; otherwise it is noted in the report, the
    other lanes finish, and what was read is loaded.
    """

    pacers: Pacers
    paging: Paging = field(default_factory=Paging)
    report: Report = field(default_factory=Report)
    budget: Budget = field(default_factory=Budget)
    strict: bool = False
    sweep_before: datetime | None = None
    """What was verified before it (UTC) is read again, behind all that is due; ``None``: only what is due is read."""
    confirmed: bool = False
    """Whether rows may be removed however many they are."""
    postponed: dict[str, list[pa.Table]] = field(default_factory=dict)
    """Batches of which the versions are to be recorded by another turn."""
    clocks_differ: bool = False
    """Whether it was told that the server's clock and this machine's differ."""
    caught_up: set[str] = field(default_factory=set)
    """What later turns of this run leave alone: it is read up to the present, or it may not be read at all."""
    failed: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """The parents of each child that gave no proper answer; they are asked for again by the next run."""
    emptied: defaultdict[str, Emptied] = field(default_factory=lambda: defaultdict(Emptied))
    """What has none of each child any more."""
    unlisted: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """The parents of each child that were answered without a list before this run was given any."""
    listed: set[str] = field(default_factory=set)
    """The children of which this run was given a list."""
    began: datetime = field(default_factory=lambda: datetime.now(UTC))
    """When the run began (UTC), by this machine's clock."""
    looks: Looks = field(default_factory=Looks)
    """How far this run has looked for changes."""
    answers: dict[str, Answer] = field(default_factory=dict)
    """Answers of a moment ago, by endpoint name, which the first turn need not ask for again."""
    parents: dict[str, list[Answer]] = field(default_factory=dict)
    """Lists that others hang on, by table, as this run has read them last."""
    at_once: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """The parents of which this run has read all rows of a table by one answer, which is as good as a listing."""
    offset: timedelta | None = None
    """How far the server's clock was ahead of this machine's at the last answer; ``None`` until one has told."""
    rung: list[str] = field(default_factory=list)
    """Issues that are said to have changed, by id: to be read whatever the search shows."""
    heard: set[str] = field(default_factory=set)
    """Those of them that the last turn has read, or that there is no reading."""
    ahead: Ahead | None = None
    """What is read between two turns; ``None``: nothing is."""
    organization: dict[str, str] = field(default_factory=dict)
    """Whose workspace it is, where that is known: ``id`` and ``name``."""

    @property
    def began_at(self) -> datetime:
        """When the run began (UTC), by the earlier of the server's clock and this machine's, as answers are stamped."""
        return self.began + min(self.offset or timedelta(), timedelta())


Reading = Callable[[], Coroutine[Any, Any, Any]]
"""Reads something."""


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
        self.report = control.report
        self.contents = contents
        self.ledger = Ledger(contents)
        self.load_id = load_id
        self.lanes = frozenset(lanes)
        self.left = False
        """Whether something that is due was left for another turn; known once all lanes have ended."""
        self.budget = TurnBudget(control.budget, limits, settings.rate_window_seconds * BRIEF_SHARE)
        admission = Admission()
        self.client = _client(control, settings, self.budget.pause, admission)
        self.patient_client = _client(control, settings, self.budget.pause_patiently, admission)
        self.lacking = Lacking(control.report, (self.client, self.patient_client), settings.base_url)
        self.written = Written(self.lanes)
        self.returned = Returned(contents, self.lanes, self.written)
        self.recorder = Recorder(contents, self.lanes, self.written, control.postponed, _volatile)
        read = (name for name in HANGING if name in self.lanes - control.caught_up)
        left_alone = LeftAlone(
            lambda child: {} if control.confirmed else SourceState.current().hanging(child).refused,
            control.failed,
        )
        self.stock = Stock(settings, self.ledger, control.report, read, left_alone)
        self.counted = False
        """Whether any rows were handed on."""
        self._again = False
        self._begun: set[str] = set()
        self._ended: set[str] = set()
        self._shared: dict[str, asyncio.Task[Any]] = {}
        self._at_end: Callable[[], None] = lambda: None
        self._last_synced = datetime.min.replace(tzinfo=UTC)

    @asynccontextmanager
    async def lane(self, name: str) -> AsyncIterator[None]:
        """Take part in the turn; what stops the lane is noted, and raised only where the control is strict."""
        self._begun.add(name)
        self.budget.all_lanes_begun = self._begun == self.lanes
        try:
            async with self.noting(name):
                yield
        finally:
            await self._end(name)

    @asynccontextmanager
    async def noting(self, name: str) -> AsyncIterator[None]:
        """Note what ends a piece of work before it is done; a failure is raised where the control is strict."""
        try:
            try:
                yield
            except PylonError as error:
                await self.lacking.expect_pylon(error)
                raise
        except TurnOver:
            self.come_again()
        except PylonError as error:
            self.stock.give_up(name)
            self.fail(name, error)

    def fail(self, name: str, error: PylonError, *, stops: bool = True) -> None:
        """Note what could not be read, or raise it where the control is strict."""
        if self.control.strict:
            raise error
        self.report.fail(name, error, stops=stops)

    def come_again(self) -> None:
        """Ask for another turn."""
        self._again = True

    @property
    def at_rest(self) -> bool:
        """Whether no lane is at work: all have ended, or the extract was given up before some began."""
        return self._ended >= self._begun

    def has_rows(self, table: Table[PerParent], parent_id: str) -> bool:
        """Whether the copy holds rows that were read for a parent; of those to be read next it is looked up as well."""
        return self.contents.has_rows(table, parent_id, partial(self.stock.expected, table.name))

    def at_end(self, action: Callable[[], None]) -> None:
        """Set what is done whenever a lane ends; the last call is the one that counts."""
        self._at_end = action

    async def _end(self, name: str) -> None:
        self._ended.add(name)
        self.written.leave(name)
        await self.stock.wake()
        self._at_end()
        if self._ended >= self.lanes:
            self.left = self._again or self.stock.left
            if self.left and (ahead := self.control.ahead):
                ahead.begin(partial(_client, self.control, self.settings), self.stock.first(ahead.parents))
            self.stock.clear()
            for client in (self.client, self.patient_client):
                if client.offset is not None:
                    self.control.offset = client.offset
                await client.close()

    def more_work_may_come(self, child: Table[PerParent]) -> bool:
        """Whether the lane of a child's parents is still at it."""
        return child.read.of in self.lanes - self._ended

    def left_behind(self, parent_table: Table) -> None:
        """Ask for another turn where one is needed to take away what hangs on rows that were just removed."""
        if any(child.read.of == parent_table.name for name, child in HANGING.items() if name in self.lanes):
            self.come_again()

    async def once(self, name: str, read: Reading, *, anew: bool = False) -> Any:
        """Read something that several lanes need once in this turn, unless one of them needs another reading."""
        if anew or name not in self._shared:
            self._shared[name] = asyncio.create_task(read())
        return await self._shared[name]

    def stamp(self, sent_at: datetime) -> datetime:
        """Return when a row was read, by the server's clock, later than any stamp given before.

        Of two readings of one row the later one wins, although the server's clock ticks in seconds.
        """
        self._last_synced = max(sent_at, self._last_synced + _TICK)
        return self._last_synced

    def count(self, table: Table, batch: pa.Table, rows: int) -> pa.Table:
        """Count a batch on its way to dlt, record the versions of its rows, and return it."""
        self.counted = True
        self.budget.add(rows, batch.nbytes)
        self.report.add_rows(table.name, rows)
        self.report.found_extra(table.name, misfits(batch))
        self.recorder.see(table.name, batch)
        self.returned.see(table, batch)
        return batch


def _client(control: Control, settings: Settings, pause: Pause, admission: Admission | None = None) -> Client:
    """Return a client that knows of the server what the run has learnt, and waits in some way; for one event loop."""
    return Client(
        settings,
        control.pacers,
        pause=pause,
        paging=control.paging,
        admission=admission,
        warn=control.report.warn,
    )


def _volatile(table: str) -> Paths:
    return SourceState.current().volatile_in(table)


def keyed(turn: Turn, table: Table, rows: Sequence[Row]) -> list[Row]:
    """Return the rows that have their key; the others can be told from none, and are left out with a warning."""
    found = [row for row in rows if has_key(table, row)]
    if lost := len(rows) - len(found):
        label = table.endpoint.label if table.endpoint else table.name
        turn.report.warn(
            f"{label} gave {lost:,} objects without {' and '.join(table.key)}; they are left out."
        )
    return found
