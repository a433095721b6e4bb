"""What the API forgets is kept: former definitions of custom fields, and former states of issues."""

from __future__ import annotations

import random
from typing import Any

import pytest
from support import runs, worlds

SNAPSHOTS = (*runs.ISSUE_TABLES, "issue_snapshots")
FIELDS = ("custom_fields", "custom_field_versions")
NOW_AND_THEN = {"refresh_hours": {"*": 0.0}}


def states(copy: runs.Copy, issue_id: str) -> list[str]:
    """Return the recorded states of an issue, oldest first."""
    rows = [row for row in copy.rows()["issue_snapshots"] if row["issue_id"] == issue_id]
    return [row["state"] for row in sorted(rows, key=lambda row: row["recorded_at"])]


def test_an_issue_is_recorded_when_it_is_first_seen_and_whenever_it_changed(fresh: Any) -> None:
    copy = fresh(options={"tables": SNAPSHOTS})
    copy.run()
    issue = copy.world.issue_ids()[0]
    before = copy.world.issue(issue)["state"]
    assert len(copy.rows()["issue_snapshots"]) == len(copy.world.issue_ids())
    for state in ("on_hold", "closed", "on_hold"):
        copy.world.advance(1)  # what is recorded has the server's time, in seconds
        copy.world.edit_issue(issue, state=state)
        copy.run()
    assert states(copy, issue) == [before, "on_hold", "closed", "on_hold"]
    copy.assert_equal()


def test_an_edit_of_something_else_is_not_recorded(fresh: Any) -> None:
    copy = fresh(options={"tables": SNAPSHOTS})
    copy.run()
    issue = copy.world.issue_ids()[0]
    copy.world.edit_issue(issue, title="Another title")
    copy.run()
    copy.run()
    assert len(states(copy, issue)) == 1


def test_snapshots_are_off_unless_selected_and_bring_the_issues(fresh: Any) -> None:
    copy = fresh()
    copy.run(tables=())
    assert "issue_snapshots" not in copy.rows()
    copy.run(tables=(), include=["issue_snapshots"])
    assert "custom_field_versions" in copy.rows()


def test_a_deleted_issue_takes_its_snapshots_along(fresh: Any) -> None:
    copy = fresh(options={"tables": SNAPSHOTS})
    copy.run()
    gone, stays = copy.world.issue_ids()[:2]
    copy.world.delete_issue(gone)
    copy.job().reconcile()
    assert states(copy, gone) == []
    assert len(states(copy, stays)) == 1


def test_a_full_refresh_keeps_what_was_recorded_and_goes_on_recording(fresh: Any) -> None:
    copy = fresh(options={"tables": SNAPSHOTS})
    copy.run()
    issue = copy.world.issue_ids()[0]
    before = copy.world.issue(issue)["state"]
    copy.world.edit_issue(issue, state="on_hold")
    copy.run(full_refresh=True)
    assert states(copy, issue) == [before, "on_hold"]
    copy.assert_equal()


def test_a_renamed_option_stays_readable(fresh: Any) -> None:
    copy = fresh(options={"tables": FIELDS, **NOW_AND_THEN})
    copy.run()
    field = next(row for row in copy.world.rows("custom_fields") if row["select_metadata"])
    option = field["select_metadata"]["options"][0]
    copy.world.advance(1)  # what is recorded has the server's time, in seconds
    copy.world.rename_option(field["id"], option["slug"], "Renamed")
    copy.run()
    copy.run()
    versions = [row for row in copy.rows()["custom_field_versions"] if row["field_id"] == field["id"]]
    versions.sort(key=lambda row: row["recorded_at"])
    labels = [row["select_metadata"]["options"][0]["label"] for row in versions]
    assert labels == [option["label"], "Renamed"]
    assert {row["object_type"] for row in versions} == {field["object_type"]}


@pytest.mark.sampled(2)
@pytest.mark.parametrize("seed", range(2))
def test_after_random_changes_the_last_record_is_what_the_issue_is(fresh: Any, seed: int) -> None:
    copy = fresh(options={"tables": SNAPSHOTS})
    copy.run()
    rng = random.Random(seed)
    for _ in range(3):
        worlds.stir(copy.world, rng, 10)
        copy.run()
    rows = copy.rows()
    last = {
        row["issue_id"]: row for row in sorted(rows["issue_snapshots"], key=lambda row: row["recorded_at"])
    }
    for issue in rows["issues"]:
        for name in ("state", "assignee_id", "team_id", "tags", "time_in_status_seconds"):
            assert last[issue["id"]][name] == issue[name]
    prints = [(row["issue_id"], row["recorded_at"]) for row in rows["issue_snapshots"]]
    assert len(prints) == len(set(prints))
