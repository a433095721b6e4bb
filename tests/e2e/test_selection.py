"""Which tables are filled and when: selection, intervals, a full refresh, and runs that end early."""

from __future__ import annotations

import itertools
import time
from typing import Any

import duckdb
import pytest
from support import runs, worlds

from pylon_elt.emulator.log import Record
from pylon_elt.sources.pylon.catalog import CHILDREN, TABLES, USUAL


def test_only_the_tables_that_were_asked_for_are_made_and_requested(fresh: Any) -> None:
    copy = fresh(options={"tables": ["issues", "issue_threads", "issue_sync", "tags"]})
    run = copy.run()
    assert set(run.asked) == {runs.LIST, runs.SEARCH, runs.THREADS, "GET /tags"}
    assert {name for name in copy.rows() if name in TABLES} == set(copy.tables)
    copy.assert_equal()


@pytest.mark.parametrize("child", [table.name for table in CHILDREN if table.name in USUAL])
def test_a_child_alone_takes_its_ledger_along(child: str, loaded: Any) -> None:
    copy = loaded(options={"tables": [child]})
    ref = copy.world.issue_ids()[0]
    copy.world.edit_issue(ref)
    assert not copy.run().asked  # nobody reads the issues, so nobody knows that one changed
    copy.run(tables=["issues"])
    run = copy.run()
    assert run.asked.total() == 1
    assert ref in run.records[-1].path
    assert sum(row["child"] == child for row in copy.rows()["issue_sync"]) == len(copy.world)
    copy.run(tables=runs.ISSUE_TABLES)
    copy.assert_equal(runs.ISSUE_TABLES)


def test_children_that_are_selected_later_are_read_then(fresh: Any) -> None:
    copy = fresh(options={"tables": ["issues", "issue_threads", "issue_sync"]})
    copy.run()
    run = copy.run(tables=runs.ISSUE_TABLES)
    count = len(copy.world)
    assert run.asked == {runs.SEARCH: 1, runs.MESSAGES: count, runs.FOLLOWERS: count}
    copy.assert_equal(runs.ISSUE_TABLES)


def test_a_table_that_somebody_dropped_is_healed_by_its_full_refresh(loaded: Any) -> None:
    copy = loaded()
    with duckdb.connect(str(copy.database)) as connection:
        connection.execute('DROP TABLE "pylon"."issue_threads"')
    copy.run(tables=["issue_threads"], full_refresh=True)
    copy.run()
    copy.assert_equal()


def test_a_full_refresh_reads_everything_anew_once(loaded: Any) -> None:
    copy = loaded()
    run = copy.run(full_refresh=True)
    asked = run.children_asked()
    assert sum(asked.values()) == 3 * len(copy.world) + 3, (
        "each once, and one of each before anything is dropped"
    )
    assert len(asked) == 3 * len(copy.world)
    copy.assert_equal()
    assert copy.run().asked == {runs.SEARCH: 1}


def test_a_full_refresh_of_some_tables_leaves_the_others_alone(loaded: Any) -> None:
    copy = loaded(options={"tables": ["accounts", "tags"]})
    before = copy.rows()
    run = copy.run(full_refresh=True)
    assert set(run.asked) == {"GET /accounts", "GET /tags"}
    after = copy.rows()
    for name in set(runs.TABLES) - {"accounts", "tags"}:
        assert after[name] == before[name]
    copy.assert_equal()


def test_a_full_refresh_of_one_child_ends_with_all_of_them_right(loaded: Any) -> None:
    copy = loaded()
    copy.run(tables=["issue_messages"], full_refresh=True)
    copy.run()
    copy.assert_equal()
    assert copy.run().asked == {runs.SEARCH: 1}


def test_a_run_that_is_out_of_time_saves_what_it_has(fresh: Any) -> None:
    copy = fresh(options={"tables": runs.ISSUE_TABLES, "max_minutes": 60}, latency_seconds=0.2)
    job = copy.job()
    read = itertools.count(1)

    def end_after_some(record: Record) -> None:
        if record.endpoint in runs.CONVERSATIONS and next(read) == 20:
            job.control.budget.deadline = time.monotonic()

    undo = copy.server.on_request(end_after_some)
    assert job.run() == 0
    undo()
    assert job.unfinished
    assert 0 < len(copy.rows()["issue_sync"]) < 3 * len(copy.world)
    copy.server.settings.latency_seconds = 0.0
    copy.run()
    copy.assert_equal()


def test_a_run_that_is_stopped_saves_what_it_has(fresh: Any) -> None:
    copy = fresh(options={"tables": runs.ISSUE_TABLES}, latency_seconds=0.2)
    job = copy.job()
    read = itertools.count(1)

    def stop_after_some(record: Record) -> None:
        if record.endpoint in runs.CONVERSATIONS and next(read) == 20:
            job.stop()

    undo = copy.server.on_request(stop_after_some)
    assert job.run() == 0
    undo()
    assert 0 < len(copy.rows()["issue_sync"]) < 3 * len(copy.world)
    copy.server.settings.latency_seconds = 0.0
    copy.run()
    copy.assert_equal()


def test_a_directory_table_is_read_when_its_interval_has_passed(fresh: Any) -> None:
    hours = {"tags": 0, "accounts": 1.5 / 3600}
    tables = ["tags", "teams", "accounts"]
    copy = fresh(options={"tables": tables, "refresh_hours": hours})
    assert set(copy.run().asked) == {"GET /tags", "GET /teams", "GET /accounts"}
    copy.world.edit("teams", copy.world.rows("teams")[0]["id"], name="Later")
    time.sleep(1.5)
    assert set(copy.run().asked) == {"GET /tags", "GET /accounts"}
    assert set(copy.run(refresh_hours={"*": 0, "tags": 1}).asked) == {"GET /teams", "GET /accounts"}
    copy.assert_equal()


def test_what_a_directory_no_longer_shows_goes(fresh: Any) -> None:
    world = worlds.quiet(issues=5)
    copy = fresh(world, options={"tables": runs.DIRECTORY_TABLES, "refresh_hours": 0})
    copy.run()
    for name in set(runs.DIRECTORY_TABLES) - {"organization"}:  # that one is always there
        row = world.rows(name)[0]
        world.drop(name, row.get("id") or row["slug"])
    kind = world.rows("custom_fields")[0]["object_type"]
    for row in world.rows("custom_fields"):
        if row["object_type"] == kind:  # the last of its kind
            world.drop("custom_fields", row["id"])
    copy.run()
    copy.assert_equal()
    for row in world.rows("user_roles"):
        world.drop("user_roles", row["id"])
    for row in world.rows("knowledge_bases"):
        world.drop("knowledge_bases", row["id"])
    copy.run()
    assert copy.rows()["user_roles"] == copy.rows()["kb_articles"] == []
    copy.assert_equal()


def test_a_directory_read_cut_short_removes_nothing(fresh: Any) -> None:
    world = worlds.quiet(accounts=30)
    copy = fresh(world, options={"tables": ["accounts"], "page_size": 10, "refresh_hours": 0})
    copy.run()
    world.drop("accounts", world.rows("accounts")[25]["id"])
    world.edit("accounts", world.rows("accounts")[0]["id"], name="Read before the cut")
    copy.server.faults.add("status", "GET /accounts", page="later", after=1)
    copy.run(expect=4)
    stored = copy.by_id("accounts")
    assert len(stored) == 30
    assert stored[world.rows("accounts")[0]["id"]]["name"] == "Read before the cut"
    copy.server.faults.clear()
    copy.run()
    copy.assert_equal()


def test_a_server_that_knows_fewer_kinds_of_custom_fields(fresh: Any) -> None:
    copy = fresh(object_types=("account", "issue", "contact"), options={"tables": ["custom_fields"]})
    copy.run()
    truth = copy.world.snapshot()
    known = [row for row in truth["custom_fields"] if row["object_type"] in ("account", "issue", "contact")]
    assert len(copy.rows()["custom_fields"]) == len(known)


def test_a_server_that_refuses_every_kind_of_custom_fields_is_no_workspace_without_any(loaded: Any) -> None:
    copy = loaded(options={"tables": ["custom_fields", "tags"], "refresh_hours": 0})
    copy.server.faults.add("status", "GET /custom-fields", status=400)
    run = copy.run(expect=4)
    assert "400" in run.failures["custom_fields"]
    copy.assert_equal()


def test_a_knowledge_base_that_goes_while_it_is_read(fresh: Any) -> None:
    world = worlds.quiet(issues=5)
    copy = fresh(
        world, options={"tables": ["knowledge_bases", "kb_collections", "kb_articles"], "refresh_hours": 0}
    )
    gone = world.rows("knowledge_bases")[-1]["id"]

    def drop(record: Any) -> None:
        if gone in record.path and world.row("knowledge_bases", gone):
            world.drop("knowledge_bases", gone)

    undo = copy.server.on_request(drop)
    copy.run()
    undo()
    copy.run()
    copy.assert_equal()
