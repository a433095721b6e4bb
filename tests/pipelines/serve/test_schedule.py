"""When runs begin, under a clock of ours."""

from __future__ import annotations

import pytest

from pylon_elt.pipelines.base import exits
from pylon_elt.pipelines.serve.schedule import (
    APART,
    BUSY,
    GATHER,
    LONGEST_BUSY,
    REST,
    RETRY,
    SHARE,
    SHORTEST_SWEEP,
    Schedule,
    seconds_of,
)


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("15m", 900), ("2h", 7200), ("1d", 86400), ("1.5h", 5400), (" 1S ", 1)]
)
def test_an_interval_is_a_number_and_a_unit(text: str, seconds: float) -> None:
    assert seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["", "15", "m", "0m", "0.5s", "-5m", "15 minutes", "1h30m", "infs", "nanm"])
def test_what_is_no_interval_is_refused(text: str) -> None:
    with pytest.raises(exits.Problem) as caught:
        seconds_of(text)
    assert caught.value.code == exits.USAGE


def test_whole_runs_begin_at_the_interval_however_long_they_take() -> None:
    schedule = Schedule(900)
    assert schedule.next_at() <= 100
    for began in (100.0, 1000.0, 1900.0):
        assert schedule.begin(began), "a whole one"
        schedule.end(began + 60, exits.DONE)
        assert schedule.next_at() == began + 900
    assert schedule.begin(2800.0)
    schedule.end(2800.0 + 2000, exits.DONE)
    assert schedule.next_at() <= 4800, "what took longer than the interval is followed at once"


def rested() -> Schedule:
    schedule = Schedule(900)
    schedule.begin(0.0)
    schedule.end(1.0, exits.DONE)
    return schedule


def test_rings_are_gathered_and_answered_by_one_run() -> None:
    schedule = rested()
    for at in (100.0, 100.1, 100.4):
        schedule.ring(at)
    assert schedule.next_at() == 100 + GATHER
    assert not schedule.begin(100.5), "no whole one"
    schedule.end(103.0, exits.DONE)
    assert schedule.next_at() == 900


def test_a_storm_of_rings_lets_runs_begin_no_closer_than_allowed() -> None:
    schedule, begun = rested(), []
    for tenth in range(600):
        now = 100 + tenth / 10
        schedule.ring(now)
        if schedule.next_at() <= now:
            schedule.begin(now)
            begun.append(now)
            schedule.end(now, exits.DONE)
    assert len(begun) == pytest.approx(60 / APART, abs=1)


def test_what_rings_during_a_run_is_answered_by_the_next() -> None:
    schedule = rested()
    schedule.ring(100.0)
    schedule.begin(100.5)
    schedule.ring(101.0)
    schedule.end(103.0, exits.DONE)
    assert schedule.next_at() == 100.5 + APART


def test_what_fails_is_tried_again_after_a_pause_that_grows_up_to_the_interval() -> None:
    schedule, now, pauses = Schedule(900), 0.0, []
    for _ in range(7):
        assert schedule.begin(now)
        schedule.end(now, exits.UNAVAILABLE)
        pauses.append(schedule.next_at() - now)
        schedule.ring(now)
        assert schedule.next_at() - now == pauses[-1], "a ring does not hurry what fails"
        now = schedule.next_at()
    assert pauses == [RETRY, 2 * RETRY, 4 * RETRY, 8 * RETRY, 16 * RETRY, 900, 900]
    schedule.begin(now)
    schedule.end(now, exits.DONE)
    schedule.ring(now + 10)
    assert schedule.next_at() == now + 10 + GATHER


def test_a_ring_does_not_wait_for_what_fails_beside_the_issues() -> None:
    schedule, now, pauses = Schedule(900), 0.0, []
    for _ in range(7):
        assert schedule.begin(now)
        schedule.end(now, exits.UNAVAILABLE, issues_were_read=True)
        pauses.append(schedule.next_at() - now)
        for at in (now + 5, now + 15):
            schedule.ring(at)
            assert schedule.next_at() == at + GATHER
            assert not schedule.begin(at + GATHER)
            schedule.end(at + 2, exits.DONE)
        now = schedule.next_at()
    assert pauses == [RETRY, 2 * RETRY, 4 * RETRY, 8 * RETRY, 16 * RETRY, 900, 900]


def test_what_fails_beside_what_rang_is_tried_again_by_a_whole_run() -> None:
    schedule = rested()
    schedule.ring(100.0)
    schedule.begin(100.5)
    schedule.end(101.0, exits.UNAVAILABLE, issues_were_read=True)
    assert schedule.next_at() == 101 + RETRY
    schedule.ring(110.0)
    assert schedule.next_at() == 110 + GATHER
    assert schedule.begin(101 + RETRY)


def test_a_run_for_rings_that_fails_is_tried_again_as_such() -> None:
    schedule = rested()
    schedule.ring(100.0)
    schedule.begin(100.5)
    schedule.end(101.0, -9)
    assert schedule.next_at() == 101 + RETRY
    assert not schedule.begin(131.0)


def test_a_run_beside_another_is_tried_again_soon() -> None:
    schedule = Schedule(900)
    now, pauses = 0.0, []
    for _ in range(6):
        schedule.begin(now)
        schedule.end(now, exits.LOCKED)
        pauses.append(schedule.next_at() - now)
        now = schedule.next_at()
    assert pauses == [BUSY, 2 * BUSY, 4 * BUSY, 8 * BUSY, LONGEST_BUSY, LONGEST_BUSY]
    schedule.begin(now)
    schedule.end(now, exits.DONE)
    schedule.ring(now)
    schedule.begin(now + 10)
    schedule.end(now + 10, exits.LOCKED)
    assert schedule.next_at() == now + 10 + BUSY


def test_a_share_of_the_time_until_the_next_run_is_for_a_sweep() -> None:
    schedule = Schedule(900)
    assert not schedule.spare(0.0), "a whole run is due"
    schedule.begin(0.0)
    schedule.end(30.0, exits.DONE)
    assert schedule.spare(30.0) == SHARE * 870
    assert not schedule.spare(901 - SHORTEST_SWEEP / SHARE), "too little to be worth it"
    schedule.ring(100.0)
    assert not schedule.spare(100.0)


def test_no_sweep_begins_while_runs_fail() -> None:
    schedule = rested()
    for code in (exits.UNAVAILABLE, exits.LOCKED):
        schedule.ring(100.0)
        schedule.begin(101.0)
        schedule.end(102.0, code)
        assert not schedule.spare(102.0)
        schedule.begin(200.0)
        schedule.end(201.0, exits.DONE)
        assert schedule.spare(201.0)


def test_a_sweep_that_read_all_is_followed_by_none_for_a_while() -> None:
    schedule = rested()
    schedule.swept(50.0, all_of_it=True)
    for began in range(900, int(REST), 900):
        schedule.begin(began)
        schedule.end(began + 10, exits.DONE)
        assert not schedule.spare(began + 10)
    schedule.begin(REST + 60)
    schedule.end(REST + 70, exits.DONE)
    assert schedule.spare(REST + 70)


def test_a_sweep_whose_time_was_up_goes_on_after_the_next_whole_run() -> None:
    schedule = rested()
    schedule.swept(860.0, all_of_it=False)
    assert not schedule.spare(860.0)
    schedule.begin(900.0)
    schedule.end(910.0, exits.DONE)
    assert schedule.spare(910.0) == SHARE * 890
