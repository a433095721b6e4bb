"""What the search shows late is counted, and what it shows later than the lookback is mended by a complete listing."""

from __future__ import annotations

from typing import Any

import pytest
from support import runs, worlds

LAG = 240.0
SHORT = {"tables": runs.ISSUE_TABLES, "lookback_seconds": 60.0}
LISTED = {"reconcile_hours": 1e-9}


def late(copy: runs.Copy) -> dict[str, Any]:
    found = runs.state_of(copy.folder).get("late", {})
    found.pop("last_at", None)
    return found


def test_an_edit_and_a_new_issue_that_show_late_are_counted_once(loaded: Any) -> None:
    copy = loaded(index_lag_seconds=LAG)
    world = copy.world
    world.edit_issue(world.issue_ids()[4], title="Shown late")
    world.advance(20)
    world.create_issue(title="New, and shown late")
    world.advance(10)
    copy.run()
    assert late(copy) == {}, "nobody can know yet"
    world.advance(LAG)
    world.edit_issue(world.issue_ids()[9], title="Not visible yet")
    copy.run()
    found = late(copy)
    assert (found["count"], found["beyond"]) == (2, 0)
    assert 28 <= found["largest_seconds"] < 28 + LAG, "from the edit to the watermark"
    copy.run()
    assert late(copy) == found


def test_without_a_lag_nothing_is_late(loaded: Any) -> None:
    """Edits before, between and during runs; a row that the lookback brings again; and one that was killed away."""
    copy = loaded()
    world = copy.world
    for number in range(3):
        world.edit_issue(world.issue_ids()[number], title="Edited")
        world.create_issue()
        world.advance(3 * number)
        copy.run(on_turn=lambda turn: world.edit_issue(turn, title="Meanwhile"))
    copy.run(full_refresh=True)
    copy.run(**LISTED)
    copy.assert_equal()
    assert late(copy) == {}


def test_issues_before_the_start_date_are_not_late(loaded: Any) -> None:
    copy = loaded(index_lag_seconds=LAG, options={"start_date": "2100-01-01"})
    copy.world.edit_issue(copy.world.issue_ids()[4], title="Left out")
    copy.world.advance(10)
    copy.run()
    copy.world.advance(LAG)
    copy.run()
    assert late(copy) == {}


def lose_an_edit(copy: runs.Copy) -> str:
    """Let the watermark pass an edit by more than the lookback before the search shows it."""
    ref = worlds.with_messages(copy.world)
    copy.world.edit_issue(ref, title="Later than the lookback")
    copy.world.add_message(ref, message_html="<p>Lost?</p>")
    copy.world.advance(LAG / 2)
    copy.run()
    copy.world.advance(LAG)
    copy.run()
    with pytest.raises(AssertionError, match="differs from the truth"):
        copy.assert_equal()
    return ref


def test_what_came_later_than_the_lookback_is_mended_with_its_conversation(loaded: Any) -> None:
    copy = loaded(index_lag_seconds=LAG, options=SHORT)
    ref = lose_an_edit(copy)
    run = copy.run(**LISTED)
    copy.assert_equal()
    assert run.job.outcome.mended == 1
    assert run.asked[runs.MESSAGES] == 1, "in the same run"
    assert run.children_asked().keys() == {
        f"/issues/{ref}/{child}" for child in ("messages", "threads", "followers")
    }
    assert late(copy) == {"count": 1, "beyond": 1, "largest_seconds": 60.0}
    assert copy.run(**LISTED).job.outcome.mended == 0


def test_edits_that_move_no_time_and_issues_that_are_missing_are_mended(loaded: Any) -> None:
    copy = loaded(options=SHORT)
    world = copy.world
    edited = world.issue_ids()[3]
    world.touch_silently(edited, title="Silently", tags=["new"], brand_new=1)
    world.delete_issue(world.issue_ids()[7])
    created = world.create_issue(created_at="2026-05-05T00:00:00Z", title="Imported with old times")["id"]
    copy.run()
    assert created not in copy.by_id("issues"), "no search over the last minutes shows it"
    outcome = copy.job().reconcile()
    assert (outcome.mended, outcome.removed) == (2, 1)
    copy.run()
    copy.assert_equal()
    assert late(copy) == {}, "neither an import nor a silent edit is late"


def test_what_history_has_yet_to_read_is_not_missing(fresh: Any) -> None:
    copy = fresh(worlds.quiet(issues=60, years=1.0), options={"tables": ("issues",), "page_size": 10})
    copy.server.faults.add("status", runs.LIST, status=500, after=2)
    copy.run(expect=4)
    copy.server.faults.clear()
    stored = len(copy.rows()["issues"])
    assert 0 < stored < 60
    assert copy.job().reconcile().mended == 0
    assert len(copy.rows()["issues"]) == stored
    assert late(copy) == {}


def test_a_history_records_what_is_mended(loaded: Any) -> None:
    copy = loaded(options={**SHORT, "tables": (*runs.ISSUE_TABLES, "issue_snapshots")})
    ref = copy.world.issue_ids()[6]
    copy.world.edit_issue(ref, state="waiting_on_you")
    copy.world.advance(120)
    copy.run()
    copy.world.touch_silently(ref, state="closed")
    assert copy.job().reconcile().mended == 1
    recorded = [row for row in copy.rows()["issue_snapshots"] if row["issue_id"] == ref]
    assert [row["state"] for row in sorted(recorded, key=lambda row: row["recorded_at"])] == [
        "waiting_on_you",
        "closed",
    ]
    assert copy.job().reconcile().mended == 0


def test_what_is_masked_is_mended_masked_and_is_no_difference(loaded: Any) -> None:
    copy = loaded(options={**SHORT, "mask": {"issues": {"title": "redact"}}})
    copy.world.touch_silently(copy.world.issue_ids()[6], title="Secret", state="closed")
    assert copy.job().reconcile().mended == 40, "a mask that was set later reaches the older issues too"
    assert {row["title"] for row in copy.rows()["issues"]} == {"[redacted]"}
    assert copy.job().reconcile().mended == 0
