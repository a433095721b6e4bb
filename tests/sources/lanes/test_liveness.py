"""A run always ends, and each turn gets further: however much was edited at once, and however short the turns are."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from datetime import timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support.desk import START, Desk
from support.desk_runs import (
    Runs,
    assert_right,
    chances,
    crowded,
    desks,
    edit_most,
    happenings,
    run_while,
    unlimited,
)

PAGE = 99
SHOWN_AGAIN = 8
"""So many rows at most are shown on two pages, since whether a bound is inclusive is undocumented."""
CONSTANT = 8
"""So many requests more than there are pages it takes to see in which order rows come, and to get to the present."""
SECOND = timedelta(seconds=1)


def _bulk(count: int, *, sort: str = "updated") -> Desk:
    """A desk that was read whole, and on which then a great many issues were edited within some time."""
    desk = Desk(limit=PAGE, cap=PAGE, sort=sort)
    for number in range(count):
        desk.create(str(number), START - timedelta(days=20) + number * timedelta(minutes=2))
    return desk


def _edit_all(desk: Desk, over: timedelta, order: str = "chance") -> None:
    began, names = desk.now, sorted(desk.issues)
    if order == "chance":
        random.Random(7).shuffle(names)
    if order == "creation":
        names.sort(key=int, reverse=True)
    for number, name in enumerate(names):
        desk.now = began + over * number / len(desk.issues)
        desk.edit(name)
    desk.now = began + over


PAGES = math.ceil(1_000 / (PAGE - SHOWN_AGAIN))


@pytest.mark.parametrize("sort", ["updated", "created"])
@pytest.mark.parametrize("order", ["chance", "creation"])
@pytest.mark.parametrize("allowance", [1, 7, 30])
def test_a_bulk_edit_costs_its_pages(sort: str, order: str, allowance: int) -> None:
    desk = _bulk(1_000, sort=sort)
    assert _spent(desk, timedelta(minutes=5), allowance, order) <= PAGES + CONSTANT


@pytest.mark.parametrize("sort", ["updated", "created", "name"])
@pytest.mark.parametrize("allowance", [1, 7, 30])
def test_what_was_edited_at_one_moment_is_read_twice(sort: str, allowance: int) -> None:
    desk = _bulk(1_000, sort=sort)
    assert _spent(desk, timedelta(0), allowance) <= 2 * PAGES + CONSTANT


@pytest.mark.parametrize("sort", ["name", "page"])
@pytest.mark.parametrize("joins", ["taken", "ignored", "refused"])
def test_a_bulk_edit_ends_however_the_server_sorts(sort: str, joins: str) -> None:
    desk = _bulk(1_000, sort=sort)
    desk.joins = joins
    assert _spent(desk, timedelta(minutes=5), 7) <= 3 * PAGES + 2 * CONSTANT


def test_edits_in_the_order_of_ids_do_not_pass_for_the_order_of_time() -> None:
    desk = _bulk(1_000, sort="name")
    assert _spent(desk, timedelta(minutes=5), 7, "ids") <= 3 * PAGES + 2 * CONSTANT


def _spent(desk: Desk, over: timedelta, allowance: int, order: str = "chance") -> int:
    """Edit all issues, some again amid that, and return how many requests it took to read that."""
    runs = Runs(desk, allowance=lambda: allowance)
    runs.run()
    desk.now += timedelta(hours=2)
    _edit_all(desk, over, order)
    desk.now -= over / 2
    for name in ("3", "500", "990"):
        desk.edit(name)
    desk.now += over / 2 + timedelta(seconds=20)
    before = desk.requests
    turns = runs.run()
    assert_right(runs)
    spent = desk.requests - before
    assert turns <= 2 * spent / allowance + 2
    return spent


@pytest.mark.parametrize("lapsed", ["refused", "empty"])
def test_a_moment_is_read_in_one_go_where_cursors_do_not_outlive_a_turn(lapsed: str) -> None:
    desk = _bulk(1_000)
    runs = Runs(desk, allowance=lambda: 4, lapsed=lapsed)
    runs.run()
    desk.now += timedelta(hours=2)
    _edit_all(desk, timedelta(0))
    desk.now += timedelta(seconds=20)
    runs.run()
    assert_right(runs)


def test_the_lookback_is_paid_once_in_a_run() -> None:
    desk = _bulk(10)
    runs = Runs(desk)
    runs.run()
    desk.now += timedelta(minutes=5)
    _edit_all(desk, timedelta(minutes=1))
    runs.run()
    asked = desk.requests
    runs.run()
    assert desk.requests == asked + 1
    settled = runs.stretch.settled_until
    assert settled is not None
    assert settled <= desk.now - timedelta(seconds=900)


def test_a_run_that_is_cut_short_again_and_again_gets_to_the_present() -> None:
    desk = _bulk(1_000)
    runs = Runs(desk, allowance=lambda: 3)
    runs.run()
    desk.now += timedelta(hours=2)
    _edit_all(desk, timedelta(minutes=5))
    cut_short = 0
    while not cut_short or runs.stretch.looked_until:
        desk.now += timedelta(minutes=1)
        runs.run(most_turns=1)
        cut_short += 1
        assert cut_short < 30
    assert cut_short > 3
    assert_right(runs)


def test_what_is_edited_without_end_ends_no_run() -> None:
    """What was there when the run began is complete; the rest is the next run's."""
    desk = Desk(limit=5, cap=5)
    for number in range(40):
        desk.create(str(number), START - timedelta(days=2) + number * timedelta(minutes=1))
    runs = Runs(desk, allowance=lambda: 3)
    runs.run()
    desk.now += timedelta(hours=1)
    rng = random.Random(7)

    def edit(desk: Desk) -> None:
        for _ in range(12):
            desk.now += timedelta(seconds=5)
            desk.edit(str(rng.randrange(40)))

    desk.before_request = [edit] * 4000
    runs.run()
    assert len(desk.before_request) > 3000
    desk.before_request = []
    for _ in range(3):
        desk.now += timedelta(minutes=20)
        runs.run()
    assert_right(runs)


@given(st.integers(0, 2**32))
@example(
    113_483
)  # of one window all but a row are on the page, and come in order; of the next, many more are not
def test_however_the_server_sorts_a_copy_of_many_pages_becomes_right(seed: int) -> None:
    rng = random.Random(seed)
    desk = crowded(rng, lag=True)
    runs = Runs(
        desk,
        allowance=(lambda: rng.randint(1, 6)) if rng.random() < 0.5 else unlimited,
        lapsed=rng.choice(["", "refused", "empty"]),
    )
    for _ in range(rng.randint(0, 3)):
        steps = chances(rng)
        runs.killed = lambda: rng.random() < 0.2
        if rng.random() < 0.4:
            edit_most(desk, rng)
        run_while(runs, steps, most_turns=rng.randint(1, 12))
        desk.now += timedelta(seconds=rng.choice([0, 5, 3600, 40 * 86_400]))
    runs.killed = lambda: False
    for _ in range(3):
        runs.run()
        desk.now += desk.lag + SECOND
    runs.run()
    assert_right(runs)


@given(
    desks(lag=True),
    st.lists(st.tuples(happenings(), st.timedeltas(timedelta(0), timedelta(days=40))), max_size=4),
    st.randoms(use_true_random=False),
    st.sampled_from(["", "refused", "empty"]),
)
def test_however_short_the_turns_and_whoever_kills_them_the_copy_becomes_right(
    desk: Desk,
    rounds: list[tuple[list[Callable[[Desk], None]], timedelta]],
    rng: random.Random,
    lapsed: str,
) -> None:
    runs = Runs(desk, allowance=lambda: rng.randint(1, 6), lapsed=lapsed)
    for steps, rest in rounds:
        desk.before_request = list(steps)
        runs.killed = lambda: rng.random() < 0.2
        runs.run(most_turns=rng.randint(1, 12))
        desk.now += rest
    desk.before_request, runs.killed = [], lambda: False
    for _ in range(3):  # what was cut short comes to its end, and what the index hid from that is found
        runs.run()
        desk.now += desk.lag + SECOND
    runs.run()
    assert_right(runs)
