"""The pace of one endpoint whose server refuses bursts: a bucket that fills evenly."""

from __future__ import annotations

import json

import pytest
from support.pacing import LATENCIES, STARTS, WINDOW, Caller, Hand, Loop, Server, simulate

WINDOWS = 22


@pytest.mark.parametrize("latency", LATENCIES)
@pytest.mark.parametrize("burst", [1, 5, 30, "whole"])
@pytest.mark.parametrize("limit", STARTS)
def test_a_bucket_is_used_up_and_seldom_refuses(limit, burst, latency):
    size = limit if burst == "whole" else burst
    loop, caller = simulate(limit, "bucket", latency, burst=size, hint="none")
    loop.run(WINDOWS * WINDOW)
    assert caller.used(2 * WINDOW, WINDOWS * WINDOW) >= 0.94
    refused = sum(when > 2 * WINDOW for when in caller.refused)
    # Few requests tell little of a rate, and a burst of a whole minute hides it for long.
    allowed = 0.03 if size == limit and latency == "1s" else 0.012
    assert refused <= max(4, allowed * (WINDOWS - 2) * limit)


@pytest.mark.sampled(3, each=("burst",))
@pytest.mark.parametrize("burst", [1, 2, 3, 5])
@pytest.mark.parametrize("limit", [10, 20, 60])
def test_however_the_first_answers_come_a_bucket_is_known_by_them(limit, burst):
    for seed in range(60):
        loop, caller = simulate(limit, "bucket", "200ms", burst=burst, seed=seed)
        loop.run(8 * WINDOW)
        assert caller.used(2 * WINDOW, 8 * WINDOW) >= 0.85, seed


@pytest.mark.sampled(8, each=("limit", "burst"))
@pytest.mark.parametrize("latency", ["20ms", "1s"])
@pytest.mark.parametrize("start", [10, 20, 60, 300])
@pytest.mark.parametrize("burst", ["half", 2, 3, 10])
@pytest.mark.parametrize("limit", [10, 20, 60, 300])
def test_wherever_learning_starts_a_bucket_is_used(limit, burst, start, latency):
    size = limit // 2 if burst == "half" else burst
    for seed in range(3):
        loop, caller = simulate(limit, "bucket", latency, burst=size, start=start, seed=seed)
        loop.run(15 * WINDOW)
        assert caller.used(5 * WINDOW, 15 * WINDOW) >= 0.75, seed


@pytest.mark.parametrize("after", [0.05, 1.0, 2.0, 4.0, 7.4])
def test_who_asks_within_the_silence_is_to_wait_for_its_end(after):
    hand = Hand(60)
    first, second = hand.pacer.take(), hand.pacer.take()
    hand.now += 0.1
    hand.pacer.accepted(first, {})
    hand.pacer.refused(second, {})
    hand.now += after
    ends = hand.now - after + WINDOW / 8
    assert hand.pacer.wait() > 0
    while hand.now < ends - 1e-6:
        waited = hand.pacer.wait()
        assert waited > 0, f"{ends - hand.now:.3f} s too early"
        hand.now = min(hand.now + waited, ends)


@pytest.mark.parametrize("hint", ["none", "exact", "whole"])
@pytest.mark.parametrize("burst", [1, 5, 30])
@pytest.mark.parametrize("seed", range(3))
def test_a_pace_learnt_from_windows_gives_way_to_a_bucket(burst, hint, seed):
    loop, caller = simulate(120, "sliding", "200ms", hint=hint, seed=seed)
    loop.run(600)
    caller.server.kind, caller.server.burst = "bucket", burst
    caller.restart(0.5)
    loop.run(600 + 1200)
    assert caller.used(780, 1800) >= 0.9


@pytest.mark.parametrize("burst", [1, 5, 30])
def test_the_next_process_spreads_its_requests_at_once(burst):
    loop, caller = simulate(60, "bucket", "200ms", burst=burst)
    loop.run(600)
    refused = len(caller.refused)
    caller.restart(0.5)
    loop.run(900)
    assert caller.used(601, 900) >= 0.93
    assert len(caller.refused) - refused <= 4


def test_what_earlier_versions_remembered_is_read():
    hand = Hand(10)
    hand.ask_many(17)
    known = hand.pacer.to_remember()
    old = {key: value for key, value in known.items() if key not in ("windows", "spread")}
    assert hand.make(10, remembered=json.loads(json.dumps(old))).limit == 17


@pytest.mark.parametrize("spread", [1, "x", [1], [0, 1, 150, 0], [1, 1, 150, "y"], [float("nan"), 1, 150, 0]])
def test_a_malformed_rate_means_to_start_afresh(spread):
    hand = Hand(10)
    hand.ask_many(17)
    assert hand.make(10, remembered=hand.pacer.to_remember() | {"spread": spread}).limit == 10


def test_idle_for_tells_how_long_nothing_may_go_also_between_two_that_are_spread():
    loop, server = Loop(), Server(20, "bucket", burst=1)
    caller = Caller(loop, server, start=10)
    loop.run(300)
    caller.paused = True
    loop.run(310)
    assert caller.pacer.idle_for() == 0.0
    caller.pacer.take()
    assert caller.pacer.idle_for() == pytest.approx(3.0, abs=0.3)


def test_a_server_that_lets_nothing_through_for_long_counts_in_windows():
    hand = Hand(60)
    hand.ask_many(5)
    hand.ask("refused")
    hand.now += 8
    hand.ask()  # the trial, which an edge lets through
    assert hand.pacer._known.spread
    for _ in range(4):
        hand.sleep()
        hand.ask("refused")
    assert hand.pacer._known.spread is None


def refused_after(number: int, start: int) -> Hand:
    """A pacer that was refused once so many were accepted at once."""
    hand = Hand(start)
    hand.ask_many(number)
    hand.ask("refused")
    return hand


def test_nothing_is_sent_between_a_surprising_refusal_and_its_trial():
    hand = refused_after(20, 60)
    assert WINDOW / 8 <= hand.sleep() <= WINDOW / 8 * 1.2
    assert hand.pacer._known.spread is None


def test_a_trial_that_is_accepted_once_proves_nothing_where_chance_may_leave_one_place():
    hand = refused_after(20, 60)
    hand.sleep()
    hand.ask()
    hand.ask("refused")
    assert hand.pacer._known.spread is None
    assert hand.pacer.to_remember()["windows"] is True


def test_what_is_doubted_is_remembered_as_doubted():
    hand = Hand(60, remembered=Hand(60).pacer.to_remember() | {"windows": True})
    hand.ask_many(20)
    hand.ask("refused")
    assert hand.pacer.to_remember()["windows"] is False


def test_the_best_that_stood_is_remembered():
    hand = Hand(60, remembered=Hand(60).pacer.to_remember() | {"best": 300, "windows": True, "interval": 600})
    assert hand.pacer.to_remember()["best"] == 300
    asked = 0
    while hand.pacer.limit == 60:
        hand.sleep()
        hand.ask()
        asked += 1
    assert asked <= 3 * 60 + 5, "far below it, more is asked for after three windows, not after 600 requests"
