"""Which conversations are due, and in which order they are read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pylon_elt.sources.pylon.copy.work import RECENT, Span, Synced, Times, Work, is_due, rank, vouched_for

NOW = datetime(2026, 7, 1, tzinfo=UTC)
T1, T2 = NOW - timedelta(days=2), NOW - timedelta(days=1)


def issue(name: str = "a", created: Any = T1, updated: Any = T1, latest: Any = None) -> Times:
    return Times(name, created, updated, latest)


@pytest.mark.parametrize(
    ("known", "synced", "due"),
    [
        (issue(), None, True),
        (issue(), Synced(T1, None), False),
        (issue(updated=T2), Synced(T1, None), True),
        (issue(updated=T1), Synced(T2, None), False),
        (issue(latest=T1), Synced(T1, None), True),
        (issue(latest=T1), Synced(T1, T1), False),
        (issue(latest=T2), Synced(T1, T1), True),
        (issue(updated=None), Synced(None, None), False),
        (issue(updated=T1), Synced(None, None), True),
        (issue(updated=None), None, True),
    ],
)
def test_is_due_when_something_moved_since_it_was_read(
    known: Times, synced: Synced | None, due: bool
) -> None:
    assert is_due(known, synced) is due


def test_what_was_read_too_long_ago_is_due_though_nothing_moved() -> None:
    synced = Synced(T1, None, T2)
    assert is_due(issue(), synced, Span(T2 + timedelta(seconds=1), NOW))
    assert not is_due(issue(), synced, Span(T2, NOW))
    assert not is_due(issue(), synced)


def test_what_was_read_in_the_future_by_its_stamp_is_due() -> None:
    synced = Synced(T1, None, NOW + timedelta(seconds=1))
    assert is_due(issue(), synced, Span(T1, NOW))
    assert not is_due(issue(), synced, Span(T1, NOW + timedelta(seconds=1)))


def test_order_of_worth() -> None:
    old = NOW - RECENT - timedelta(days=1)
    never_and_recent = rank(issue(created=T1), None, NOW)
    message = rank(issue(created=old, latest=T2), Synced(T1, T1), NOW)
    updated = rank(issue(created=old, updated=T2), Synced(T1, T1), NOW)
    never_and_old = rank(issue(created=old), None, NOW)
    assert never_and_recent < message < updated < never_and_old
    assert rank(issue(created=None), None, NOW) == never_and_recent


EARLY, LATE = datetime.fromisoformat("2020-01-01"), datetime.fromisoformat("2030-01-01")
stamps = st.datetimes(EARLY, LATE).map(lambda naive: naive.replace(tzinfo=UTC))


@given(stamps, st.timedeltas(timedelta(days=-1), timedelta(days=1)))
def test_a_reading_vouches_for_no_edit_that_it_may_have_missed(updated: datetime, later: timedelta) -> None:
    """Whole seconds: an edit within the second of ``updated`` and after the reading carries the same time."""
    read = updated + later
    vouched = vouched_for(updated, read)
    assert vouched is not None
    assert vouched <= updated
    whole = updated.replace(microsecond=0)
    if later < timedelta(seconds=2):
        assert is_due(issue(updated=whole), Synced(vouched_for(whole, whole + later), None))
    else:
        assert vouched == updated


def test_a_time_with_a_fraction_is_vouched_for_at_once() -> None:
    updated = NOW + timedelta(microseconds=1)
    assert vouched_for(updated, updated) == updated
    assert vouched_for(None, NOW) is None


def test_work_is_handed_out_by_worth_then_youth_then_arrival() -> None:
    work = Work()
    work.push(issue("old", created=T1), 3)
    work.push(issue("third", created=T1), 1)
    work.push(issue("second", created=T2), 1)
    work.push(issue("fourth", created=T1), 1)
    work.push(issue("first", created=None), 0)
    assert len(work) == 5
    assert [found.parent_id for found in iter(work.pop, None)] == [
        "first",
        "second",
        "third",
        "fourth",
        "old",
    ]
    assert len(work) == 0


def test_the_newest_that_is_known_of_an_issue_counts() -> None:
    work = Work()
    work.push(issue(updated=T1), 2)
    work.push(issue(updated=T2), 1)
    assert len(work) == 1
    assert work.pop() == issue(updated=T2)
    assert work.pop() is None


def test_an_issue_is_handed_out_once_and_asks_for_another_turn_if_it_moved() -> None:
    work = Work()
    work.push(issue(updated=T1), 0)
    assert work.pop() == issue(updated=T1)
    work.push(issue(updated=T1), 0)
    assert len(work) == 0
    assert not work.again
    work.push(issue(updated=T2), 0)
    assert len(work) == 0
    assert work.again


def test_a_certain_issue_is_handed_out_unless_more_is_known_of_it() -> None:
    work = Work()
    for name, order in (("b", 1), ("a", 0), ("c", 2), ("d", 3)):
        work.push(issue(name, updated=T1), order)
    assert [found.parent_id for found in work.first(3)] == ["a", "b", "c"]
    assert work.take(issue("b", updated=T1))
    assert not work.take(issue("b", updated=T1))
    assert not work.take(issue("e", updated=T1))
    work.push(issue("c", updated=T2), 2)
    assert not work.take(issue("c", updated=T1))
    assert work.take(issue("c", updated=T2))
    assert [found.parent_id for found in work.first(9)] == ["a", "d"]
    assert (len(work), work.pop(), work.pop(), work.pop()) == (
        2,
        issue("a", updated=T1),
        issue("d", updated=T1),
        None,
    )
    work.push(issue("b", updated=T2), 1)
    assert work.again


@given(st.lists(st.tuples(st.sampled_from("abcdefg"), st.integers(0, 3), st.booleans()), max_size=60))
def test_no_issue_is_handed_out_twice_and_none_is_forgotten(steps: list[tuple[str, int, bool]]) -> None:
    work, pushed, popped = Work(), set(), []
    for name, order, pop in steps:
        work.push(issue(name), order)
        pushed.add(name)
        if pop and (found := work.pop()):
            popped.append(found.parent_id)
    popped += [found.parent_id for found in iter(work.pop, None)]
    assert sorted(popped) == sorted(pushed)
