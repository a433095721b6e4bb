"""Rows of collections that are gone from Pylon: written down, then removed, unless too many would go at once."""

from __future__ import annotations

from typing import Any

from support import runs, worlds

from pylon_elt.pipelines.base import exits

DUE = {"refresh_hours": 0}
PEOPLE = ("issues", "accounts", "contacts")


def records(copy: runs.Copy, table: str) -> dict[str, str]:
    """Return the evidence by the id of what was removed from a table."""
    rows = copy.rows().get("deletions", [])
    return {row["id"]: row["evidence"] for row in rows if row["table"] == table}


def test_what_a_complete_reading_lacks_is_written_down_and_goes(loaded: Any) -> None:
    copy = loaded(options={"tables": ("tags", "custom_fields", "issue_statuses", "tasks"), **DUE})
    copy.run()
    tag, field = copy.world.rows("tags")[0], copy.world.rows("custom_fields")[0]
    task = copy.world.rows("tasks")[0]
    copy.world.drop("tags", tag["id"])
    copy.world.drop("custom_fields", field["id"])
    copy.world.drop("tasks", task["id"])
    copy.run()
    copy.assert_equal()
    assert records(copy, "tags") == {tag["id"]: "not in a complete reading of GET /tags"}
    assert set(records(copy, "custom_fields")) == {field["id"]}
    assert set(records(copy, "tasks")) == {task["id"]}
    parents = {row["id"]: row["parent_id"] for row in copy.rows()["deletions"]}
    assert parents == {tag["id"]: "", field["id"]: field["object_type"], task["id"]: ""}


def test_a_second_reading_is_made_only_where_something_is_gone(loaded: Any) -> None:
    copy = loaded(options={"tables": ("tags", "teams"), **DUE})
    assert copy.run().asked == {"GET /tags": 1, "GET /teams": 1}
    copy.world.drop("tags", copy.world.rows("tags")[0]["id"])
    run = copy.run()
    assert run.asked["GET /tags"] == 2
    assert copy.run().asked == {"GET /tags": 1, "GET /teams": 1}


def test_a_merged_account_is_told_from_a_deleted_one_by_what_moved(loaded: Any) -> None:
    copy = loaded(options={"tables": PEOPLE, **DUE})
    copy.run()
    owners = {issue["account"]["id"] for issue in copy.world.snapshot()["issues"] if issue.get("account")}
    merged, survivor = sorted(owners)[:2]
    copy.world.merge_accounts(survivor, merged)
    copy.run()
    copy.assert_equal()
    evidence = records(copy, "accounts")[merged]
    assert evidence.startswith("merged: ")
    assert evidence.endswith(f"belongs to {survivor} now")


def test_contacts_tell_of_a_merge_where_the_issues_were_read_before(loaded: Any) -> None:
    copy = loaded(options={"tables": PEOPLE, **DUE})
    copy.run()
    owners = {row["account"]["id"] for row in copy.world.rows("contacts") if row.get("account")}
    merged, survivor = sorted(owners)[:2]
    copy.world.merge_accounts(survivor, merged)
    copy.run(tables=["issues"])
    copy.run()
    assert records(copy, "accounts")[merged].startswith("merged: ")
    copy.assert_equal()


def test_an_account_that_was_deleted_is_not_called_merged(loaded: Any) -> None:
    copy = loaded(options={"tables": PEOPLE, **DUE})
    copy.run()
    gone = copy.world.rows("accounts")[0]["id"]
    copy.world.drop("accounts", gone)
    copy.run()
    assert records(copy, "accounts") == {gone: "not in a complete reading of GET /accounts"}


def test_too_many_at_once_are_kept_until_that_is_confirmed(fresh: Any) -> None:
    copy = fresh(worlds.quiet(accounts=80), options={"tables": ("accounts", "tags"), **DUE})
    copy.run()
    before = len(copy.rows()["accounts"])
    for row in copy.world.rows("accounts")[:60]:
        copy.world.drop("accounts", row["id"])
    copy.world.drop("tags", copy.world.rows("tags")[0]["id"])
    run = copy.run(expect=exits.DATA_CHECK)
    assert "60 of 80 rows of accounts" in run.failures["accounts"]
    assert len(copy.rows()["accounts"]) == before
    copy.assert_equal(tables=["tags"])
    copy.job(tables=("issues", "accounts", "tags")).reconcile(confirmed=True)
    copy.assert_equal()
    assert len(records(copy, "accounts")) == 60


def test_a_full_refresh_keeps_the_records(loaded: Any) -> None:
    copy = loaded(options={"tables": ("tags", "teams"), **DUE})
    copy.run()
    gone = copy.world.rows("tags")[0]["id"]
    copy.world.drop("tags", gone)
    copy.run()
    copy.run(full_refresh=True)
    assert set(records(copy, "tags")) == {gone}
