"""Everything beyond the issues and the directory: equal after each run, for no request too many."""

from __future__ import annotations

import random
import shutil
from pathlib import Path
from typing import Any

import pytest
from support import runs, worlds
from support.once import once
from support.runs import Copy

from pylon_elt import emulator
from pylon_elt.pipelines.run import job
from pylon_elt.sources.pylon.catalog import INCREMENTAL, NESTED, USUAL, with_ledgers

COMMENTS = "GET /tasks/{id}/comments"
RESPONSES = "GET /surveys/{id}/responses"
EVIDENCE = "GET /feature-requests/{id}"
MILESTONE = "GET /milestones/{id}"
RELATIONSHIPS = "GET /accounts/{account_id}/relationships"
CALLS = "GET /issues/{id}/voice-calls"

NEW = with_ledgers(
    {table.name for table in (*INCREMENTAL, *NESTED)}
    | {"issues", "accounts", "surveys", "feature_requests", "issue_voice_calls"}
    | {"macros", "macro_groups", "activity_types", "training_data", "organization", "email_suppressions"}
)
"""What this module is about, with what it hangs on."""
WORK = ("tasks", "task_comments", "projects", "milestones", "parent_sync")
SEARCHES = {
    runs.SEARCH: 1,
    "POST /tasks/search": 1,
    "POST /projects/search": 1,
    "POST /audit-logs/search": 1,
    "POST /call-recordings/search": 1,
    "GET /surveys": 1,
}


@pytest.fixture
def world() -> Any:
    """The same world for each test."""
    return worlds.bump_all(worlds.quiet(issues=40))


@pytest.fixture(scope="session")
def first_load(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The database after the first load of that world, made once for all tests."""

    def make(folder: Path) -> None:
        world = worlds.bump_all(worlds.quiet(issues=40))
        with emulator.running(world) as server:
            copy = runs.Copy(server, folder, **options(world, NEW))
            run = copy.run()
            assert not run.warnings
            copy.assert_equal()
            assert all(copy.rows()[name] for name in NEW), "a table without a row shows nothing"

    return runs.database(once(tmp_path_factory, "breadth", make))


@pytest.fixture
def copied(first_load: Path, world: Any, serve: Any, tmp_path: Path) -> Any:
    """Make a copy that has had its first load; its runs fill the tables that are given."""

    def start(*tables: str, settings: Any = None, **more: Any) -> Copy:
        shutil.copyfile(first_load, runs.database(tmp_path))
        return Copy(serve(world, **(settings or {})), tmp_path, **options(world, tables or NEW, **more))

    return start


def options(world: Any, tables: Any, **more: Any) -> dict[str, Any]:
    return {"tables": with_ledgers(tables), "custom_object_types": sorted(world.custom_types), **more}


def settle(world: Any) -> None:
    """Let it be no longer moments since the last edit: rows read within moments of it stay due."""
    world.advance(5)


def test_everything_that_can_be_read_is_read_in_small_pages_too(world: Any, fresh: Any) -> None:
    copy = fresh(world, options(world, NEW, page_size=3))
    copy.run()
    copy.assert_equal()


def test_a_second_run_asks_only_where_something_may_have_changed(world: Any, copied: Any) -> None:
    copy = copied()
    parts = {
        RESPONSES: len(world.rows("surveys")),
        "POST /custom-objects/{type}/search": len(world.custom_types),
        runs.SEARCH: 1 + len(world.rows("ticket_forms")),
        "GET /ticket-forms": 1,
    }
    assert copy.run().asked == SEARCHES | parts
    copy.assert_equal()


def test_a_small_table_costs_one_request_and_a_large_one_no_listing_before_it_is_read(
    world: Any, fresh: Any
) -> None:
    copy = fresh(world, options(world, ("tasks",)))
    assert copy.run().asked == {"GET /tasks": 1}
    copy = fresh(world, options(world, ("audit_logs",), page_size=5))
    run = copy.run()
    assert set(run.asked) == {"POST /audit-logs/search"}
    filters = [record.body.get("filter") for record in run.requests("POST /audit-logs/search")]
    assert filters.count(None) == 1
    copy.assert_equal()


def test_what_changed_is_found_by_its_time_alone(world: Any, copied: Any) -> None:
    copy = copied()
    task, other = (row["id"] for row in world.rows("tasks")[:2])
    world.edit("tasks", task, title="Edited", milestone=None)
    world.add_comment(task)
    made = world.create("tasks", title="New")["id"]
    world.add_comment(made)
    world.edit("projects", world.rows("projects")[0]["id"], name="Edited")
    custom = world.rows("custom_objects")[0]
    world.edit("custom_objects", custom["id"], name="Edited")
    world.create("custom_objects", type=custom["type"], name="New")
    world.create("survey_responses", survey_id=world.rows("surveys")[0]["id"], answers=[{"value": "9"}])
    world.create("audit_logs", action="issue_updated")
    world.create("call_recordings", title="New")
    settle(world)
    run = copy.run()
    copy.assert_equal()
    assert {record.path for record in run.requests(COMMENTS)} == {
        f"/tasks/{task}/comments",
        f"/tasks/{made}/comments",
    }
    assert other not in str([record.path for record in run.records])
    assert {"GET /tasks", "GET /custom-objects/{type}", MILESTONE, EVIDENCE}.isdisjoint(run.asked)


def test_what_moves_no_time_and_what_is_gone_is_found_by_a_listing(world: Any, copied: Any) -> None:
    copy = copied()
    for name in ("tasks", "projects", "survey_responses", "custom_objects", "call_recordings"):
        rows = world.rows(name)
        world.drop(name, rows[0]["id"])
        field = "answers" if name == "survey_responses" else "custom_fields"
        world.put(name, {**rows[1], field: [] if field == "answers" else {"silent": {"value": "1"}}})
    for name in (
        "milestones",
        "feature_requests",
        "macros",
        "activity_types",
        "training_data",
        "email_suppressions",
    ):
        world.drop(name, world.rows(name)[0]["id"])
    world.drop("account_relationships", world.rows("account_relationships")[0]["id"])
    comment = next(row for row in world.rows("task_comments"))
    world.bumps["edit_comment"] = False
    world.edit_comment(comment["id"], body_html="<p>Silently</p>")
    world.edit("organization", world.rows("organization")[0]["id"], name="Renamed")
    settle(world)
    assert copy.run().asked[MILESTONE] == 0  # nothing is due yet
    copy.run(refresh_hours=0)
    copy.run()  # forgets the milestone that nobody mentions any more
    copy.assert_equal()


def test_a_task_that_is_gone_takes_its_comments_and_costs_no_request(world: Any, copied: Any) -> None:
    copy = copied(*WORK)
    gone = next(row["task_id"] for row in world.rows("task_comments"))
    world.drop("tasks", gone)
    settle(world)
    run = copy.run(refresh_hours={"tasks": 0})
    assert run.asked[COMMENTS] == run.asked[f"{'GET'} /tasks/{{id}}"] == 0
    assert gone not in {row["task_id"] for row in copy.rows()["task_comments"]}
    assert gone not in {row["parent_id"] for row in copy.rows()["parent_sync"]}
    copy.assert_equal()


def test_a_survey_that_is_gone_takes_its_responses(world: Any, copied: Any) -> None:
    copy = copied("surveys", "survey_responses")
    world.drop("surveys", world.rows("survey_responses")[0]["survey_id"])
    copy.run(refresh_hours=0)
    copy.assert_equal()
    for survey in world.rows("surveys"):
        world.drop("surveys", survey["id"])
    copy.run(refresh_hours=0)
    assert copy.rows()["surveys"] == copy.rows()["survey_responses"] == []


def test_a_new_survey_is_asked_for_its_responses_though_the_list_of_surveys_is_not_due(
    world: Any, copied: Any
) -> None:
    copy = copied("surveys", "survey_responses")
    survey = world.create("surveys", name="New")["id"]
    world.create("survey_responses", survey_id=survey)
    copy.run()
    copy.assert_equal(["survey_responses"])


def test_accounts_that_are_merged_are_so_everywhere(world: Any, copied: Any) -> None:
    copy = copied("accounts", "tasks", "projects", "survey_responses", "audit_logs", "account_relationships")
    survivor, merged = (row["id"] for row in world.rows("accounts")[:2])
    world.merge_accounts(survivor, [merged])
    settle(world)
    copy.run(refresh_hours=0)
    copy.assert_equal()
    assert "account_merged" in {row["action"] for row in copy.rows()["audit_logs"]}


def test_whatever_happens_a_complete_read_ends_equal(world: Any, copied: Any) -> None:
    tables = {table.name for table in (*INCREMENTAL, *NESTED)} | {"surveys", "feature_requests", "accounts"}
    copy = copied(*tables, page_size=7)
    rng = random.Random(1)
    for _ in range(80):
        world.random_mutation(rng, others=True)
    settle(world)
    copy.run(refresh_hours=0, custom_object_types=sorted(world.custom_types))
    copy.run()
    # the emulator's chance edits entries of the audit log too, which nothing in the API can do
    copy.assert_equal(tables - {"audit_logs"})
    assert {row["id"] for row in world.rows("audit_logs")} <= copy.by_id("audit_logs").keys()


# -- while it is read ----------------------------------------------------------------------------------------------


def test_a_delete_at_the_seam_of_two_pages_of_a_listing_loses_no_row(world: Any, copied: Any) -> None:
    copy = copied("tasks", page_size=2)
    gone = world.rows("tasks")[1]["id"]

    def hook(record: Any) -> None:
        if record.endpoint == "GET /tasks" and record.query.get("cursor") and world.row("tasks", gone):
            world.drop("tasks", gone)

    undo = copy.server.on_request(hook)
    copy.run(refresh_hours=0)
    undo()
    assert {row["id"] for row in world.rows("tasks")} <= copy.by_id("tasks").keys()
    copy.run(refresh_hours=0)
    copy.assert_equal()


@pytest.mark.parametrize("cursor", ["offset", "keyset"])
def test_edits_while_the_first_load_reads_are_there_after_the_next_run(
    cursor: str, world: Any, fresh: Any
) -> None:
    copy = fresh(
        world, options(world, ("tasks", "projects", "custom_objects"), page_size=3), cursor_kind=cursor
    )
    rng, done = random.Random(3), []

    def hook(record: Any) -> None:
        if len(done) < 25 and record.path != "/me":
            done.append(record)
            name = rng.choice(["tasks", "projects", "custom_objects"])
            row = rng.choice(world.rows(name))
            world.edit(name, row["id"], custom_fields={"edit": {"value": str(len(done))}})
            if len(done) % 3 == 0:
                extra = {"type": row["type"]} if name == "custom_objects" else {}
                world.create(name, **extra)

    undo = copy.server.on_request(hook)
    copy.run()
    undo()
    assert len(done) == 25
    settle(world)
    copy.run()
    copy.assert_equal()


def test_what_the_index_shows_late_is_found_by_a_later_run(world: Any, fresh: Any) -> None:
    lag = 240.0
    copy = fresh(world, options(world, (*WORK, "custom_objects")), index_lag_seconds=lag)
    world.advance(lag)
    copy.run()
    world.edit("tasks", world.rows("tasks")[0]["id"], title="Shown late")
    world.add_comment(world.rows("tasks")[0]["id"])
    world.edit("projects", world.rows("projects")[0]["id"], name="Shown late")
    world.create("projects", name="Shown late")
    world.advance(10)
    assert copy.run().asked[COMMENTS] == 0
    world.advance(lag)
    copy.run()
    copy.assert_equal()


# -- what goes wrong -----------------------------------------------------------------------------------------------


def test_a_listing_that_is_cut_short_removes_nothing(world: Any, copied: Any) -> None:
    copy = copied("tasks", "macros", page_size=3)
    before = copy.by_id("tasks").keys()
    for row in world.rows("tasks")[:3]:
        world.drop("tasks", row["id"])
    copy.server.faults.add("status", "GET /tasks", page="later", after=1)
    run = copy.run(expect=4, refresh_hours=0)
    assert "GET /tasks" in run.failures["tasks"]
    assert copy.by_id("tasks").keys() == before
    copy.assert_equal(["macros"])
    copy.server.faults.clear()
    copy.run(refresh_hours=0)
    copy.assert_equal()


def test_what_may_not_be_read_is_a_warning_and_all_else_is_read(
    world: Any, copied: Any, a_day_later: Any
) -> None:
    denied = {
        "tasks": "GET /tasks",
        "task_comments": COMMENTS,
        "projects": "POST /projects/search",
        "milestones": MILESTONE,
        "survey_responses": RESPONSES,
        "feature_request_evidence": EVIDENCE,
        "audit_logs": "POST /audit-logs/search",
        "call_recordings": "POST /call-recordings/search",
        "issue_voice_calls": CALLS,
        "macros": "GET /macros",
        "training_data": "GET /training-data",
        "account_relationships": RELATIONSHIPS,
        "custom_objects": "GET /custom-objects/{type}",
    }
    copy = copied(settings={"denied": tuple(denied.values())})
    phone = next(row["id"] for row in world.issues() if row["source"] == "phone")
    world.edit_issue(phone, title="Edited")
    world.edit("surveys", world.rows("surveys")[0]["id"], name="Edited")
    settle(world)
    run = copy.run(refresh_hours=0)
    assert run.report.lacking.keys() | {text.split(":")[0] for text in run.warnings} == set(denied)
    assert all("403" in str(error) for error in run.report.lacking.values())
    assert all(run.asked[endpoint] <= 16 for endpoint in denied.values())
    copy.assert_equal(set(NEW) - {"issue_sync"})
    again = copy.run(refresh_hours=0)
    assert not any(again.asked[endpoint] for endpoint in denied.values())
    copy.server.settings.denied = ()
    a_day_later()
    copy.run()
    copy.assert_equal()


@pytest.mark.dear
def test_what_may_not_be_read_ends_a_run_however_much_of_it_is_due(
    world: Any, copied: Any, a_day_later: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job, "TURN_DUE", 1)
    copy = copied(*WORK, settings={"denied": (COMMENTS,)})
    for row in world.rows("tasks")[:3]:
        world.edit("tasks", row["id"], title="Edited")
    settle(world)
    copy.run(on_turn=_four_at_most)
    copy.run(on_turn=_four_at_most)
    copy.server.settings.denied = ()
    a_day_later()
    copy.run()
    copy.assert_equal()


def _four_at_most(turn: int) -> None:
    assert turn <= 4, "a run that does not end"


def test_comments_that_are_refused_of_a_task_that_is_there_stay(
    world: Any, copied: Any, a_day_later: Any
) -> None:
    copy = copied(*WORK)
    task = next(row["task_id"] for row in world.rows("task_comments"))
    world.edit("tasks", task, title="Edited")
    settle(world)
    copy.server.faults.add("status", COMMENTS, id=task, status=404)
    run = copy.run()
    assert [f"GET /tasks/{task}/comments was answered with 404" in text for text in run.report.warnings] == [
        True
    ]
    copy.assert_equal(["tasks", "task_comments"])
    again = copy.run()
    assert not again.asked[COMMENTS]
    assert not again.report.warnings
    copy.server.faults.clear()
    a_day_later()
    copy.run()
    copy.assert_equal()


def test_a_list_without_a_second_page_that_is_full_is_not_taken_for_the_whole(
    world: Any, copied: Any
) -> None:
    copy = copied("feature_requests", "macros")
    before = {row["id"] for row in copy.rows()["feature_requests"]}
    for number in range(1001 - len(before)):
        world.create("feature_requests", title=str(number))
    run = copy.run(expect=4, refresh_hours=0)
    assert "no second page" in run.failures["feature_requests"]
    assert run.asked["POST /feature-requests/search"] == 1
    now = {row["id"] for row in copy.rows()["feature_requests"]}
    assert now >= before, "what the page does not show is not gone"
    assert len(now) >= 1000


def test_a_type_of_custom_objects_that_does_not_exist_is_named(world: Any, fresh: Any) -> None:
    types = [*sorted(world.custom_types), "assetts"]
    copy = fresh(world, {"tables": ("custom_objects",), "custom_object_types": types})
    run = copy.run()
    assert ["'assetts'" in text for text in run.warnings] == [True]
    copy.assert_equal()


def test_without_types_custom_objects_cost_nothing(world: Any, fresh: Any) -> None:
    copy = fresh(world, {"tables": ("custom_objects", "tags")})
    assert copy.run().asked == {"GET /tags": 1}


# -- voice calls ---------------------------------------------------------------------------------------------------


def test_only_issues_that_came_in_by_telephone_are_asked_for_calls(world: Any, fresh: Any) -> None:
    copy = fresh(world, options(world, ("issues", "issue_voice_calls", "issue_sync")))
    by_phone = {row["id"] for row in world.issues() if row["source"] == "phone"}
    run = copy.run()
    assert {record.path.split("/")[2] for record in run.requests(CALLS)} == by_phone != set()
    assert b"?" not in str(copy.rows()["issue_voice_calls"]).encode() or _unsigned(copy)
    copy.assert_equal()


def _unsigned(copy: Copy) -> bool:
    rows = copy.rows()["issue_voice_calls"]
    urls = [one["download_url"] for row in rows for one in row["recordings"] or []]
    return bool(urls) and not any("?" in url for url in urls)


def test_a_call_is_asked_for_again_until_its_recording_is_there(world: Any, fresh: Any) -> None:
    copy = fresh(world, options(world, ("issues", "issue_voice_calls", "issue_sync")))
    ref = next(row["id"] for row in world.issues() if row["source"] == "phone")
    call = world.add_voice_call(ref)["id"]
    settle(world)
    copy.run()
    world.bumps["finish_transcript"] = False
    world.finish_transcript(call)
    settle(world)
    run = copy.run()
    assert [record.path.split("/")[2] for record in run.requests(CALLS)] == [ref]
    copy.assert_equal()
    assert copy.run().asked == {runs.SEARCH: 1}


def test_a_removed_issue_takes_its_calls(world: Any, copied: Any) -> None:
    copy = copied("issues", "issue_voice_calls", "issue_sync", reconcile_hours=24)
    gone = world.rows("issue_voice_calls")[0]["issue_id"]
    world.delete_issue(gone)
    copy.job().reconcile()
    copy.assert_equal()
    assert {row["table"] for row in copy.rows()["deletions"]} == {"issues", "issue_voice_calls"}


# -- what is off ---------------------------------------------------------------------------------------------------


def test_what_is_expensive_or_personal_is_read_only_if_somebody_asked(fresh: Any) -> None:
    copy = fresh(worlds.quiet(issues=5), {"tables": ()})
    run = copy.run()
    assert set(run.job.tables) == set(USUAL)
    off = {"POST /audit-logs/search", "POST /call-recordings/search", CALLS, RELATIONSHIPS}
    assert off.isdisjoint(run.asked)
    more = copy.run(include=["audit_logs", "account_relationships"])
    assert {"POST /audit-logs/search", RELATIONSHIPS} == off & set(more.asked)
    assert {"audit_logs", "account_relationships"} <= copy.rows().keys()
    assert {"call_recordings", "issue_voice_calls"}.isdisjoint(copy.rows())


@pytest.mark.dear
def test_what_an_older_server_lacks_is_told_once_and_fills_once_it_is_there(
    world: Any, fresh: Any, a_day_later: Any
) -> None:
    label = "GET /email-suppressions"
    copy = fresh(world, options(world, ("email_suppressions", "tags")), lacking=("/email-suppressions",))
    run = copy.run()
    assert list(run.report.lacking) == ["email_suppressions"]
    assert not run.warnings
    assert run.asked[label] == 1
    again = copy.run(refresh_hours=0)
    assert not again.report.lacking
    assert not again.asked[label]
    copy.server.settings.lacking = ()
    a_day_later()
    copy.run()
    assert len(copy.rows()["email_suppressions"]) == len(world.rows("email_suppressions")) > 0
    copy.assert_equal()
