"""What the API leaves open: paging, cursors, bounds, caps, order. The copy is equal whatever it turns out to be."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from support import runs, worlds
from support.compare import ISSUE_CHILDREN, assert_equal_copy

from pylon_elt import emulator

ISSUES = {"options": {"tables": ["issues"]}}
PAGE = 11


def small_pages(**options: Any) -> dict[str, Any]:
    return {"options": {"tables": ["issues"], "page_size": PAGE, **options}}


BOUNDS = list(itertools.product(("[]", "[)", "(]", "()"), (False, True)))


@pytest.mark.parametrize(("bounds", "truncate"), BOUNDS)
def test_no_seam_loses_a_row(bounds: str, truncate: bool, seed: int, fresh: Any) -> None:
    """A hundred issues on whole seconds and between them, read in windows of about ten."""
    rng = random.Random(seed)
    issues_paged = rng.random() < 0.5
    world = worlds.quiet(seed=rng.randrange(1000), issues=100, years=0.4)
    for ref in rng.sample(world.issue_ids(), 30):
        second = world.issue(ref)["created_at"][:19]
        world.touch_silently(ref, created_at=second + rng.choice(("Z", ".000000001Z", ".999999999Z", ".5Z")))
    kind, sort = rng.choice(("offset", "keyset")), rng.choice(("created", "updated"))
    settings = {"bounds": bounds, "truncate_bounds": truncate, "cursor_kind": kind, "search_sort": sort}
    copy = fresh(world, **small_pages(), issues_paged=issues_paged, **settings)
    copy.run()
    copy.assert_equal()
    for ref in rng.sample(world.issue_ids(), 25):
        world.edit_issue(ref, title="Edited")
        world.advance(rng.choice((0.000001, 0.5, 1, 7)))
    world.advance(rng.choice((0, 1, 3600)))
    copy.run()
    copy.assert_equal()


def test_no_request_asks_for_more_than_thirty_days_or_more_rows_than_wanted(fresh: Any) -> None:
    copy = fresh(worlds.quiet(issues=100, years=2), **small_pages(), search_cap_days=30)
    run = copy.run()
    for record in run.requests(runs.LIST):
        start, end = (datetime.fromisoformat(record.query[name]) for name in ("start_time", "end_time"))
        assert timedelta(0) < end - start <= timedelta(days=30)
        assert record.query["limit"] == str(PAGE)
    for record in run.requests(runs.SEARCH):
        assert record.body["limit"] in (1, PAGE)
        assert set(_fields(record.body["filter"])) <= {"updated_at", "created_at"}
    copy.assert_equal()


def _fields(condition: dict[str, Any]) -> Iterator[str]:
    """Return the fields that a filter names."""
    if "field" in condition:
        yield condition["field"]
    for part in condition.get("subfilters", []):
        yield from _fields(part)


@pytest.mark.parametrize("cap", [30, 365])
def test_both_caps_of_the_time_range_are_kept(cap: float, fresh: Any) -> None:
    copy = fresh(worlds.quiet(issues=80, years=3), **ISSUES, window_cap_days=cap)
    copy.run()
    copy.assert_equal()


@pytest.mark.parametrize(
    ("last_page", "empty_data"),
    [("present", "null"), ("null", "list"), ("null", "absent"), ("absent", "null"), ("absent", "absent")],
)
def test_the_ways_to_say_that_nothing_follows(last_page: str, empty_data: str, fresh: Any) -> None:
    copy = fresh(
        worlds.quiet(issues=25), last_page=last_page, empty_data=empty_data, options={"page_size": 5}
    )
    copy.run()
    copy.assert_equal()


@pytest.mark.parametrize("sort", ["created", "updated"])
def test_years_without_an_issue_cost_a_few_searches(sort: str, fresh: Any) -> None:
    world = worlds.quiet(issues=20, years=0.1)
    for years in (1, 4, 9):
        created = world.now() - timedelta(days=365 * years)
        # the older, the later it was updated
        updated = created + timedelta(days=360 * years)
        world.create_issue(created_at=worlds.rfc3339(created), updated_at=worlds.rfc3339(updated))
    copy = fresh(world, **ISSUES, search_sort=sort)
    run = copy.run()
    copy.assert_equal()
    assert run.asked[runs.LIST] <= 12
    assert run.asked[runs.SEARCH] <= 12


def test_history_ends_at_the_oldest_issue_and_is_not_read_again(fresh: Any) -> None:
    copy = fresh(worlds.quiet(issues=30, years=0.5), **ISSUES)
    copy.run()
    assert runs.state_of(copy.folder)["resources"]["issues"]["history_complete"] is True
    copy.world.advance(40 * 86_400)
    assert copy.run().asked[runs.LIST] == 0


def test_start_date_leaves_out_what_was_created_before_it(fresh: Any) -> None:
    world = worlds.quiet(issues=60, years=1)
    start = (world.now() - timedelta(days=100)).replace(microsecond=0)
    copy = fresh(world, options={"tables": runs.ISSUE_TABLES, "start_date": start.isoformat()})
    run = copy.run()
    assert min(record.query["start_time"] for record in run.requests(runs.LIST)) >= worlds.rfc3339(
        start - timedelta(seconds=2)
    )
    _assert_equal_since(copy, start)
    world.advance(60)
    created = {issue["id"]: datetime.fromisoformat(issue["created_at"]) for issue in world.issues()}
    old = next(ref for ref, at in created.items() if at < start)
    new = next(ref for ref, at in created.items() if at >= start)
    worlds.bump_all(world).add_message(old)
    world.add_message(new)
    again = copy.run()
    assert set(again.asked.values()) == {1}
    _assert_equal_since(copy, start)


def test_an_earlier_start_date_reads_what_it_adds(fresh: Any) -> None:
    world = worlds.bump_all(worlds.quiet(issues=60, years=1))
    late, early = (world.now() - timedelta(days=days) for days in (60, 200))
    copy = fresh(world, options={"tables": runs.ISSUE_TABLES})
    copy.run(start_date=late.isoformat())
    for ref in world.issue_ids()[::5]:  # some of them are older than the start date, and left out
        world.add_message(ref)
    world.advance(3600)
    copy.run(start_date=late.isoformat())
    _assert_equal_since(copy, late)
    run = copy.run(start_date=early.isoformat())
    assert max(record.query["end_time"] for record in run.requests(runs.LIST)) <= worlds.rfc3339(
        late + timedelta(seconds=2)
    )
    _assert_equal_since(copy, early)
    copy.run()
    copy.assert_equal()


def _assert_equal_since(copy: Any, start: datetime) -> None:
    truth = copy.world.snapshot()
    kept = {issue["id"] for issue in truth["issues"] if datetime.fromisoformat(issue["created_at"]) >= start}
    truth["issues"] = [issue for issue in truth["issues"] if issue["id"] in kept]
    for child in ISSUE_CHILDREN:
        truth[child] = [row for row in truth[child] if row["issue_id"] in kept]
    assert_equal_copy(truth, copy.rows, copy.tables)


@pytest.mark.parametrize("paged", [True, False], ids=["paged", "unpaged"])
def test_issues_created_at_one_instant_do_not_need_to_fit_a_page(paged: bool, fresh: Any) -> None:
    world = worlds.quiet(issues=10)
    imported = worlds.rfc3339(world.now() - timedelta(days=45))
    for _ in range(3 * PAGE):
        world.create_issue(created_at=imported)
    copy = fresh(world, **small_pages(), issues_paged=paged)
    copy.run()
    copy.assert_equal()


@pytest.mark.parametrize("kind", ["offset", "keyset"])
def test_a_bulk_edit_of_more_issues_than_a_page_holds(kind: str, loaded: Any) -> None:
    copy = loaded(options={"page_size": 7}, cursor_kind=kind)
    copy.world.bulk_edit(copy.world.issue_ids(), state="closed")
    copy.world.advance(30)
    copy.run()
    copy.assert_equal()


def test_a_bulk_edit_of_more_issues_than_any_page_holds_while_it_changes(fresh: Any) -> None:
    """What cannot be cut is read until two readings agree, although rows leave it between two pages."""
    world = worlds.quiet(issues=1100, years=0.2, contacts=10)
    copy = fresh(world, **ISSUES)
    copy.run()
    world.bulk_edit(world.issue_ids(), state="closed")
    world.advance(60)
    left = iter(world.issue_ids()[-3:])
    undo = copy.server.on_request(lambda record: _leave(world, left, record))
    run = copy.run()
    undo()
    assert sum("cursor" in record.body for record in run.requests(runs.SEARCH)) >= 3
    copy.assert_equal()


def _leave(world: emulator.World, left: Any, record: Any) -> None:
    if record.endpoint == runs.SEARCH and "cursor" in record.body and (ref := next(left, None)):
        world.edit_issue(ref, state="new")


@pytest.mark.parametrize("count", [PAGE, PAGE - 1])
def test_an_old_server_with_exactly_one_page_of_issues(count: int, fresh: Any) -> None:
    """It ignores limit and sends no pagination, so a page that is full by chance looks like a cut one."""
    world = worlds.quiet(issues=count, years=0.05)
    copy = fresh(world, **small_pages(), issues_paged=False)
    copy.run()
    copy.assert_equal()


def test_an_issue_dated_into_the_future_is_copied_and_not_read_again_and_again(loaded: Any) -> None:
    copy = loaded()
    ahead = copy.world.now() + timedelta(hours=20)
    copy.world.edit_issue(copy.world.issue_ids()[1], updated_at=worlds.rfc3339(ahead.replace(microsecond=17)))
    copy.run()
    copy.assert_equal()
    assert copy.run().children_asked() == {}


def test_issues_created_while_the_first_load_runs_are_in_the_copy_after_the_next_run(fresh: Any) -> None:
    copy = fresh(options={"tables": runs.ISSUE_TABLES})
    made: list[str] = []

    def create(record: Any) -> None:
        if len(made) < 20:
            issue = copy.world.create_issue(title=f"Made at request {record.n}")
            copy.world.add_message(issue["id"])
            made.append(issue["id"])

    undo = copy.server.on_request(create)
    copy.run()
    undo()
    copy.world.advance(10)
    copy.run()
    assert len(made) == 20
    copy.assert_equal()
