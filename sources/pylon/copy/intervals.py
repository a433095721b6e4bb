"""When what is read at an interval is due: a collection, and the comparison of the issues with a complete listing.

What hangs on other rows is due by what moved: see :func:`.work.is_due`.

A stamp that lies in the future was set by a clock that had gone wrong. It says nothing, so that what bears it is due.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

from ..catalog import Endpoint, Feed, PerParent, Table, Whole
from ..settings import Settings
from .state import CollectionState, SourceState
from .work import Span

ALWAYS = datetime.min.replace(tzinfo=UTC)
NEVER = datetime.max.replace(tzinfo=UTC)

TRIED_AGAIN = timedelta(days=1)
"""How long what cannot be had is left alone, be it an endpoint or what hangs on one object."""

Collection: TypeAlias = Table[Whole] | Table[Feed]
"""What can be read whole."""


def reading_due_at(table: Collection, settings: Settings, state: CollectionState, now: datetime) -> datetime:
    """Return when a collection is to be read whole: ``ALWAYS`` before the first time, ``NEVER`` where nothing goes."""
    if table.read.refresh_hours is None:
        return NEVER
    if state.refreshed_at is None or state.refreshed_at > now:
        return ALWAYS
    hours = settings.interval_hours(table.name, table.read.refresh_hours)
    return state.refreshed_at + timedelta(hours=hours)


def asked_again_at(endpoints: Iterable[Endpoint], state: SourceState, now: datetime) -> datetime:
    """Return when endpoints that the workspace lacks are tried again; ``ALWAYS`` where one of them is not lacking.

    One that seems to have been tried in the future was tried by a clock that was wrong.
    """
    lacks = [state.lacking.get(endpoint.name) for endpoint in endpoints]
    found = [one.tried_at + TRIED_AGAIN for one in lacks if one and one.tried_at <= now]
    return min(found) if found and len(found) == len(lacks) else ALWAYS


def comparison_due_at(settings: Settings, state: SourceState, now: datetime) -> datetime:
    """Return when the issues are to be compared with a listing again; ``NEVER`` before their history is complete."""
    if settings.reconcile_hours == 0 or not state.issues.history_done(settings.start_date):
        return NEVER
    last = state.reconciled_at or state.issues.begun_at
    return last + timedelta(hours=settings.reconcile_hours) if last and last <= now else ALWAYS


def fresh(settings: Settings, table: Table[PerParent], began: datetime, now: datetime) -> Span | None:
    """Return when a reading of what hangs on a row must have been made to count; ``None`` where its age is nothing.

    A reading that a run has made counts for as long as it lasts, or one that takes longer than the interval would have
    no end.

    Args:
        settings: How old a reading may be.
        table: What was read.
        began: When the run began (UTC).
        now: The present (UTC).
    """
    cutoff = settings.cutoff(table, began)
    return Span(cutoff, now) if cutoff else None
