"""Answers whose ``data`` is null: some servers write an empty list so, others have slipped; no row is lost either way."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.desk import START, Desk
from support.desk_runs import Runs, assert_right, desks, happenings, run_while

from pylon_elt.sources.pylon.api.answers import Answer


def with_nulls(desk: Desk, is_null: Callable[[Answer], bool]) -> Desk:
    """Let a desk leave the list out of some answers; it says then that nothing follows."""
    page = desk._page

    def spoilt(endpoint: Any, cursor: str, **request: Any) -> Answer:
        answer = page(endpoint, cursor, **request)
        return replace(answer, data=None, more=False, cursor="") if is_null(answer) else answer

    desk._page = spoilt  # type: ignore[method-assign]
    return desk


@given(
    desks(),
    st.lists(st.tuples(happenings(), st.timedeltas(timedelta(0), timedelta(days=90))), max_size=4),
)
def test_a_server_that_writes_no_empty_list_is_copied_whole(
    desk: Desk, rounds: list[tuple[list[Callable[[Desk], None]], timedelta]]
) -> None:
    reader = Runs(with_nulls(desk, lambda answer: not answer.rows))
    for steps, rest in rounds:
        run_while(reader, steps)
        desk.now += rest
    reader.run()
    reader.run()
    assert_right(reader)
    assert reader.stretch.history_complete or not desk.issues


@pytest.mark.sampled(3)
@pytest.mark.parametrize("before", range(12))
def test_all_rows_of_a_moment_may_leave_while_it_is_read(before: int) -> None:
    desk = Desk(limit=3, cap=5, now=START - timedelta(days=1))
    for number in range(12):
        desk.create(str(number))
    reader = Runs(with_nulls(desk, lambda answer: not answer.rows))
    reader.run()

    def edit_all(desk: Desk) -> None:
        for name in desk.issues:
            desk.edit(name)

    edit_all(desk)
    desk.now = START
    reader.desk.before_request = [lambda _desk: None] * before + [edit_all]
    reader.run()
    reader.desk.before_request = []
    reader.run()
    assert_right(reader)


def test_a_moment_that_was_left_out_is_kept_as_such_until_it_is_told() -> None:
    desk = Desk(limit=20)
    for number in range(50):
        desk.create(str(number), START - number * timedelta(hours=7))
    silent = False
    reader = Runs(with_nulls(desk, lambda _answer: silent))
    desk.bad = {"31"}
    reader.run()
    assert "31" not in reader.copy
    desk.bad, silent = set(), True
    reader.run()
    assert reader.stretch.history_left
    silent = False
    reader.run()
    assert_right(reader)
    assert not reader.stretch.history_left


@given(desks(), st.lists(happenings(), min_size=1, max_size=3), st.integers(0, 2**32))
def test_what_a_server_does_not_tell_for_a_while_is_read_later(
    desk: Desk, rounds: list[list[Callable[[Desk], None]]], seed: int
) -> None:
    rng, share = random.Random(seed), 0.0
    reader = Runs(with_nulls(desk, lambda _answer: rng.random() < share))
    for steps in rounds:
        share = rng.choice([0.05, 1.0])
        run_while(reader, steps)
        desk.now += timedelta(days=rng.choice([0, 1, 40]))
    share = 0.0
    reader.run()
    reader.run()
    assert_right(reader)


@pytest.mark.parametrize("days", [1, 400])
def test_an_idle_run_costs_no_more_where_empty_lists_are_null(days: float) -> None:
    desk = with_nulls(Desk(limit=100), lambda answer: not answer.rows)
    for number in range(20):
        desk.create(str(number), START - timedelta(days=number))
    reader = Runs(desk)
    reader.run()
    desk.now += timedelta(days=days)
    reader.run()
    desk.requests = 0
    reader.run()
    assert desk.requests <= 1
    assert_right(reader)


@pytest.mark.sampled(3, each=("share", "limit"))
@pytest.mark.parametrize("share", [0.02, 0.2, 0.5])
@pytest.mark.parametrize("limit", [4, 30])
def test_a_server_that_slips_again_and_again_loses_no_row(share: float, limit: int) -> None:
    """Issues of a few moments, so that pages are followed by cursors and stretches are cut."""
    for seed in range(12):
        rng = random.Random(seed)
        desk = Desk(limit=limit, sort=rng.choice(["created", "updated", "name"]), truncate=rng.random() < 0.5)
        for number in range(60):
            desk.create(str(number), START - timedelta(days=rng.choice([1, 1, 5, 9]), seconds=number % 3))
        slips = iter([rng.random() < share for _ in range(300)])
        reader = Runs(with_nulls(desk, lambda _answer, slips=slips: next(slips, False)))  # type: ignore[misc]
        while next(slips, None) is not None:
            run_while(reader, [])
        reader.run()
        assert_right(reader)
