"""What the network and the service do wrong: retried while that helps, then one lane stops and says so."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

import pytest
from support import runs, worlds
from support.compare import assert_equal_copy

SMALL = (*runs.ISSUE_TABLES, "accounts", "kb_articles")
"""Tables of every kind of endpoint: searched, listed, paged, unpaged, with parents."""
CONVERSATION_OF = dict(
    zip(runs.CONVERSATIONS, ("issue_messages", "issue_threads", "issue_followers"), strict=True)
)

PASSING: dict[str, tuple[str, dict[str, Any]]] = {
    "500": ("status", {"status": 500}),
    "502 as HTML": ("status", {"status": 502, "html": True}),
    "503": ("status", {"status": 503}),
    "408": ("status", {"status": 408}),
    "no JSON": ("not_json", {}),
    "reset": ("reset", {}),
    "hang": ("hang", {"seconds": 5}),
    "trickle": ("trickle", {"seconds": 5}),
    "cut, with a length that agrees": ("truncate", {"cut": "length"}),
    "cut, chunked": ("truncate", {"cut": "chunked"}),
    "cut, shorter than announced": ("truncate", {"cut": "short", "keep": 0.9}),
    "data null, but more": ("null_page", {}),
    "data absent, but more": ("absent_data", {}),
    "stuck cursor": ("stuck_cursor", {"page": "later"}),
    "empty cursor": ("empty_cursor", {}),
    "no pagination": ("no_pagination", {}),
    "rows twice": ("overlap", {"page": "later"}),
}


@pytest.mark.sampled(4)
@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING.keys())
def test_a_fault_that_passes_leaves_no_trace(fault: tuple[str, dict[str, Any]], fresh: Any) -> None:
    kind, options = fault
    world = worlds.quiet(issues=20, accounts=40)
    timeout = 1.0 if kind in ("hang", "trickle") else 10.0
    copy = fresh(world, options={"tables": SMALL, "page_size": 7, "timeout_seconds": timeout})
    every = 12 if kind in ("hang", "trickle") else 2 if options.get("page") == "later" else 5
    played = copy.server.faults.add(kind, every=every, streak=3, **options)
    copy.run()
    assert played.played >= 2
    copy.assert_equal()
    assert copy.run().children_asked() == {}


LASTING: dict[str, tuple[str, str, dict[str, Any]]] = {
    "a search that fails": (runs.SEARCH, "status", {"status": 503}),
    "a search cut short": (runs.SEARCH, "truncate", {}),
    "a search without data": (runs.SEARCH, "null_page", {}),
    "a list that fails": (runs.LIST, "status", {"status": 500}),
    "a list that hangs up": (runs.LIST, "reset", {}),
    "messages that fail": (runs.MESSAGES, "status", {"status": 500}),
    "threads that hang": (runs.THREADS, "hang", {"seconds": 5}),
    "followers that are no JSON": (runs.FOLLOWERS, "not_json", {}),
    "accounts that fail": ("GET /accounts", "status", {"status": 502, "html": True}),
    "articles without data": ("GET /knowledge-bases/{id}/articles", "absent_data", {}),
    "a refusal that does not end": (runs.THREADS, "status", {"status": 429, "seconds": 0.01}),
}


HARMLESS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "a search that gives no cursor": (runs.SEARCH, "empty_cursor", {}),
    "a search that repeats its cursor": (runs.SEARCH, "stuck_cursor", {}),
    "a search without pagination": (runs.SEARCH, "no_pagination", {}),
    "a list that gives no cursor": (runs.LIST, "empty_cursor", {}),
    "a list that repeats its cursor": (runs.LIST, "stuck_cursor", {}),
    "a list without pagination": (runs.LIST, "no_pagination", {}),
    "accounts that repeat their cursor": ("GET /accounts", "stuck_cursor", {"page": "later"}),
    "accounts that give no cursor": ("GET /accounts", "empty_cursor", {}),
    "accounts without pagination": ("GET /accounts", "no_pagination", {}),
}
"""What announces pages wrongly for ever, though all rows can be had."""


@pytest.mark.sampled(3)
@pytest.mark.parametrize("fault", HARMLESS.values(), ids=HARMLESS.keys())
def test_pages_that_never_say_where_they_end_cost_requests_and_no_row(
    fault: tuple[str, str, dict[str, Any]], fresh: Any
) -> None:
    endpoint, kind, options = fault
    world = worlds.quiet(issues=25, years=0.1, accounts=25)
    copy = fresh(world, options={"tables": SMALL, "page_size": 10})
    copy.server.faults.add(kind, endpoint, **options)
    run = copy.run()
    copy.assert_equal()
    assert run.asked[endpoint] < 120


@pytest.mark.sampled(4)
@pytest.mark.parametrize("fault", LASTING.values(), ids=LASTING.keys())
def test_a_fault_that_lasts_stops_its_lane_and_no_other(
    fault: tuple[str, str, dict[str, Any]], fresh: Any
) -> None:
    endpoint, kind, options = fault
    copy = fresh(
        worlds.quiet(issues=15, years=0.1, accounts=25),
        options={"tables": SMALL, "page_size": 10, "rate_window_seconds": 0.3},
        rate_headers="none",
    )
    copy.server.faults.add(kind, endpoint, **options)
    run = copy.run(expect=4, timeout_seconds=1.0 if kind == "hang" else 10.0)
    path = endpoint.split("{", maxsplit=1)[0]
    assert any(path in text for text in run.failures.values()), run.failures
    # what does not hang on the endpoint is there
    lost = {CONVERSATION_OF.get(endpoint, ""), *{"GET /accounts": ["accounts"]}.get(endpoint, [])}
    lost |= {"kb_articles"} if "articles" in endpoint else set()
    lost |= set(runs.ISSUE_TABLES) if endpoint in (runs.LIST, runs.SEARCH) else {"issue_sync"}
    copy.assert_equal(set(SMALL) - lost)
    copy.server.faults.clear()
    copy.run()
    copy.assert_equal()


def test_the_history_is_read_though_the_search_fails(fresh: Any) -> None:
    copy = fresh(worlds.quiet(issues=20), options={"tables": ["issues"]})
    copy.server.faults.add("status", runs.SEARCH)
    copy.run(expect=4)
    assert len(copy.by_id("issues")) > 0
    copy.server.faults.clear()
    copy.run()
    copy.assert_equal()


def test_what_a_failing_history_has_read_is_not_read_again(fresh: Any) -> None:
    copy = fresh(worlds.quiet(issues=60, years=1), options={"tables": ["issues"]})
    copy.server.faults.add("status", runs.LIST, after=5)
    first = copy.run(expect=4)
    kept = len(copy.by_id("issues"))
    assert 0 < kept < 60
    copy.server.faults.clear()
    second = copy.run()
    read = {record.query["end_time"] for record in first.requests(runs.LIST)[:4]}
    assert not read & {record.query["end_time"] for record in second.requests(runs.LIST)}
    copy.assert_equal()


def test_one_issue_whose_messages_always_fail_blocks_no_other(fresh: Any) -> None:
    copy = fresh(options={"tables": runs.ISSUE_TABLES})
    poison = worlds.with_messages(copy.world, 2)
    copy.server.faults.add("status", runs.MESSAGES, id=poison)
    run = copy.run(expect=4)
    assert poison in run.failures["issue_messages"]
    truth = [row for row in copy.world.snapshot()["issue_messages"] if row["issue_id"] != poison]
    assert len(copy.rows()["issue_messages"]) == len(truth)
    copy.assert_equal(["issues", "issue_threads", "issue_followers"])
    again = copy.run(expect=4)
    assert {record.path for record in again.requests(runs.MESSAGES)} == {f"/issues/{poison}/messages"}
    assert again.asked[runs.THREADS] == 0
    copy.server.faults.clear()
    copy.run()
    copy.assert_equal()


@pytest.mark.parametrize("status", [400, 404, 410])
def test_a_child_that_is_refused_although_its_issue_is_there_is_not_taken_for_empty(
    status: int, loaded: Any, a_day_later: Any
) -> None:
    copy = loaded()
    ref = worlds.with_messages(copy.world, 2)
    copy.world.edit_issue(ref)
    copy.server.faults.add("status", runs.MESSAGES, id=ref, status=status)
    run = copy.run()
    assert any(ref in text and str(status) in text for text in run.warnings)
    assert any(row["issue_id"] == ref for row in copy.rows()["issue_messages"])
    assert copy.run().children_asked() == {}, "once a day is enough"
    copy.server.faults.clear()
    a_day_later()
    copy.run()
    copy.assert_equal()


@pytest.mark.parametrize("status", [404, 410])
def test_an_issue_that_seems_gone_and_is_listed_loses_nothing(status: int, loaded: Any) -> None:
    copy = loaded()
    ref = worlds.with_messages(copy.world, 2)
    copy.world.edit_issue(ref)
    for endpoint in (*runs.CONVERSATIONS, "GET /issues/{id}"):
        copy.server.faults.add("status", endpoint, id=ref, status=status)
    before = copy.rows()["issue_messages"]
    run = copy.run()
    assert copy.rows()["issue_messages"] == before
    assert not run.warnings
    assert copy.run().children_asked() == {}


def test_empty_pages_without_end_are_no_endless_loop(fresh: Any) -> None:
    copy = fresh(worlds.quiet(accounts=30), options={"tables": ["accounts", "tags"], "page_size": 1})
    copy.server.faults.add("null_page", "GET /accounts", page="later")
    run = copy.run(expect=4)
    assert run.asked["GET /accounts"] < 30
    copy.assert_equal(["tags"])


def test_retries_are_bounded(fresh: Any) -> None:
    copy = fresh(options={"tables": ["tags", "teams"]})
    copy.server.faults.add("status", "GET /tags")
    run = copy.run(expect=4)
    assert run.asked["GET /tags"] == 6
    assert "6 times" in run.failures["tags"]


def test_a_directory_that_fails_keeps_its_rows(loaded: Any) -> None:
    copy = loaded(options={"tables": ("accounts", "tags", "kb_articles"), "refresh_hours": 0, "page_size": 2})
    before = copy.rows()
    copy.server.faults.add("status", "GET /accounts", page="later")
    copy.server.faults.add("status", "GET /knowledge-bases/{id}/articles", after=1)
    copy.run(expect=4)
    after = copy.rows()
    assert len(after["accounts"]) == len(before["accounts"])
    assert len(after["kb_articles"]) == len(before["kb_articles"])
    copy.server.faults.clear()
    copy.run()
    copy.assert_equal()


def test_every_request_has_a_timeout(fresh: Any) -> None:
    copy = fresh(options={"tables": ["tags", "teams"], "timeout_seconds": 0.5})
    copy.server.faults.add("hang", "GET /tags", seconds=60)
    began = time.monotonic()
    run = copy.run(expect=4)
    assert time.monotonic() - began < 30
    assert "did not answer in time" in run.failures["tags"]


def test_an_unreachable_host_is_named_and_nothing_is_lost(loaded: Any) -> None:
    copy = loaded()
    before = _contents(copy)
    run = copy.run(expect=4, base_url="http://127.0.0.1:9", timeout_seconds=1)
    assert all("127.0.0.1 cannot be reached" in text for text in run.failures.values())
    assert _contents(copy) == before
    copy.run()
    copy.assert_equal()


def _contents(copy: Any) -> dict[str, Counter[str]]:
    return {
        name: Counter(map(repr, rows)) for name, rows in copy.rows().items() if not name.startswith("_dlt")
    }


def _issue_with_both(world: Any) -> str:
    return next(ref for ref in world.issue_ids() if world.messages(ref) and world.followers(ref))


@pytest.mark.parametrize("lane", ["issue_messages", "issue_followers"])
def test_a_child_without_its_key_costs_itself_and_no_other(lane: str, fresh: Any, a_day_later: Any) -> None:
    copy = fresh(options={"tables": SMALL})
    world, truth = copy.world, copy.world.snapshot()
    ref = _issue_with_both(world)
    children = world._own_children(world.record(ref))
    broken = children.messages[-1] if lane == "issue_messages" else children.followers[0]
    whole = broken.pop("id")
    run = copy.run()
    assert any("1 objects without" in text for text in run.warnings)
    assert_equal_copy(truth, copy.rows, set(SMALL) - {lane, "issue_sync"})
    assert len(copy.rows()[lane]) == len(truth[lane]) - 1
    assert copy.run().children_asked() == {}, "once a day is enough"
    broken["id"] = whole
    a_day_later()
    copy.run()
    copy.assert_equal()


def test_a_directory_row_without_its_key_costs_itself_and_no_other(fresh: Any) -> None:
    copy = fresh(options={"tables": SMALL})
    broken = copy.world.rows("accounts")[1]
    whole = broken.pop("id")
    run = copy.run()
    assert any("GET /accounts gave 1 objects without id" in text for text in run.warnings)
    copy.assert_equal(set(SMALL) - {"accounts"})
    assert len(copy.rows()["accounts"]) == len(copy.world.rows("accounts")) - 1
    broken["id"] = whole
    copy.run(refresh_hours=0)
    copy.assert_equal()


def test_an_issue_without_its_key_costs_itself_and_the_listing_brings_it(fresh: Any) -> None:
    copy = fresh(options={"tables": SMALL})
    world, truth = copy.world, copy.world.snapshot()
    record = world.record(_issue_with_both(world))
    whole = world.body(record)
    record.body = whole.replace(b'"id":', b'"di":', 1)
    run = copy.run()
    assert any("objects without id" in text for text in run.warnings)
    assert_equal_copy(truth, copy.rows, set(SMALL) - set(runs.ISSUE_TABLES))
    assert len(copy.rows()["issues"]) == len(copy.world) - 1
    record.body = whole
    copy.run(reconcile_hours=1e-6)
    copy.assert_equal()
