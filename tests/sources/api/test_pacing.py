"""The pace of one endpoint, on a simulated clock: a limit that is known, and one that is learnt."""

from __future__ import annotations

import itertools
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.pacing import (
    LATENCIES,
    STARTS,
    WINDOW,
    Caller,
    Hand,
    Loop,
    Server,
    simulate,
)

from pylon_elt.sources.pylon.api.pacing import PROBE_INTERVAL, Pacer, Pacers

# -- a known limit is never exceeded ---------------------------------------------------------------------


@settings(max_examples=40)
@given(
    limit=st.integers(1, 40),
    kind=st.sampled_from(["fixed", "sliding"]),
    phase=st.floats(0, WINDOW),
    seed=st.integers(0, 2**32),
    slowest=st.floats(0.001, 20),
    concurrency=st.integers(1, 50),
    pauses=st.lists(st.tuples(st.floats(0, 300), st.floats(0, 90)), max_size=4),
    lossy=st.sampled_from([0.0, 0.2]),
)
def test_a_known_limit_is_never_exceeded(limit, kind, phase, seed, slowest, concurrency, pauses, lossy):
    loop, server = Loop(), Server(limit, kind, phase)
    caller = Caller(
        loop,
        server,
        start=limit,
        latency=lambda rng: rng.uniform(0, slowest),
        concurrency=concurrency,
        seed=seed,
        lossy=lossy,
        probe=False,
    )
    for when, seconds in pauses:
        loop.at(when, lambda seconds=seconds: caller.pause(seconds))
    loop.run(400)
    assert not caller.refused
    assert caller.pacer.limit == limit


@pytest.mark.parametrize("kind", ["fixed", "sliding"])
@pytest.mark.parametrize("latency", LATENCIES)
def test_a_known_limit_is_used_up(kind, latency):
    loop, caller = simulate(60, kind, latency, probe=False)
    loop.run(1800)
    assert not caller.refused
    assert caller.used(120, 1800) >= 0.97


def test_free_slots_may_be_used_at_once():
    hand = Hand(10, probe=False)
    tickets = [hand.pacer.take() for _ in range(10)]
    assert hand.pacer.wait() > 0
    assert len({ticket.id for ticket in tickets}) == 10


def test_a_slot_is_occupied_until_a_window_after_the_answer():
    hand = Hand(1, probe=False)
    hand.ask(latency=7)
    assert hand.pacer.wait() == WINDOW
    assert hand.sleep() == pytest.approx(WINDOW)
    hand.pacer.take()


def test_a_lost_request_occupies_its_slot_as_well():
    hand = Hand(1, probe=False)
    hand.pacer.lost(hand.pacer.take())
    assert hand.pacer.wait() == WINDOW


def test_a_request_in_flight_keeps_its_slot():
    hand = Hand(1, probe=False)
    hand.pacer.take()
    hand.now += 10 * WINDOW
    assert hand.pacer.wait() > 0
    assert hand.pacer.usage() == 1


def test_taking_without_a_free_slot_is_a_mistake():
    hand = Hand(1, probe=False)
    hand.pacer.take()
    with pytest.raises(RuntimeError, match="free slot"):
        hand.pacer.take()


def test_an_outcome_that_is_reported_twice_counts_once():
    hand = Hand(5)
    ticket = hand.pacer.take()
    for _ in range(2):
        hand.pacer.accepted(ticket, {})
        hand.pacer.refused(ticket, {})
        hand.pacer.lost(ticket)
    assert (hand.pacer.used, hand.pacer.refusals, hand.pacer.usage()) == (1, 0, 1)


@pytest.mark.parametrize(("start", "window"), [(0, 60), (-1, 60), (10, 0), (10, -1)])
def test_an_impossible_start_is_refused(start, window):
    with pytest.raises(ValueError, match="positive"):
        Pacer(start, window)


def test_usage_and_idleness_tell_when_a_pause_costs_nothing():
    hand = Hand(2)
    hand.ask()
    assert (hand.pacer.idle_for(), hand.pacer.usage(), hand.pacer.occupied()) == (0.0, 1, 1)
    hand.now += 10
    hand.ask()
    assert hand.pacer.wait() == 0, "a probe may go"
    assert hand.pacer.idle_for() == 50, "but no slot is free"
    hand.now += 50
    assert (hand.pacer.idle_for(), hand.pacer.usage(), hand.pacer.occupied()) == (0.0, 1, 1)


def test_watching_from_another_thread_changes_nothing():
    hand = Hand(2)
    hand.ask()
    hand.now += 2 * WINDOW
    before = hand.pacer._traffic.slots.times_free()
    assert before
    assert hand.pacer.occupied() == 0
    assert hand.pacer._traffic.slots.times_free() == before


def test_a_caller_that_only_sleeps_as_long_as_told_makes_progress():
    """Re-asking after each answer is better, but not needed."""
    loop, caller = simulate(120, "sliding", "200ms", reasks=False)
    loop.run(600)
    assert caller.used(240, 600) >= 0.95


# -- learning upward -------------------------------------------------------------------------------------


def test_probes_go_one_by_one_and_each_raises_the_limit():
    hand = Hand(3)
    hand.ask_many(3)
    for expected in (4, 5, 6):
        probe = hand.pacer.take()
        assert probe.probe
        assert hand.pacer.wait() > 0, "one at a time"
        hand.pacer.accepted(probe, {})
        assert hand.pacer.limit == expected


def test_a_climb_costs_one_refusal_and_no_waiting():
    hand = Hand(10)
    hand.ask_many(18)
    hand.ask("refused")
    assert hand.pacer.limit == 18
    assert hand.pacer.refusals == 1
    assert hand.pacer.wait() > 0


@pytest.mark.parametrize("latency", LATENCIES)
@pytest.mark.parametrize("kind", ["fixed", "sliding"])
@pytest.mark.parametrize("limit", [30, 120, 300])
def test_the_true_limit_is_reached_within_two_minutes(limit, kind, latency):
    loop, caller = simulate(limit, kind, latency)
    loop.run(121)
    assert caller.pacer.limit >= 0.95 * limit


def test_without_probing_the_limit_stays():
    loop, caller = simulate(120, "sliding", "200ms", probe=False)
    loop.run(600)
    assert caller.pacer.limit == STARTS[120]
    assert not caller.refused


def test_without_probing_a_fallen_limit_finds_its_way_back():
    loop, caller = simulate(60, "sliding", "200ms", probe=False)
    loop.at(100, lambda: setattr(caller.server, "limit", 20))
    loop.at(400, lambda: setattr(caller.server, "limit", 60))
    loop.run(390)
    assert caller.pacer.limit <= 21
    loop.run(2000)
    assert caller.pacer.limit == 60


def test_a_refused_probe_is_not_repeated_for_many_requests():
    hand = Hand(10)
    hand.ask_many(10)
    hand.ask("refused", {"Retry-After": "30"})  # so long a wait is one of windows
    asked = 0
    while hand.pacer.refusals == 1:
        hand.sleep()
        beyond = hand.pacer.idle_for() > 0
        hand.ask("refused" if beyond else "accepted")
        asked += not beyond
    assert PROBE_INTERVAL <= asked <= PROBE_INTERVAL + 10


def test_the_interval_between_failed_probes_doubles_to_a_bound():
    loop, caller = simulate(60, "sliding", "200ms")
    loop.run(2 * 3600)
    assert caller.pacer.to_remember()["interval"] == 1200
    probes = [after - before for before, after in itertools.pairwise(caller.refused)]
    assert max(probes) <= 1300
    assert max(probes[-3:]) >= 1100


# -- all endpoints ---------------------------------------------------------------------------------------


def test_every_endpoint_has_its_own_pace():
    pacers = Pacers({"low": 10, "high": 60})
    assert pacers.get("issues", "low") is pacers.get("issues", "low")
    assert pacers.get("issues", "low") is not pacers.get("followers", "high")
    assert pacers.get("followers", "high").limit == 60
    assert set(pacers.known()) == {"issues", "followers"}


def test_endpoints_that_were_not_used_are_remembered_too():
    first = Pacers({"low": 10})
    first.get("issues", "low").accepted(first.get("issues", "low").take(), {})
    first.get("tags", "low")
    second = Pacers({"low": 10}, remembered=json.loads(json.dumps(first.to_remember())))
    second.get("tags", "low")
    third = Pacers({"low": 10}, remembered=second.to_remember())
    assert third.get("issues", "low").usage() == 1


@pytest.mark.parametrize("snapshot", [None, [], "x", 5, {"issues": 7}, {"issues": None}])
def test_a_malformed_snapshot_of_all_is_ignored(snapshot):
    assert Pacers({"low": 10}, remembered=snapshot).get("issues", "low").limit == 10


def test_options_reach_every_pacer():
    pacers = Pacers({"low": 1}, 5.0, probe=False, clock=lambda: 0.0)
    pacer = pacers.get("issues", "low")
    pacer.accepted(pacer.take(), {})
    assert pacer.wait() == 5.0
