"""Issues that were deleted at the source leave the copy, and only those."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from support import runs, worlds
from support.compare import assert_equal_copy, read_duckdb

from pylon_elt.pipelines.base import advice, exits
from pylon_elt.sources.pylon.copy.ids import Ids
from pylon_elt.sources.pylon.errors import Implausible
from pylon_elt.sources.pylon.upkeep import reconcile

ISSUE = "GET /issues/{id}"


def delete_some(copy: runs.Copy, count: int, seed: int = 5) -> list[str]:
    """Delete issues at the source, at random."""
    print(f"seed {seed}")
    ids = random.Random(seed).sample(sorted(copy.world.issue_ids()), count)
    for issue_id in ids:
        copy.world.delete_issue(issue_id)
    return ids


def test_deleted_issues_go_with_all_that_hangs_on_them(loaded: Any) -> None:
    copy = loaded()
    deleted = delete_some(copy, 7)
    outcome = copy.job().reconcile()
    assert (outcome.stored, outcome.listed, outcome.removed) == (40, 33, 7)
    copy.assert_equal()
    rows = copy.rows()
    assert {row["issue_id"] for row in rows["issue_sync"]}.isdisjoint(deleted)
    assert {row["id"] for row in rows["deletions"] if row["table"] == "issues"} == set(deleted)


def test_deletions_keep_ids_and_evidence_but_no_content(loaded: Any) -> None:
    copy = loaded()
    issue_id = worlds.with_messages(copy.world)
    messages = {message["id"] for message in copy.world.messages(issue_id)}
    copy.world.delete_issue(issue_id)
    copy.job().reconcile()
    records = copy.rows()["deletions"]
    assert {row["id"] for row in records if row["table"] == "issue_messages"} == messages
    assert {row["parent_id"] for row in records if row["table"] == "issue_messages"} == {issue_id}
    assert {row["evidence"] for row in records} == {
        "not in a complete listing; GET /issues/{issue_id} gave 404"
    }
    assert set(records[0]) - {"_removed"} == {"table", "id", "parent_id", "detected_at", "evidence"}


def test_it_asks_for_the_listing_and_for_each_missing_issue_once(loaded: Any) -> None:
    copy = loaded()
    delete_some(copy, 3)
    mark = len(copy.server.log)
    copy.job().reconcile()
    asked = [record.endpoint for record in list(copy.server.log)[mark:]]
    assert asked.count(ISSUE) == 3 + 1, "and for one that is listed, since else nobody is a witness"
    assert asked.count(runs.LIST) <= 6
    assert asked.count(runs.SEARCH) <= 2
    assert set(asked) <= {ISSUE, runs.LIST, runs.SEARCH, "GET /me"}
    assert asked.count("GET /me") == 1


def test_an_issue_that_still_answers_stays(loaded: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = loaded()
    hidden = sorted(copy.world.issue_ids())[4]
    list_all = reconcile.list_all

    async def without_one(*args: Any, **options: Any) -> Any:
        listing = await list_all(*args, **options)
        return replace(listing, ids=Ids(id_ for id_ in copy.world.issue_ids() if id_ != hidden))

    monkeypatch.setattr(reconcile, "list_all", without_one)
    assert copy.job().reconcile().removed == 0
    copy.assert_equal()


def test_a_listing_cut_short_removes_nothing(loaded: Any) -> None:
    copy = loaded()
    delete_some(copy, 3)
    before = copy.rows()
    copy.server.faults.add("status", runs.LIST, status=500, after=2)
    with pytest.raises(Exception, match="could not be read"):
        copy.job().reconcile()
    assert copy.rows() == before
    copy.server.faults.clear()
    assert copy.job().reconcile().removed == 3
    copy.assert_equal()


def test_the_safety_catch_holds_and_can_be_opened(fresh: Any) -> None:
    copy = fresh(worlds.quiet(issues=120), options={"tables": ["issues"]})
    copy.run()
    delete_some(copy, 60)
    before = copy.rows()
    with pytest.raises(Implausible) as caught:
        copy.job().reconcile()
    assert exits.of(caught.value) == exits.DATA_CHECK
    assert "60 of 120" in caught.value.message
    assert "--yes" in advice.remedy(caught.value)
    assert copy.rows() == before
    assert copy.job().reconcile(confirmed=True).removed == 60
    copy.assert_equal()


def test_a_run_reconciles_once_a_day(loaded: Any) -> None:
    copy = loaded()
    delete_some(copy, 2)
    assert copy.run().asked[ISSUE] == 0, "the first reconciliation is due a day after the first run"
    assert copy.run(reconcile_hours=1e-9).asked[ISSUE] == 2 + 1
    assert_equal_copy(copy.world.snapshot(), read_duckdb(copy.database), copy.tables)
    assert copy.run().asked == {runs.SEARCH: 1}
    state = runs.state_of(copy.folder)
    assert datetime.fromisoformat(state["reconciled_at"]) > copy.world.now() - timedelta(minutes=1)


def test_zero_hours_turn_it_off(loaded: Any) -> None:
    copy = loaded()
    delete_some(copy, 1)
    assert copy.run(reconcile_hours=0).asked[ISSUE] == 0


def test_an_issue_restored_under_its_id_comes_back(loaded: Any) -> None:
    copy = loaded()
    deleted = delete_some(copy, 1)
    copy.job().reconcile()
    copy.world.create_issue(id=deleted[0], title="Back again")
    copy.world.advance(60)
    copy.run()
    assert copy.by_id("issues")[deleted[0]]["title"] == "Back again"


@pytest.mark.dear
def test_what_was_created_before_a_later_start_date_is_neither_missing_nor_removed(fresh: Any) -> None:
    """More than the safety catch lets pass, so that every reconciliation would end with exit code 5."""
    copy = fresh(worlds.quiet(issues=120), options={"tables": ["issues"]})
    copy.run()
    created = sorted(row["created_at"] for row in copy.rows()["issues"])
    start = created[64]
    older = {row["id"] for row in copy.rows()["issues"] if row["created_at"] < start}
    deleted = next(id_ for id_ in copy.world.issue_ids() if id_ not in older)
    copy.world.delete_issue(deleted)
    outcome = copy.job(start_date=start).reconcile()
    assert (outcome.stored, outcome.before, outcome.removed, outcome.mended) == (120, 64, 1, 0)
    assert copy.run(start_date=start, reconcile_hours=1e-9).job.outcome.removed == 0
    assert older <= copy.by_id("issues").keys()
    assert deleted not in copy.by_id("issues")
    assert copy.job().reconcile().before == 0, "with the former start date they are compared again"
