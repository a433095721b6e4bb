"""When what is read at an interval is due."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pylon_elt.sources.pylon.catalog import DIRECTORY, INCREMENTAL
from pylon_elt.sources.pylon.copy.intervals import ALWAYS, NEVER, comparison_due_at, reading_due_at
from pylon_elt.sources.pylon.copy.state import CollectionState, SourceState
from pylon_elt.sources.pylon.settings import Settings, settings

NOW = datetime(2026, 7, 1, tzinfo=UTC)
TEAMS = next(table for table in DIRECTORY if table.name == "teams")
AUDIT_LOGS = next(table for table in INCREMENTAL if table.name == "audit_logs")


def given(**options: Any) -> Settings:
    return settings("pyl_x", **options)


def test_a_collection_is_due_at_once_and_then_at_its_interval() -> None:
    state = CollectionState()
    assert reading_due_at(TEAMS, given(), state) == ALWAYS
    state.refreshed_at = NOW
    assert reading_due_at(TEAMS, given(), state) == NOW + timedelta(hours=TEAMS.read.refresh_hours)
    assert reading_due_at(TEAMS, given(refresh_hours={"teams": 2}), state) == NOW + timedelta(hours=2)
    assert reading_due_at(TEAMS, given(refresh_hours=0), state) == NOW


def test_what_only_grows_is_never_listed() -> None:
    assert AUDIT_LOGS.read.refresh_hours is None
    assert reading_due_at(AUDIT_LOGS, given(refresh_hours=0), CollectionState()) == NEVER


def compared(*, complete: bool = True, reconciled_at: datetime | None = None) -> SourceState:
    state = SourceState()
    state.issues.begin(NOW)
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
        (compared(), {"reconcile_hours": 0}, NEVER),
        (compared(), {"reconcile_hours": 3}, NOW + timedelta(hours=3)),
        (compared(reconciled_at=NOW + timedelta(days=2)), {}, NOW + timedelta(days=3)),
    ],
)
def test_the_comparison_is_due_a_day_after_the_last_once_the_history_is_complete(
    state: SourceState, options: dict[str, Any], due_at: datetime
) -> None:
    assert comparison_due_at(given(**options), state) == due_at
