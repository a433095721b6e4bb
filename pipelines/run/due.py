"""What is due in a copy, by the same rules as the run itself, told from the copy alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pylon_elt.sources.pylon.catalog import COLLECTED, HANGING, TABLES, Configured, Listed, RowsOf, Table
from pylon_elt.sources.pylon.copy.intervals import (
    NEVER,
    Collection,
    asked_again_at,
    comparison_due_at,
    fresh,
    reading_due_at,
)
from pylon_elt.sources.pylon.copy.state import CollectionState, Lack, SourceState, Stretch

if TYPE_CHECKING:
    from pylon_elt.sources.pylon.settings import Settings

    from ..copy.inspection import Copy


@dataclass(frozen=True, slots=True)
class IssuesRead:
    """How far the issues were read; all times are UTC."""

    changed_until: datetime | None = None
    """Changes were read up to here; ``None`` before the first run."""
    history_until: datetime | None = None
    """History was read back to here."""
    history_complete: bool = False

    def as_facts(self) -> dict[str, Any]:
        """Return the same for JSON."""
        facts = asdict(self)
        return {name: at.isoformat() if isinstance(at, datetime) else at for name, at in facts.items()}


@dataclass
class Due:
    """What is due at one moment; all times are UTC."""

    now: datetime
    issues: IssuesRead = IssuesRead()
    floor: datetime | None = None
    """``start_date``: history ends here."""
    conversations: dict[str, int] = field(default_factory=dict)
    """How many parents are to be asked, by child."""
    directory: dict[str, datetime] = field(default_factory=dict)
    """When each collection is to be read whole next, by table."""
    searched: dict[str, int] = field(default_factory=dict)
    """How many searches for changes each run makes, by incremental table that has been read."""
    object_types: int = 0
    rows: dict[str, int] = field(default_factory=dict)
    reconcile: bool = False
    """Whether the copy is to be compared with a complete listing."""
    oldest_issue: datetime | None = None
    lacking: dict[str, Lack] = field(default_factory=dict)
    """What the workspace lacks, by table; nothing of it is due until it is tried again."""
    sweep: dict[str, int] = field(default_factory=dict)
    """Conversations that the sweep may read again with time to spare, by child."""

    @property
    def directory_now(self) -> list[str]:
        """The collections that are due."""
        return [name for name, at in self.directory.items() if at <= self.now]


def unit(child: str) -> str:
    """Return what is counted where a child is due."""
    return "conversations" if HANGING[child].read.is_of_issues else "of its parents"


def take(
    copy: Copy | None,
    settings: Settings,
    tables: Sequence[str],
    now: datetime,
    *,
    rows: Mapping[str, int],
    full_refresh: bool = False,
) -> Due:
    """Look what is due.

    Args:
        copy: The copy, or ``None`` where there is none.
        settings: The reader's settings.
        tables: What the run would fill.
        now: The present, UTC.
        rows: How many rows each table of the copy holds.
        full_refresh: Whether the run would drop the tables first.
    """
    due = Due(now, floor=settings.start_date, rows=dict(rows))
    known = None if full_refresh else copy
    state = known.state if known else SourceState()
    due.lacking = {name: lack for name in tables if (lack := _lack(TABLES[name], state, now))}
    tables = [name for name in tables if name not in due.lacking]
    if "issues" in tables:
        due.issues = _issues(state.issues, due.floor)
        if known and comparison_due_at(settings, state, now) <= now:
            due.reconcile, due.oldest_issue = True, known.oldest_issue()
    for child in HANGING.values():
        if child.name in tables:
            # a refresh drops the ledger, and with it what was known to be read
            fewer = child.name if child.read.only or child.read.is_mentioned else child.read.of
            span = fresh(settings, child, now, now)
            due.conversations[child.name] = known.due(child.name, span) if known else rows.get(fewer, 0)
    if known:
        due.sweep = {child: number for child, number in known.sweep(settings, now).items() if child in tables}
    for table in COLLECTED.values():
        if table.name in tables:
            _collection(due, table, settings, state.collection(table.name))
    return due


def _collection(due: Due, table: Collection, settings: Settings, state: CollectionState) -> None:
    streams = sum(stream.begun for stream in state.streams.values())
    if streams:
        due.searched[table.name] = streams
    if table.per and isinstance(table.per.parents, Configured):
        due.object_types = len(getattr(settings, table.per.parents.setting))
        if not due.object_types:
            return
    at = reading_due_at(table, settings, state, due.now)
    if at < NEVER:
        due.directory[table.name] = max(due.now, at)
    elif not streams:  # it is read whole once
        due.directory[table.name] = due.now


def _lack(table: Table, state: SourceState, now: datetime) -> Lack | None:
    """Return what is known of a table that the workspace lacks, until it is tried again."""
    if not table.endpoints or asked_again_at(table.endpoints, state, now) <= now:
        return None
    return state.lacking.get(table.endpoints[0].name)


def _issues(stretch: Stretch, floor: datetime | None) -> IssuesRead:
    if not stretch.begun:
        return IssuesRead()
    return IssuesRead(stretch.changed_until, stretch.history_until, stretch.history_done(floor))


def parents(table: Table, due: Due) -> int | None:
    """Return for how many parents a collection is asked: 1 without any, ``None`` where nobody knows."""
    if table.per is None:
        return 1
    match table.per.parents:
        case Listed(values):
            return len(values)
        case Configured():
            return due.object_types
        case RowsOf(name):
            return due.rows.get(name)
