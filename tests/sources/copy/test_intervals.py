"""When what is read at an interval is due."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pylon_elt.sources.pylon.catalog import DIRECTORY, HANGING, INCREMENTAL
from pylon_elt.sources.pylon.copy.intervals import ALWAYS, NEVER, comparison_due_at, fresh, reading_due_at
from pylon_elt.sources.pylon.copy.state import CollectionState, SourceState
from pylon_elt.sources.pylon.copy.work import Span
from pylon_elt.sources.pylon.settings import Settings, settings

NOW = datetime(2026, 7, 1, tzinfo=UTC)
LATER = NOW + timedelta(days=10)
MILESTONES = HANGING["milestones"]
TEAMS = next(table for table in DIRECTORY if table.name == "teams")
AUDIT_LOGS = next(table for table in INCREMENTAL if table.name == "audit_logs")


def given(**options: Any) -> Settings:
    return settings("pyl_x", **options)


def test_a_collection_is_due_at_once_and_then_at_its_interval() -> None:
    state = CollectionState()
    assert reading_due_at(TEAMS, given(), state, NOW) == ALWAYS
    state.refreshed_at = NOW
    assert reading_due_at(TEAMS, given(), state, NOW) == NOW + timedelta(hours=TEAMS.read.refresh_hours)
    assert reading_due_at(TEAMS, given(refresh_hours={"teams": 2}), state, NOW) == NOW + timedelta(hours=2)
    assert reading_due_at(TEAMS, given(refresh_hours=0), state, NOW) == NOW


def test_what_only_grows_is_never_listed() -> None:
    assert AUDIT_LOGS.read.refresh_hours is None
    assert reading_due_at(AUDIT_LOGS, given(refresh_hours=0), CollectionState(), NOW) == NEVER


def test_a_reading_that_is_stamped_in_the_future_counts_for_nothing() -> None:
    state = CollectionState()
    state.refreshed_at = NOW + timedelta(days=365)
    assert reading_due_at(TEAMS, given(), state, NOW) == ALWAYS


def test_what_hangs_on_rows_is_fresh_from_its_interval_up_to_the_present() -> None:
    assert fresh(given(), MILESTONES, NOW, LATER) == Span(NOW - timedelta(hours=24), LATER)
    assert fresh(given(), HANGING["issue_messages"], NOW, NOW) is None


def compared(
    *, complete: bool = True, begun_at: datetime = NOW, reconciled_at: datetime | None = None
) -> SourceState:
    state = SourceState()
    state.issues.begin(begun_at)
    state.issues.history_complete = complete
    if reconciled_at:
        state.reconciled_at = reconciled_at
    return state


@pytest.mark.parametrize(
    ("state", "options", "due_at"),
    [
        (SourceState(), {}, NEVER),
        (SourceState(), {"start_date": "2020-01-01"}, NEVER),
        (compared(complete=False), {}, NEVER),
        (compared(), {}, NOW + timedelta(hours=24)),
        (compared(reconciled_at=LATER + timedelta(seconds=1)), {}, ALWAYS),
        (compared(begun_at=LATER + timedelta(days=365)), {}, ALWAYS),
        (compared(), {"reconcile_hours": 0}, NEVER),
        (compared(), {"reconcile_hours": 3}, NOW + timedelta(hours=3)),
        (compared(reconciled_at=NOW + timedelta(days=2)), {}, NOW + timedelta(days=3)),
    ],
)
def test_the_comparison_is_due_a_day_after_the_last_once_the_history_is_complete(
    state: SourceState, options: dict[str, Any], due_at: datetime
) -> None:
    assert comparison_due_at(given(**options), state, LATER) == due_at
