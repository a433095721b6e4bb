"""The run loop: turns until nothing is due, each of them one dlt extract, normalize and load."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import dlt

from pylon_elt.sources.pylon.catalog import (
    CHILDREN,
    COLLECTED,
    FOLLOWING,
    HANGING,
    TABLES,
)
from pylon_elt.sources.pylon.copy.copied import Copied
from pylon_elt.sources.pylon.copy.intervals import comparison_due_at
from pylon_elt.sources.pylon.copy.state import SourceState
from pylon_elt.sources.pylon.copy.verified import Verified
from pylon_elt.sources.pylon.errors import PylonError, TurnOver
from pylon_elt.sources.pylon.lanes.budget import Limits
from pylon_elt.sources.pylon.lanes.resources import take_turn
from pylon_elt.sources.pylon.lanes.sweep import cutoff
from pylon_elt.sources.pylon.lanes.turn import Control
from pylon_elt.sources.pylon.lanes.turns import pacers

from ..base import exits
from ..base.memory import give_back, rare_collections, share_one_heap
from ..copy import destinations, snapshot
from ..copy.lock import run_lock
from .reconcile import Outcome, reconcile

if TYPE_CHECKING:
    from pylon_elt.sources.pylon.settings import Settings

FIRST_TURN_SECONDS = 5.0
"""The first turn ends early, so that there is something to look at."""
TURN_SECONDS = 30.0
LONGEST_TURN_SECONDS = 90.0
TURN_ROWS = 60_000
TURN_BYTES = 32_000_000
TURN_DUE = 8_000
"""These bound what a turn and its load hold in memory; no allowance known lets a turn read more conversations."""
LOOK_SETTING, LOOK_SECONDS = "extract.futures_poll_interval", 0.25
"""How often dlt looks up from waiting for the lanes; with its own 0.01 that is a third of a paced run's CPU time."""
LANES_SETTING = "extract.max_parallel_items"
"""How many lanes dlt waits for at once; with its own 20, the lanes that only wait would keep others from beginning."""


@dataclass
class Job:
    """One run of the connector.

    Args:
        pipeline: Where to load; see :func:`destinations.open_pipeline`.
        settings: How to read.
        tables: The tables to fill; by default the usual ones, and those that the settings include.
        max_minutes: When to end although something is due; ``None`` for never.
        full_refresh: Drop the tables and read everything anew.
        on_turn: Called after each turn with its number.
    """

    pipeline: dlt.Pipeline
    settings: Settings
    tables: Sequence[str] = ()
    max_minutes: float | None = None
    full_refresh: bool = False
    on_turn: Callable[[int], None] = lambda _turn: None
    control: Control = field(init=False)
    copied: Copied = field(init=False)
    """What the copy holds; connected to once for the whole run."""
    turns: int = 0
    unfinished: bool = False
    """Whether the last turn left something that is due."""
    outcome: Outcome | None = None
    """What a reconciliation found, if there was one."""
    swept: int | None = None
    """Conversations that were read again though nothing said that they had changed; ``None``: there was no sweep."""

    def __post_init__(self) -> None:
        self.tables = tuple(self.tables) or self.settings.usual
        self.copied = Copied(self.pipeline)
        self.control = Control(pacers(self.settings, SourceState()))

    def run(self) -> int:
        """Take the lock, settle what a killed run left, and take turns until nothing is due.

        Returns:
            The exit code.

        Raises:
            Problem: The lock is held, or the destination cannot be used.
        """
        if self.max_minutes is not None:
            self.control.budget.deadline = time.monotonic() + self.max_minutes * 60
        with self._begun():
            self._take_turns(self._tables_left)
            if self._reconciliation_is_due():
                self._reconcile()
                if self.outcome and self.outcome.mended and not self.control.budget.spent:
                    self._take_turns(self._conversation_tables)
            if self._has_time_to_spare():
                self._sweep()
            self._keep_snapshot()
        return self._exit_code()

    def reconcile(self, *, confirmed: bool = False) -> Outcome:
        """Take the lock, and remove from the copy the issues that are gone from Pylon.

        Raises:
            Problem: The lock is held, or the safety catch stops it (exit code 5).
            PylonError: Pylon could not be asked; nothing was changed.
        """
        with self._begun():
            outcome = reconcile(self.pipeline, self.settings, self.control, self.copied, confirmed=confirmed)
            if confirmed:
                self._read_collections_again()
            self._keep_snapshot()
            return outcome

    @contextmanager
    def _begun(self) -> Iterator[None]:
        """Hold the lock, with nothing left over from a killed run and the pace that was learnt."""
        for name, value in ((LOOK_SETTING, LOOK_SECONDS), (LANES_SETTING, 2 * len(TABLES))):
            if dlt.config.get(name) is None:
                dlt.config[name] = value
        share_one_heap()
        with run_lock(self.pipeline), self.copied, rare_collections():
            settle(self.pipeline, self.copied)
            self._recall_pace()
            yield

    def _keep_snapshot(self, oldest: float = 0.0) -> None:
        file = destinations.database_file(self.pipeline)
        if file is None:
            return
        # dlt has DuckDB write its log into the file only where it is closed, or the log is 1 GB long
        self.copied.execute("CHECKPOINT")
        problem = snapshot.keep(file, oldest=oldest, let_go=self.copied.close)
        if problem:
            self.control.report.warn(problem)

    def _read_collections_again(self) -> None:
        """Read the collections that are due, as those are that lacked too much, and let go what they lack."""
        self.control.confirmed = True
        self.tables = tuple(name for name in self.tables if name in COLLECTED)
        self._take_turns(self._tables_left)

    def _reconciliation_is_due(self) -> bool:
        return (
            "issues" in self.tables
            and not {"changes", "history", "issues"} & self.control.report.stopped
            and not self.control.budget.spent
            and comparison_due_at(self.settings, SourceState.of(self.pipeline)) <= datetime.now(UTC)
        )

    def _reconcile(self) -> None:
        try:
            self.outcome = reconcile(self.pipeline, self.settings, self.control, self.copied)
        except TurnOver:
            pass  # the run's time is up; the next run begins the comparison anew
        except PylonError as error:
            self.control.report.fail("reconcile", error)

    def stop(self) -> None:
        """End the run after what is under way has been saved; may be called from a signal handler."""
        self.control.budget.stop.set()

    def _recall_pace(self) -> None:
        self.control.pacers = pacers(self.settings, SourceState.of(self.pipeline))

    def _has_time_to_spare(self) -> bool:
        """Whether the run was given a time that is not over, and nothing is due or failed."""
        return (
            self.max_minutes is not None
            and not self.unfinished
            and not self.control.report.failures
            and not self.control.budget.spent
        )

    def _sweep(self) -> None:
        """Read again what was verified longest ago, until the time is up or all of it is young enough."""
        # the ledger's times are the server's, and the watermark is the latest of these that is known
        issues = SourceState.of(self.pipeline).issues
        before = cutoff(self.settings, issues.changed_until) if issues.begun else None
        if before is None or not self._children() & Verified(self.copied).count(before).keys():
            return
        known = self._conversations()
        self.control.sweep_before = before
        self._take_turns(self._conversation_tables)
        self.swept = self._conversations() - known
        self.unfinished = False  # what the sweep did not reach is not due

    def _children(self) -> set[str]:
        return {child.name for child in CHILDREN} & set(self.tables)

    def _conversations(self) -> int:
        return sum(self.control.report.lanes[name].done for name in self._children())

    def _conversation_tables(self) -> list[str]:
        """Return the children that are left; their ledger comes along."""
        return [name for name in self._tables_left() if name in HANGING and HANGING[name].read.is_of_issues]

    def _take_turns(self, tables_left: Callable[[], list[str]]) -> None:
        while True:
            tables = tables_left()
            if not tables:
                return
            self._turn(tables)
            self.on_turn(self.turns)
            if not self.unfinished or self.control.budget.spent:
                return
            self._keep_snapshot(snapshot.SECONDS)

    def _turn(self, tables: Sequence[str]) -> None:
        first = self.turns == 0
        limits = Limits(
            least_seconds=FIRST_TURN_SECONDS if first else TURN_SECONDS,
            most_seconds=LONGEST_TURN_SECONDS,
            most_rows=TURN_ROWS,
            most_bytes=TURN_BYTES,
            most_due=TURN_DUE,
        )
        afresh = self.full_refresh and first
        self.unfinished = take_turn(
            self.pipeline, tables, self.settings, self.control, limits, self.copied, afresh=afresh
        )
        give_back()
        self.turns += 1

    def _tables_left(self) -> list[str]:
        """Leave out the tables whose lane has stopped; the others are finished."""
        tables = [name for name in self.tables if name not in self.control.report.stopped]
        return [] if FOLLOWING.issuperset(tables) else tables

    def _exit_code(self) -> int:
        return exits.of_all(failure.error for failure in self.control.report.failures)


def settle(pipeline: dlt.Pipeline, copied: Copied) -> None:
    """Load what a killed run left behind, then take the destination's word for everything.

    A package that is older than the destination's last load is given up: another machine has gone on since. So is one
    that is that load: it is complete, only its files were not put away; and one whose schema a kill left unsaved, which
    dlt passes over without a word. Giving a package up loses nothing, since its progress is in the package itself and
    will be made again.

    Args:
        pipeline: The pipeline; the caller has the lock.
        copied: What its destination holds. It is connected to from here on.
    """
    if pipeline.default_schema_name and pipeline.has_pending_data and not _is_stale(pipeline, copied):
        _flush(pipeline)
    # the state at the destination is the only one: local state that is ahead of it, as after a backup was restored,
    # would leave a gap for ever; what a killed extract left goes with it
    pipeline.drop()
    pipeline.activate()
    copied.open()
    pipeline.sync_destination()


def _flush(pipeline: dlt.Pipeline) -> None:
    """Load the pending packages, unless the destination will never take them."""
    from dlt.common.destination.exceptions import DestinationTerminalException
    from dlt.pipeline.exceptions import PipelineStepFailed

    try:
        while pipeline.has_pending_data:
            pipeline.run()
    except PipelineStepFailed as error:
        if not isinstance(error.exception, DestinationTerminalException) and error.step != "normalize":
            raise


def _is_stale(pipeline: dlt.Pipeline, copied: Copied) -> bool:
    pending, newest = _pending(pipeline), last_load(copied)
    return newest is not None and bool(pending) and float(min(pending)) <= newest


def _pending(pipeline: dlt.Pipeline) -> list[str]:
    return [*pipeline.list_extracted_load_packages(), *pipeline.list_normalized_load_packages()]


def last_load(copied: Copied) -> float | None:
    """Return the id of the newest complete load at the destination; ids are seconds since 1970."""
    rows = copied.select("SELECT {l.load_id} FROM {_dlt_loads} AS l WHERE {l.status} = 0")
    return max((float(row[0]) for row in rows), default=None)
