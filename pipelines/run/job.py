"""The run loop: turns until nothing is due, each of them one dlt extract, normalize and load."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import dlt

from pylon_elt.sources.pylon.catalog import (
    ALL_TABLES,
    CHILDREN,
    FOLLOWING,
    HANGING,
    TABLES,
    Issues,
)
from pylon_elt.sources.pylon.copy.copied import Copied
from pylon_elt.sources.pylon.copy.intervals import comparison_due_at
from pylon_elt.sources.pylon.copy.state import SourceState
from pylon_elt.sources.pylon.copy.verified import Verified, cutoff
from pylon_elt.sources.pylon.errors import CredentialsError, PylonError, TurnOver
from pylon_elt.sources.pylon.lanes.ahead import Ahead
from pylon_elt.sources.pylon.lanes.budget import Limits
from pylon_elt.sources.pylon.lanes.resources import take_turn
from pylon_elt.sources.pylon.lanes.turn import Control
from pylon_elt.sources.pylon.lanes.turns import learnt

from ..base import exits
from ..base.memory import give_back
from ..copy import destinations, former_states, indexes, lake_upkeep, relief, snapshot
from ..copy.dependants import views_on
from .begin import begun
from .recount import recount
from .refreshing import told, unanswered
from .remaining import Left, left_by
from .restore import empty, restore
from .ringing import Ringing
from .workspace import require_same

if TYPE_CHECKING:
    from pylon_elt.sources.pylon.settings import Settings
    from pylon_elt.sources.pylon.upkeep.reconcile import Outcome

FIRST_TURN_SECONDS = 5.0
"""The first turn ends early, so that there is something to look at."""
TURN_SECONDS = 30.0
LONGEST_TURN_SECONDS = 90.0
TURN_ROWS = 60_000
TURN_BYTES = 32_000_000
TURN_DUE = 8_000
"""These bound what a turn and its load hold in memory; no allowance known lets a turn read more conversations."""
AHEAD_PARENTS = 500
"""Of how many parents conversations are read while a turn is loaded, at most: a kill loses what was read of them."""


@dataclass
class Job:
    """One run of the connector.

    Args:
        pipeline: Where to load; see :func:`destinations.open_pipeline`.
        settings: How to read.
        tables: The tables to fill; by default the usual ones, and those that the settings include.
        max_minutes: When to end although something is due; ``None`` for never.
        full_refresh: Drop the tables and read everything anew.
        adopt: Go on also where the copy is another organisation's; it is the token's from then on.
        on_turn: Called after each turn with its number.
    """

    pipeline: dlt.Pipeline
    settings: Settings
    tables: Sequence[str] = ()
    max_minutes: float | None = None
    full_refresh: bool = False
    adopt: bool = False
    on_turn: Callable[[int], None] = lambda _turn: None
    control: Control = field(init=False)
    copied: Copied = field(init=False)
    """What the copy holds; connected to once for the whole run."""
    ahead: Ahead = field(init=False)
    ringing: Ringing = field(init=False)
    turns: int = 0
    unfinished: bool = False
    """Whether the last turn left something that is due."""
    outcome: Outcome | None = None
    """What a reconciliation found, if there was one."""
    swept: int | None = None
    """Conversations that were read again though nothing said that they had changed; ``None``: there was no sweep."""
    left: Left | None = None
    """What it leaves to be read; ``None``: nothing can be left, or nobody knows."""
    unchanged: bool = False
    """Whether the snapshot still has every row of the copy."""

    def __post_init__(self) -> None:
        self.tables = tuple(self.tables) or self.settings.usual
        self.copied = Copied(self.pipeline)
        self.ringing = Ringing(self.pipeline.pipelines_dir)
        self.control = Control(*learnt(self.settings, SourceState()))
        self.ahead = self.control.ahead = Ahead(self.control.budget, AHEAD_PARENTS)

    def run(self) -> int:
        """Take the lock, settle what a killed run left, and take turns until nothing is due.

        Returns:
            The exit code.

        Raises:
            Problem: The lock is held, or the destination cannot be used.
            ConfigurationError: The dataset belongs to another copy, or the copy to another organisation.
        """
        if self.max_minutes is not None:
            self.control.budget.deadline = time.monotonic() + self.max_minutes * 60
        try:
            with self._begun():
                self._read()
        except CredentialsError as error:  # nothing else could be read either
            self.control.report.fail("organization", error)
        return exits.of_all(failure.error for failure in self.control.report.failures)

    def _read(self) -> None:
        self._take_turns()
        if _comparison_is_due(self) and _reconcile(self) and not self.control.budget.spent:
            self._take_turns(HANGING)
        if _has_time_to_spare(self):
            self._sweep()
        self.left = left_by(self)
        _finish(self)

    def reconcile(self, *, confirmed: bool = False) -> Outcome:
        """Take the lock, and remove from the copy the issues that are gone from Pylon.

        Raises:
            Problem: The lock is held, or the safety catch stops it (exit code 5).
            PylonError: Pylon could not be asked; nothing was changed.
        """
        with self._begun():
            _recount(self)
            outcome = _compare(self, confirmed=confirmed)
            if confirmed:
                self._read_collections_again()
            _leave(self, anyway=True)
            return outcome

    @contextmanager
    def _begun(self) -> Iterator[None]:
        with begun(self.pipeline, self.copied, self.control.report.warn, restore):
            self.control.pacers, self.control.paging = learnt(self.settings, SourceState.of(self.pipeline))
            require_same(self.pipeline, self.settings, self.control, self.copied, adopt=self.adopt)
            self.unchanged = _snapshot_is_true(self)
            yield

    def _read_collections_again(self) -> None:
        """Read what is due beside the issues, as that is which lacked too much, and let go what it lacks."""
        self.control.confirmed = True
        self.tables = tuple(name for name in self.tables if not isinstance(TABLES[name].read, Issues))
        self._take_turns()

    def stop(self) -> None:
        """End the run after what is under way has been saved; may be called from a signal handler."""
        self.control.budget.stop.set()

    def _sweep(self) -> None:
        """Read again what was verified longest ago, until the time is up or all of it is young enough."""
        before, children = _sweep_before(self), {child.name for child in CHILDREN} & set(self.tables)
        if before is None or not children & Verified(self.copied).count(before).keys():
            return
        lanes = [self.control.report.lanes[name] for name in children]
        known = sum(lane.done for lane in lanes)
        self.control.sweep_before = before
        self._take_turns(children)
        self.swept = sum(lane.done for lane in lanes) - known
        self.unfinished = False  # what the sweep did not reach is not due

    def _take_turns(self, among: Collection[str] = ALL_TABLES) -> None:
        with closing(self.ahead):
            while tables := _tables_left(self, among):
                self._turn(tables)
                self.on_turn(self.turns)
                if not self.unfinished or self.control.budget.spent:
                    return
                _keep_snapshot(self, snapshot.SECONDS)

    def _turn(self, tables: Sequence[str]) -> None:
        first = self.turns == 0
        refreshed = _refreshed(self, tables) if self.full_refresh and first else []
        afresh = bool(refreshed) and not _emptied(self, refreshed)
        limits = _limits(first=first)
        self.ringing.hear(self.control)
        taken = refreshed or tables
        left = take_turn(
            self.pipeline,
            taken,
            self.settings,
            self.control,
            limits,
            self.copied,
            afresh=afresh,
            load=partial(_load, self),
        )
        self.ringing.answered(self.control)
        self.unfinished = left or len(taken) < len(tables)
        give_back()
        self.control.answers.clear()
        self.turns += 1


def _tables_left(job: Job, among: Collection[str]) -> list[str]:
    """Leave out the tables whose lane has stopped, and those that are not among some; the others are finished."""
    tables = [name for name in job.tables if name not in job.control.report.stopped]
    return [] if FOLLOWING.issuperset(tables) else [name for name in tables if name in among]


def _refreshed(job: Job, tables: Sequence[str]) -> list[str]:
    """Return the tables that a full refresh drops; what Pylon does not give now is left to the turns that follow."""
    kept = unanswered(job.settings, job.control, job.copied, tables)
    if kept:
        job.control.report.warn(told(kept))
    for name, one in kept.items():
        if one.failure:
            job.control.report.fail(name, one.failure, stops=False)
    refreshed = [name for name in tables if name not in kept]
    return [] if FOLLOWING.issuperset(refreshed) else refreshed


def _emptied(job: Job, tables: Sequence[str]) -> bool:
    """Empty the tables of a full refresh where views keep them from being dropped; say whether that was done."""
    if not (views := views_on(job.pipeline, job.copied, tables)):
        return False
    # a ledger loses what it says of these; what was recorded of former times cannot be read again
    empty(job.pipeline, job.copied, [name for name in tables if TABLES[name].endpoint])
    job.control.report.warn(
        f"Tables were emptied instead of dropped, since views read them: {', '.join(views)}. To have them made anew"
        " as well, drop the views, run with --full-refresh again, and make the views again."
    )
    return True


def _snapshot_is_true(job: Job) -> bool:
    """Whether the snapshot has every row of the copy, which a full refresh is about to change."""
    file = destinations.database_file(job.pipeline)
    return file is not None and not job.full_refresh and snapshot.is_current(file)


def _load(job: Job, run: Callable[[], object]) -> None:
    """Extract and load, and note whether anything but dlt's own record of it was written."""
    loaded: list[object] = []
    relief.load(job.pipeline, job.copied, lambda: loaded.append(run()))
    job.unchanged = job.unchanged and bool(loaded) and all(map(_is_without_rows, loaded))


def _is_without_rows(info: Any) -> bool:
    """Whether a load wrote nothing but dlt's own tables, by what dlt tells of it."""
    packages = info.load_packages if info else []
    jobs = (job for package in packages for kind in package.jobs.values() for job in kind)
    own = all(job.job_file_info.table_name.startswith("_dlt_") for job in jobs)
    return own and bool(packages) and not any(package.schema_update for package in packages)


def _limits(*, first: bool) -> Limits:
    return Limits(
        least_seconds=FIRST_TURN_SECONDS if first else TURN_SECONDS,
        most_seconds=LONGEST_TURN_SECONDS,
        most_rows=TURN_ROWS,
        most_bytes=TURN_BYTES,
        most_due=TURN_DUE,
    )


def _comparison_is_due(job: Job) -> bool:
    now = datetime.now(UTC)
    return (
        "issues" in job.tables
        and not {"changes", "history", "issues"} & job.control.report.stopped
        and not job.control.budget.spent
        and comparison_due_at(job.settings, SourceState.of(job.pipeline), now) <= now
    )


def _reconcile(job: Job) -> bool:
    """Compare the copy with a complete listing, and with its own ledgers; say whether anything is due by it."""
    due = _recount(job)
    try:
        job.outcome = _compare(job)
    except TurnOver:
        pass  # the run's time is up; the next run begins the comparison anew
    except PylonError as error:
        job.control.report.fail("reconcile", error)
    return due or bool(job.outcome and job.outcome.mended)


def _recount(job: Job) -> bool:
    """Make due again what is not there as it was read; say whether that is anything."""
    due = recount(job.copied, job.control.report.warn)
    job.unchanged = job.unchanged and not due
    return due


def _compare(job: Job, *, confirmed: bool = False) -> Outcome:
    from pylon_elt.sources.pylon.upkeep.reconcile import reconcile  # once a day

    unchanged, job.unchanged = job.unchanged, False  # it may end in the middle of what it changes
    outcome = reconcile(job.pipeline, job.settings, job.control, job.copied, confirmed=confirmed)
    job.unchanged = unchanged and outcome.is_without_changes
    return outcome


def _has_time_to_spare(job: Job) -> bool:
    """Whether the run was given a time that is not over, nothing is due, and the issues could be read.

    What failed beside them, or for one of them, may fail for months.
    """
    return (
        job.max_minutes is not None
        and not job.unfinished
        and not {"changes", "history", "issues"} & job.control.report.stopped
        and not job.control.budget.spent
    )


def _sweep_before(job: Job) -> datetime | None:
    """Return the instant (UTC) before which a verification is old enough for the sweep; ``None``: none is.

    The ledger's times are the server's, and the watermark is the latest of these that is known.
    """
    issues = SourceState.of(job.pipeline).issues
    # the watermark may bear fractions of a second, the ledger's times are an answer's `Date`: in whole seconds
    known = issues.changed_until.replace(microsecond=0) if issues.begun else None
    return cutoff(job.settings, known) if known else None


def _finish(job: Job) -> None:
    kept = indexes.keep(job.pipeline, job.copied, ALL_TABLES)
    for problem in filter(None, (kept, former_states.forget(job.pipeline, job.copied))):
        job.control.report.warn(problem)
    _leave(job)


def _leave(job: Job, *, anyway: bool = False) -> None:
    """Leave the copy as whoever reads it wants it; ``anyway`` is that of ``snapshot.keep``."""
    _keep_snapshot(job, anyway=anyway)
    if problem := lake_upkeep.keep(job.pipeline, job.copied, job.control.budget.stop.is_set):
        job.control.report.warn(problem)


def _keep_snapshot(job: Job, oldest: float = 0.0, *, anyway: bool = False) -> None:
    file = destinations.database_file(job.pipeline)
    if file is None:
        return
    # dlt has DuckDB write its log into the file only where it is closed, or the log is 1 GB long
    job.copied.execute("CHECKPOINT")
    if job.unchanged and snapshot.is_wanted():
        with suppress(OSError):  # one that is not true is made anew
            snapshot.stand(file, let_go=job.copied.close)
    problem = snapshot.keep(file, oldest=oldest, anyway=anyway, let_go=job.copied.close)
    if problem:
        job.control.report.warn(problem)
