"""What a run that ended early says of the rest."""

from __future__ import annotations

from datetime import UTC, datetime

from pylon_elt.pipelines.run.remaining import Remaining

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)


def test_what_is_left_is_named_with_the_time_that_it_takes() -> None:
    left = Remaining(600.0, True, changes_since=NOON, history_before=NOON)
    assert list(left.lines()) == ["changes since 2026-07-01 12:00:00 UTC", "issues created before 2026-07-01"]
    assert left.time == "about 10 min at the present pace, and what is not listed yet"
    assert left.as_facts() == {
        "seconds": 600.0,
        "open_ended": True,
        "changes_since": NOON.isoformat(),
        "history_before": NOON.isoformat(),
    }


def test_where_the_issues_were_read_only_what_hangs_on_them_is_left() -> None:
    left = Remaining(30.0, False)
    assert list(left.lines()) == []
    assert left.time.endswith("and what has changed since")
    assert left.as_facts()["changes_since"] is None
