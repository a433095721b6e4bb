"""Reading windows of a result that changes between any two requests: nothing is lost at a seam, and it ends."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.desk import START, Desk
from support.desk_runs import Runs, assert_right, desks, happenings, run_while

from pylon_elt.sources.pylon.api import windows
from pylon_elt.sources.pylon.api.windows import Window
from pylon_elt.sources.pylon.copy.state import Going
from pylon_elt.sources.pylon.errors import Unanswered, Unavailable
from pylon_elt.sources.pylon.lanes import issues
from pylon_elt.sources.pylon.lanes.pieces import pieces
from pylon_elt.sources.pylon.lanes.ways import Reader

SECOND = timedelta(seconds=1)


def read(desk: Desk, way: issues.Way, window: Window, *, newest_first: bool = False) -> list[Any]:
    async def collect() -> list[Any]:
        found = pieces(reader_of(desk), way, window, Going(), newest_first=newest_first, page_size=desk.limit)
        return [one async for one in found]

    return asyncio.run(collect())


def reader_of(desk: Any) -> Reader:
    """A reader without a copy."""
    return Reader(desk, desk, lambda _rows: set())


@given(desks(), happenings(), st.booleans(), st.timedeltas(timedelta(microseconds=1), windows.WIDEST))
def test_no_issue_of_a_window_is_lost_while_others_come_and_go(
    desk: Desk, steps: list[Callable[[Desk], None]], newest_first: bool, width: timedelta
) -> None:
    """By creation, nothing leaves a window but what is deleted."""
    window = Window(START - width, START)
    wanted = {name for name, issue in desk.issues.items() if window.start <= issue.created < window.end}
    desk.before_request = steps
    try:
        found_pieces = read(desk, issues.BY_CREATION, window, newest_first=newest_first)
    except Unavailable as error:
        assert "changes faster" in str(error)
        return
    found = {row["id"] for _, batch in found_pieces for row in batch.rows}
    assert wanted & desk.issues.keys() <= found
    bounds = [(piece.start, piece.end) for piece, _ in found_pieces if piece]
    ordered = bounds[::-1] if newest_first else bounds
    assert ordered[0][0] == window.start
    assert ordered[-1][1] == window.end
    assert all(one[1] == two[0] for one, two in itertools.pairwise(ordered))


@given(desks(), happenings())
def test_what_leaves_a_window_of_changes_is_found_in_a_later_one(
    desk: Desk, steps: list[Callable[[Desk], None]]
) -> None:
    """By update, an edit takes an issue out of its window, into the present; the others must not go with it."""
    window = Window(START - windows.WIDEST, START)
    before = {name: issue.version for name, issue in desk.issues.items() if issue.updated < START}
    desk.before_request = steps
    try:
        found_pieces = read(desk, issues.BY_UPDATE, window)
    except Unavailable as error:
        assert "changes faster" in str(error)
        return
    found = {row["id"] for _, batch in found_pieces for row in batch.rows}
    quiet = {
        name
        for name, version in before.items()
        if name in desk.issues and desk.issues[name].version == version
    }
    assert quiet <= found


def test_reading_costs_little_more_than_its_pages() -> None:
    for sort in ("created", "updated"):
        desk = Desk(sort=sort, limit=100)
        for number in range(1500):
            desk.create(str(number), START - number * timedelta(minutes=25))
        found_pieces = read(desk, issues.BY_UPDATE, Window(START - windows.WIDEST, START))
        assert sum(len(batch.rows) for _, batch in found_pieces) >= 1500
        assert desk.requests <= 2.6 * 1500 / 100


@pytest.mark.parametrize("cap", [7, 1000])
def test_many_issues_of_one_moment_are_read_until_two_readings_agree(cap: int) -> None:
    desk = Desk(limit=3, cap=cap)
    for number in range(40):
        desk.create(str(number), START - timedelta(days=2))
    desk.before_request = [lambda _desk: None] * 12 + [lambda desk: desk.delete("17")]
    found_pieces = read(desk, issues.BY_CREATION, Window(START - timedelta(days=9), START))
    assert {row["id"] for _, batch in found_pieces for row in batch.rows} >= desk.issues.keys()


def test_what_changes_all_the_time_is_given_up() -> None:
    desk = Desk(limit=3, cap=3)
    for number in range(40):
        desk.create(str(number), START - timedelta(days=2))
    desk.before_request = [lambda desk: desk.create(f"new-{desk.requests}", START - timedelta(days=2))] * 2000
    with pytest.raises(Unavailable, match="changes faster than it can be read"):
        read(desk, issues.BY_CREATION, Window(START - timedelta(days=9), START))


@pytest.mark.parametrize("way", [issues.BY_CREATION, issues.BY_UPDATE])
def test_a_server_that_ignores_the_filter_is_not_asked_for_ever(way: issues.Way) -> None:
    desk = Desk(limit=3)
    for number in range(20):
        desk.create(str(number), START - timedelta(days=100 + number))
    desk._list = desk._search = lambda _wanted: Desk._search(desk, EVERYTHING)  # type: ignore[method-assign]
    with pytest.raises(Unavailable, match="ignores its filter"):
        read(desk, way, Window(START - timedelta(days=9), START))


EVERYTHING: dict[str, Any] = {"operator": "and", "subfilters": []}


# -- the lanes, run after run --------------------------------------------------------------------------------------


@given(
    desks(lag=True),
    st.lists(st.tuples(happenings(), st.timedeltas(timedelta(0), timedelta(days=40))), max_size=4),
)
def test_run_after_run_the_copy_is_right_once_the_index_has_caught_up(
    desk: Desk, rounds: list[tuple[list[Callable[[Desk], None]], timedelta]]
) -> None:
    reader = Runs(desk)
    for steps, rest in rounds:
        run_while(reader, steps)
        desk.now += rest
    for _ in range(2):  # the second shows what the index hid from the first
        reader.run()
        desk.now += desk.lag + SECOND
    reader.run()
    assert_right(reader)


ages = st.lists(st.integers(0, 4000), min_size=1, max_size=25)


@given(ages, desks(), st.randoms(use_true_random=False))
def test_history_reaches_every_issue_over_any_gap(days: list[int], desk: Desk, rng: Any) -> None:
    """However the search sorts: it is asked only whether there is something older, and where."""
    desk.issues.clear()
    for number, age in enumerate(days):
        desk.create(str(number), START - timedelta(days=age, seconds=rng.randrange(86_400)))
        if rng.random() < 0.5:
            desk.edit(str(number))
    reader = Runs(desk)
    reader.run()
    assert_right(reader)
    assert reader.stretch.history_complete


def test_a_long_gap_costs_few_requests() -> None:
    desk = Desk(limit=100)
    desk.create("new", START - timedelta(days=1))
    desk.create("old", START - timedelta(days=9000))
    reader = Runs(desk)
    reader.run()
    assert_right(reader)
    assert desk.requests <= 12


@given(ages, st.integers(0, 4000))
def test_history_ends_at_the_start_date(days: list[int], floor: int) -> None:
    desk = Desk(limit=3)
    for number, age in enumerate(days):
        desk.create(str(number), START - timedelta(days=age))
    start = START - timedelta(days=floor)
    reader = Runs(desk, start)
    reader.run()
    assert reader.copy.keys() == {name for name, issue in desk.issues.items() if issue.created >= start}


# -- what the server cannot give -----------------------------------------------------------------------------------


def _apart(count: int, **options: Any) -> Desk:
    desk = Desk(limit=20, **options)
    for number in range(count):
        desk.create(str(number), START - number * timedelta(hours=7))
    return desk


@pytest.mark.parametrize("sort", ["created", "updated", "name"])
def test_an_issue_that_makes_the_server_fail_costs_itself(sort: str) -> None:
    desk = _apart(100, sort=sort)
    reader = Runs(desk)
    desk.bad = {"41"}
    reader.run()
    assert reader.stretch.history_complete
    assert reader.copy.keys() == desk.issues.keys() - desk.bad
    assert len(reader.told) == 1
    assert "could not be read from 2026-02-17T" in reader.told[0]
    assert desk.requests < 120
    asked = desk.requests
    reader.run()
    assert len(reader.told) == 2, "each run says so"
    assert desk.requests <= asked + 3
    desk.bad = set()
    reader.run()
    assert_right(reader)
    assert not reader.stretch.history_left


def test_two_that_follow_each_other_may_be_the_endpoints_fault_and_take_a_run_each() -> None:
    desk = _apart(60)
    desk.bad = {"41", "42"}
    reader = Runs(desk, allowance=lambda: 10)
    with pytest.raises(Unavailable, match="could not be read from"):
        reader.run()
    assert len(reader.told) == 1
    reader.run()
    assert reader.copy.keys() == desk.issues.keys() - desk.bad
    assert len(reader.stretch.history_left) == 2
    desk.bad = set()
    reader.run()
    assert_right(reader)


def test_it_is_found_in_turns_that_are_too_short_for_it() -> None:
    desk = _apart(100)
    desk.bad = {"41"}
    reader = Runs(desk, allowance=lambda: 10)
    reader.run()
    assert reader.copy.keys() == desk.issues.keys() - desk.bad
    assert desk.requests < 120


def test_an_edit_that_makes_the_server_fail_holds_no_other_up() -> None:
    desk = _apart(60)
    reader = Runs(desk)
    reader.run()
    for number in range(30):
        desk.now += timedelta(minutes=5)
        desk.edit(str(number))
    desk.bad = {"17"}
    reader.run()
    assert {name for name, version in reader.copy.items() if not version} >= {"17"}
    for _ in range(3):
        desk.now += timedelta(hours=1)
        desk.edit("50")
        reader.run()
        assert reader.copy["50"] == desk.issues["50"].version
    assert {name for name, version in reader.copy.items() if desk.issues[name].version != version} == {"17"}
    desk.now += timedelta(hours=1)
    desk.bad = set()
    reader.run()
    assert_right(reader)
    assert not reader.stretch.changes_left


@given(desks(), st.integers(0, 24), st.integers(1, 12))
def test_what_lies_elsewhere_is_read_however_the_server_sorts(desk: Desk, number: int, turns: int) -> None:
    desk.bad = {str(number)} & desk.issues.keys()
    rng = iter(range(10**6))
    reader = Runs(desk, allowance=lambda: 40 + next(rng) % turns)
    reader.run()
    at = [desk.issues[name].created for name in desk.bad]
    far = {
        name
        for name, issue in desk.issues.items()
        if all(abs(issue.created - one) > 4 * windows.NARROWEST for one in at)
    }
    assert far <= reader.copy.keys()
    desk.bad = set()
    desk.now += SECOND
    reader.run()
    assert_right(reader)


def test_a_moment_that_takes_more_than_a_turn_is_read_once_it_can_be() -> None:
    desk = Desk(cap=3, limit=1)
    for number in range(25):
        desk.create(str(number), START - timedelta(days=1))
    desk.bad = {"0"}
    reader = Runs(desk, allowance=lambda: 40)
    reader.run()
    assert reader.stretch.history_left
    desk.bad = set()
    desk.now += SECOND
    assert reader.run() <= 4
    assert not reader.stretch.history_left
    assert_right(reader)


def test_a_server_that_gives_nothing_is_not_asked_for_each_moment() -> None:
    desk = _apart(60)
    desk.bad = {""}
    with pytest.raises(Unanswered):
        Runs(desk).run()
    assert desk.requests <= 4, "two of each lane"
    desk.bad = set(desk.issues)
    with pytest.raises(Unavailable, match="could not be read from"):
        Runs(desk).run()
    assert desk.requests < 150
