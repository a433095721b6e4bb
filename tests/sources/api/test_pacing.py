"""The pace of one endpoint, on a simulated clock against simulated servers."""

from __future__ import annotations

import heapq
import itertools
import json
import math
import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pylon_elt.sources.pylon.api.pacing import LONGEST_WAIT, PROBE_INTERVAL, Pacer, Pacers, Ticket
from pylon_elt.sources.pylon.api.quota import Quota

WINDOW = 60.0
EPOCH = 1_790_000_000.0
NOON = datetime(2026, 9, 1, 12, tzinfo=UTC)

LATENCIES: dict[str, Callable[[random.Random], float]] = {
    "20ms": lambda _: 0.02,
    "200ms": lambda rng: rng.uniform(0.1, 0.3),
    "1s": lambda _: 1.0,
    "mixed": lambda rng: rng.choice([0.02, 0.05, 0.2, 0.5, 1.0]) * rng.uniform(0.8, 1.2),
}
STARTS = {10: 10, 20: 20, 60: 60, 30: 10, 120: 20, 300: 60}
"""Where learning starts for each allowance: the documented tier for both the July and the autumn limits."""


# ------------------------------------------------------------------------------------------ the simulation


class Loop:
    """A clock and the events that are due on it."""

    def __init__(self) -> None:
        self.now = 0.0
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()

    def at(self, when: float, event: Callable[[], None]) -> None:
        heapq.heappush(self._events, (when, next(self._order), event))

    def run(self, until: float) -> None:
        while self._events and self._events[0][0] <= until:
            self.now, _, event = heapq.heappop(self._events)
            event()
        self.now = until


@dataclass
class Server:
    """An endpoint that allows ``limit`` requests per window. ``hint`` says what its answers tell."""

    limit: int
    kind: str = "sliding"
    phase: float = 0.0
    hint: str = "none"
    counts_refusals: bool = False
    window: float = WINDOW
    counted: deque[float] = field(default_factory=deque)
    _index: int | None = None

    def ask(self, now: float) -> tuple[bool, dict[str, str]]:
        self._forget(now)
        allowed = len(self.counted) < self.limit
        if allowed or self.counts_refusals:
            self.counted.append(now)
        return allowed, self._headers(now, allowed)

    def _forget(self, now: float) -> None:
        index = math.floor((now - self.phase) / self.window)
        if self.kind == "fixed" and index != self._index:
            self._index = index
            self.counted.clear()
        while self.kind == "sliding" and self.counted and self.counted[0] <= now - self.window:
            self.counted.popleft()

    def _headers(self, now: float, allowed: bool) -> dict[str, str]:
        if self.kind == "fixed":
            reset = (math.floor((now - self.phase) / self.window) + 1) * self.window + self.phase - now
        else:
            reset = self.counted[0] + self.window - now if self.counted else self.window
        if self.hint == "quota":
            left = max(0, self.limit - len(self.counted))
            return {
                "X-RateLimit-Limit": str(self.limit),
                "X-RateLimit-Remaining": str(left),
                "X-RateLimit-Reset": str(math.ceil(reset)),
            }
        if allowed or self.hint == "none":
            return {}
        return {
            "Retry-After": {"exact": f"{reset:.3f}", "whole": str(math.ceil(reset)), "one": "1"}[self.hint]
        }


class Caller:
    """Whoever wants to send as much as the pacer allows, ``concurrency`` requests at a time."""

    def __init__(
        self,
        loop: Loop,
        server: Server,
        *,
        start: int,
        latency: Callable[[random.Random], float] = LATENCIES["200ms"],
        concurrency: int = 8,
        seed: int = 0,
        lossy: float = 0.0,
        reasks: bool = True,
        **options: Any,
    ) -> None:
        self.loop, self.server, self.latency, self.concurrency = loop, server, latency, concurrency
        self.rng = random.Random(seed)
        self.lossy, self.reasks, self.start, self.options = lossy, reasks, start, options
        self.pacer = self.new_pacer()
        self.paused = False
        self.flying = 0
        self.life = 0
        self.accepted: list[float] = []
        self.refused: list[float] = []
        self._wake = -math.inf
        loop.at(loop.now, self.send)

    def new_pacer(self, snapshot: object = None) -> Pacer:
        return Pacer(
            self.start,
            self.server.window,
            clock=lambda: self.loop.now,
            epoch=lambda: EPOCH + self.loop.now,
            rng=random.Random(self.rng.random()),
            remembered=snapshot,
            **self.options,
        )

    def send(self) -> None:
        while not self.paused and self.flying < self.concurrency:
            wait = self.pacer.wait()
            if wait > 0:
                if not self.loop.now < self._wake <= self.loop.now + wait:
                    self._wake = self.loop.now + wait
                    self.loop.at(self._wake, self.send)
                return
            self._fly(self.pacer.take())

    def _fly(self, ticket: Ticket) -> None:
        self.flying += 1
        life, latency = self.life, self.latency(self.rng)
        there = self.loop.now + latency * self.rng.random()
        back = self.loop.now + latency

        def arrive() -> None:
            allowed, headers = self.server.ask(there)
            (self.accepted if allowed else self.refused).append(there)
            self.loop.at(back, lambda: self._land(ticket, allowed, headers, life))

        self.loop.at(there, arrive)

    def _land(self, ticket: Ticket, allowed: bool, headers: dict[str, str], life: int) -> None:
        if life != self.life:  # the process that sent it is gone
            return
        self.flying -= 1
        if self.lossy and self.rng.random() < self.lossy:
            self.pacer.lost(ticket)
        elif allowed:
            self.pacer.accepted(ticket, headers)
        else:
            self.pacer.refused(ticket, headers)
        if self.reasks:
            self.send()
        elif self._wake <= self.loop.now:
            self._wake = self.loop.now + 0.01
            self.loop.at(self._wake, self.send)

    def pause(self, seconds: float) -> None:
        self.paused = True
        self.loop.at(self.loop.now + seconds, self._resume)

    def _resume(self) -> None:
        self.paused = False
        self.send()

    def pause_each_window(self, shortest: float, longest: float) -> None:
        def turn() -> None:
            self.pause(self.rng.uniform(shortest, longest))
            self.loop.at(self.loop.now + self.server.window, turn)

        self.loop.at(self.loop.now + self.server.window, turn)

    def restart(self, after: float) -> None:
        """Kill the process now, requests in flight included, and start the next one a little later."""
        if self.paused:  # it is not running
            return
        snapshot = json.loads(json.dumps(self.pacer.to_remember()))
        self.life += 1
        self.flying, self.paused = 0, True

        def begin() -> None:
            self.pacer, self.paused = self.new_pacer(snapshot), False
            self.send()

        self.loop.at(self.loop.now + after, begin)

    def used(self, since: float, until: float) -> float:
        """The part of the allowance that was used."""
        windows = (until - since) / self.server.window
        return sum(since <= t < until for t in self.accepted) / (self.server.limit * windows)

    def refusals(self, since: float, until: float) -> float:
        """The part of the requests that was refused."""
        refused = sum(since <= t < until for t in self.refused)
        return refused / max(1, refused + sum(since <= t < until for t in self.accepted))


def simulate(limit: int, kind: str, latency: str, *, seed: int = 0, **options: Any) -> tuple[Loop, Caller]:
    rng = random.Random(seed * 7 + limit)
    of_server = {name: options.pop(name) for name in ("hint", "counts_refusals") if name in options}
    loop, server = Loop(), Server(limit, kind, rng.uniform(0, WINDOW), **of_server)
    options.setdefault("start", STARTS[limit])
    options.setdefault("concurrency", 12 if latency == "1s" else 8)
    return loop, Caller(loop, server, latency=LATENCIES[latency], seed=seed, **options)


class Hand:
    """A pacer worked by hand: time passes only when told to."""

    def __init__(self, start: int = 10, window: float = WINDOW, **options: Any) -> None:
        self.now = 1000.0
        self.pacer = self.make(start, window, **options)

    def make(self, start: int, window: float = WINDOW, **options: Any) -> Pacer:
        options.setdefault("rng", random.Random(1))
        return Pacer(start, window, clock=lambda: self.now, epoch=lambda: EPOCH + self.now, **options)

    def ask(
        self, answer: str = "accepted", headers: dict[str, str] | None = None, *, latency: float = 0.0
    ) -> None:
        ticket = self.pacer.take()
        self.now += latency
        getattr(self.pacer, answer)(ticket, headers or {})

    def ask_many(self, number: int) -> None:
        for _ in range(number):
            self.ask()

    def sleep(self) -> float:
        """Wait as long as told, and return how long that was."""
        began = self.now
        while (wait := self.pacer.wait()) > 0:
            self.now += wait
        return self.now - began


# -------------------------------------------------------------------------- a known limit is never exceeded


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


# -------------------------------------------------------------------------------------------- learning upward


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
    hand.ask("refused")
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


# ---------------------------------------------------------------------------------------------- a long run

SCENARIOS = [
    pytest.param(limit, kind, latency, hint, id=f"{limit}-{kind}-{latency}-{hint}")
    for limit in STARTS
    for kind in ("fixed", "sliding")
    for latency, hint in (("20ms", "none"), ("200ms", "whole"), ("1s", "exact"), ("mixed", "none"))
]


@pytest.mark.parametrize(("limit", "kind", "latency", "hint"), SCENARIOS)
def test_a_long_run_uses_the_allowance_and_is_seldom_refused(limit, kind, latency, hint):
    loop, caller = simulate(limit, kind, latency, hint=hint, seed=3)
    loop.run(1800)
    assert caller.used(0, 600) >= 0.90, "ten windows from the start, learning included"
    assert caller.used(120, 1800) >= 0.97
    assert caller.refusals(120, 1800) < 0.0125  # half an hour holds the first, most frequent probes


@pytest.mark.parametrize("limit", STARTS)
@pytest.mark.parametrize("kind", ["fixed", "sliding"])
def test_refusals_become_rare(limit, kind):
    loop, caller = simulate(limit, kind, "mixed", seed=1)
    end = 120 + 6000 / limit * WINDOW
    loop.run(end)
    assert caller.refusals(120, end) < 0.01
    assert caller.used(120, end) >= 0.97


@pytest.mark.parametrize("limit", [10, 60, 120, 300])
@pytest.mark.parametrize("kind", ["fixed", "sliding"])
def test_pauses_of_the_caller_cost_little(limit, kind):
    loop, caller = simulate(limit, kind, "mixed", seed=5)
    caller.pause_each_window(2, 5)
    loop.run(1800)
    assert caller.used(0, 600) >= 0.90
    assert caller.used(120, 1800) >= 0.95
    assert caller.refusals(120, 1800) < 0.0125


@pytest.mark.parametrize("window", [1.0, 2.0])
@pytest.mark.parametrize("kind", ["fixed", "sliding"])
def test_a_scaled_window_behaves_alike(window, kind):
    loop, server = Loop(), Server(60, kind, 0.3, window=window)
    caller = Caller(loop, server, start=20, latency=lambda _: 0.005)
    loop.run(60 * window)
    assert caller.used(2 * window, 60 * window) >= 0.97
    assert caller.refusals(2 * window, 60 * window) < 0.01


@pytest.mark.parametrize("limit", [30, 120])
@pytest.mark.parametrize("kind", ["fixed", "sliding"])
@pytest.mark.parametrize("hint", ["none", "whole"])
def test_a_server_that_counts_refusals_does_not_lock_the_caller_out(limit, kind, hint):
    loop, caller = simulate(limit, kind, "200ms", hint=hint, counts_refusals=True)
    loop.run(1800)
    assert caller.used(120, 1800) >= 0.96
    assert caller.refusals(120, 1800) < 0.0125


@settings(max_examples=25)
@given(
    limit=st.integers(1, 80),
    start=st.integers(1, 80),
    kind=st.sampled_from(["fixed", "sliding"]),
    hint=st.sampled_from(["none", "exact", "whole", "one", "quota"]),
    seed=st.integers(0, 2**32),
    counts_refusals=st.booleans(),
    slowest=st.floats(0.001, 3),
    concurrency=st.integers(1, 20),
)
def test_it_never_stalls(limit, start, kind, hint, seed, counts_refusals, slowest, concurrency):
    loop = Loop()
    server = Server(limit, kind, random.Random(seed).uniform(0, WINDOW), hint, counts_refusals)
    caller = Caller(
        loop,
        server,
        start=start,
        latency=lambda rng: rng.uniform(0, slowest),
        concurrency=concurrency,
        seed=seed,
    )
    loop.run(1800)
    possible = min(1.0, concurrency / slowest * WINDOW / limit)
    assert caller.used(600, 1800) >= 0.5 * possible
    gaps = [after - before for before, after in itertools.pairwise(caller.accepted)]
    assert max(gaps, default=0) <= 5 * WINDOW


# ---------------------------------------------------------------------------------------- a changing world


def other_client(loop: Loop, server: Server, rate: Callable[[float], float], seed: int = 9) -> list[float]:
    """Another client of the organisation that asks at a rate in requests per second."""
    taken: list[float] = []
    rng = random.Random(seed)

    def ask() -> None:
        speed = rate(loop.now)
        if speed > 0 and server.ask(loop.now)[0]:
            taken.append(loop.now)
        loop.at(loop.now + (rng.expovariate(speed) if speed > 0 else 1.0), ask)

    loop.at(0, ask)
    return taken


SHARES: dict[str, Callable[[float], float]] = {
    "steady": lambda _: 0.3,
    "on and off": lambda now: 0.5 * (now // 300 % 2),
    "waves": lambda now: 0.3 + 0.3 * math.sin(now / 200),
}


@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize("kind", ["fixed", "sliding"])
@pytest.mark.parametrize("limit", [60, 120])
def test_another_client_is_given_way(limit, kind, share):
    loop, caller = simulate(limit, kind, "200ms", seed=2)
    taken = other_client(loop, caller.server, lambda now: SHARES[share](now) * limit / WINDOW)
    loop.run(3600)
    left = limit * 58 - sum(when > 120 for when in taken)
    assert sum(when > 120 for when in caller.accepted) >= 0.75 * left
    assert caller.refusals(120, 3600) < 0.04


@pytest.mark.parametrize("hint", ["none", "whole"])
@pytest.mark.parametrize("kind", ["fixed", "sliding"])
@pytest.mark.parametrize("limit", [10, 60])
def test_the_allowance_is_found_again_when_another_client_leaves(limit, kind, hint):
    loop, caller = simulate(limit, kind, "200ms", hint=hint, seed=4)
    other_client(loop, caller.server, lambda now: 2 * limit / WINDOW if 600 < now < 900 else 0)
    loop.run(900 + 5400)
    assert caller.used(900 + 4800, 900 + 5400) >= 0.95


@pytest.mark.parametrize("kind", ["fixed", "sliding"])
def test_a_raised_limit_is_found_and_climbed_to_at_once(kind):
    loop, caller = simulate(20, kind, "200ms")
    loop.run(1800)
    caller.server.limit = 120
    loop.run(1800 + 3660)
    assert caller.used(1800 + 3600, 1800 + 3660) >= 0.95
    assert caller.refusals(1800, 5400) < 0.02


@pytest.mark.parametrize("kind", ["fixed", "sliding"])
@pytest.mark.parametrize("hint", ["none", "whole"])
def test_a_lowered_limit_is_met_with_few_refusals(kind, hint):
    loop, caller = simulate(120, kind, "200ms", hint=hint)
    loop.run(600)
    before = len(caller.refused)
    caller.server.limit = 30
    loop.run(840)
    assert len(caller.refused) - before <= 25
    loop.run(1800)
    assert caller.used(840, 1800) >= 0.9


# ---------------------------------------------------------------------------------------------- refusals


def test_the_server_says_how_long_to_wait():
    hand = Hand(10)
    hand.ask_many(3)
    hand.now += 45
    hand.ask("refused", {"Retry-After": "17"})
    assert hand.sleep() == pytest.approx(17)


def test_an_absurd_wait_is_bounded():
    hand = Hand(10)
    hand.ask("refused", {"Retry-After": "86400"})
    assert hand.pacer.wait() == LONGEST_WAIT


def test_the_limit_falls_to_what_was_accepted():
    hand = Hand(60)
    hand.ask_many(23)
    hand.ask("refused")
    assert hand.pacer.limit == 23


def test_the_limit_never_falls_below_one():
    hand = Hand(60)
    for _ in range(20):
        hand.ask("refused")
        hand.sleep()
    assert hand.pacer.limit == 1


def test_without_a_hint_the_waits_grow():
    hand = Hand(60)
    waits = []
    for _ in range(7):
        hand.ask("refused")
        waits.append(hand.pacer._rest.until - hand.now)
        hand.now = hand.pacer._rest.until
        hand.sleep()
    assert 0.5 <= waits[0] <= 1.5
    assert waits[0] < waits[1] < waits[2]
    assert waits[3:5] == [WINDOW / 2] * 2
    assert waits[5:] == pytest.approx([WINDOW * 1.1] * 2), "in case the server counts refusals"
    assert hand.pacer.refused_in_a_row == 7
    hand.ask()
    assert hand.pacer.refused_in_a_row == 0


def test_the_jitter_comes_from_the_given_generator():
    def waits(seed: int) -> list[float]:
        hand = Hand(60, rng=random.Random(seed))
        hand.ask("refused")
        return [hand.pacer.wait()]

    assert waits(1) == waits(1)
    assert waits(1) != waits(2)


def test_a_hint_that_is_too_short_does_not_make_a_busy_loop():
    hand = Hand(60)
    for _ in range(5):
        hand.ask("refused", {"Retry-After": "0"})
        hand.sleep()
    assert hand.now - 1000 >= 20


def test_after_a_refusal_one_request_tries_alone():
    hand = Hand(60)
    hand.ask_many(30)
    hand.ask("refused", {"Retry-After": "70"})
    hand.sleep()
    trial = hand.pacer.take()
    assert hand.pacer.wait() > 0
    hand.pacer.accepted(trial, {})
    assert hand.pacer.wait() == 0


def test_requests_in_flight_at_a_refusal_are_no_evidence_of_their_own():
    hand = Hand(60)
    hand.ask_many(40)
    tickets = [hand.pacer.take() for _ in range(10)]
    for ticket in tickets:
        hand.now += 0.1
        hand.pacer.refused(ticket, {})
    assert hand.pacer.limit == 40
    assert hand.pacer.refused_in_a_row == 1
    assert hand.pacer.refusals == 10


def test_a_refusal_that_overtakes_accepted_requests_does_not_hide_them():
    hand = Hand(60)
    tickets = [hand.pacer.take() for _ in range(10)]
    hand.pacer.refused(tickets.pop(), {})
    for ticket in tickets:
        hand.now += 0.1
        hand.pacer.accepted(ticket, {})
    assert hand.pacer.limit == 9


def test_failed_probes_in_flight_together_double_the_interval_once():
    loop, caller = simulate(300, "sliding", "1s")
    loop.run(100)
    assert len(caller.refused) > 1
    assert caller.pacer.to_remember()["interval"] == PROBE_INTERVAL


@pytest.mark.parametrize("seed", range(8))
def test_an_edge_inside_the_climb_is_seen_through(seed):
    """A fixed window's edge in the first climb feigns up to twice the limit; few refusals correct that."""
    loop, server = Loop(), Server(30, "fixed", phase=0.5 + seed * 0.5)
    caller = Caller(loop, server, start=10, latency=LATENCIES["200ms"], seed=seed)
    loop.run(300)
    assert caller.pacer.limit in (30, 31)
    assert len(caller.refused) <= 16
    assert caller.used(120, 300) >= 0.95


# ------------------------------------------------------------------------------------------------ headers


@pytest.mark.parametrize("prefix", ["X-RateLimit-", "RateLimit-", "x-rate-limit-"])
@pytest.mark.parametrize("limit", [4, 100])
def test_a_stated_limit_is_taken_over(prefix, limit):
    hand = Hand(10)
    hand.ask(headers={prefix + "Limit": str(limit)})
    assert hand.pacer.limit == limit


def test_a_stated_limit_with_its_policy_is_understood():
    hand = Hand(10)
    hand.ask(headers={"RateLimit-Limit": "100, 100;w=60"})
    assert hand.pacer.limit == 100


@pytest.mark.parametrize("text", ["", "many", "-5", "1e3", "12.5", "0", "9" * 30])
def test_a_malformed_limit_is_ignored(text):
    hand = Hand(10)
    hand.ask(headers={"X-RateLimit-Limit": text, "X-RateLimit-Remaining": text or "x"})
    assert hand.pacer.limit == 10


def test_a_stated_limit_that_proved_wrong_is_not_believed_again():
    hand = Hand(10)
    headers = {"X-RateLimit-Limit": "100"}
    for _ in range(20):
        hand.ask(headers=headers)
    hand.ask("refused", headers)
    assert hand.pacer.limit == 20
    hand.sleep()
    hand.ask(headers=headers)
    assert hand.pacer.limit <= 21
    hand.ask(headers={"X-RateLimit-Limit": "50"})
    assert hand.pacer.limit == 50


def test_nothing_remaining_means_to_wait_for_the_reset_without_a_refusal():
    hand = Hand(10)
    hand.ask(headers={"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "25"})
    assert hand.sleep() == pytest.approx(25)


def test_nothing_remaining_without_a_reset_means_to_wait_for_a_slot():
    hand = Hand(10)
    hand.ask()
    hand.now += 20
    hand.ask(headers={"ratelimit-remaining": "0"})
    assert hand.sleep() == pytest.approx(40)


def test_the_reset_may_be_a_moment_by_the_clock_of_the_server():
    hand = Hand(10)
    server_now = NOON.timestamp()
    hand.ask(
        headers={
            "Date": format_datetime(NOON, usegmt=True),
            "X-RateLimit-Remaining": "0",
            "X-RateLimit-Reset": str(int(server_now) + 33),
        }
    )
    assert hand.sleep() == pytest.approx(33)


@pytest.mark.parametrize("limit", [10, 60, 300])
@pytest.mark.parametrize("kind", ["fixed", "sliding"])
def test_quota_headers_make_learning_quick_and_refusals_rare(limit, kind):
    loop, caller = simulate(limit, kind, "200ms", hint="quota", start=10)
    loop.run(1800)
    assert caller.used(0, 600) >= 0.95
    assert caller.refusals(0, 1800) < 0.0125


RETRY_AFTER = [
    ({"Retry-After": "30"}, 30.0),
    ({"retry-after": " 30 "}, 30.0),
    ({"RETRY-AFTER": "1.5"}, 1.5),
    ({"Retry-After": "0"}, 0.0),
    ({"Retry-After": "-4"}, 0.0),
    ({"X-Retry-After": "12"}, 12.0),
    ({"Retry-After": "soon", "X-Retry-After": "12"}, 12.0),
    ({"Retry-After": "7", "X-Retry-After": "12"}, 7.0),
    ({"Retry-After": format_datetime(NOON + timedelta(seconds=45), usegmt=True)}, 45.0),
    ({"Retry-After": format_datetime(NOON - timedelta(seconds=45), usegmt=True)}, 0.0),
    ({"Retry-After": "Tue, 01 Sep 2026 12:00:09 -0000"}, 9.0),
    ({"X-RateLimit-Reset": "20"}, 20.0),
    ({"X-RateLimit-Reset": str(int(NOON.timestamp()) + 20)}, 20.0),
    ({"X-RateLimit-Reset": str((int(NOON.timestamp()) + 20) * 1000)}, 20.0),
    ({"RateLimit-Reset": "5"}, 5.0),
    ({}, None),
    ({"Retry-After": ""}, None),
    ({"Retry-After": "soon"}, None),
    ({"Retry-After": "nan"}, None),
    ({"Retry-After": "inf"}, None),
    ({"Retry-After": "Tue, 99 Foo 2026"}, None),
    ({"Retry-After": "Tue, 01 Sep 99999 12:00:09 GMT"}, None),
]


@pytest.mark.parametrize(("headers", "seconds"), RETRY_AFTER)
@pytest.mark.parametrize("kind", [dict, httpx.Headers])
def test_every_form_of_retry_after_is_read(headers, seconds, kind):
    found = Quota(kind(headers)).retry_after(NOON)
    assert found == (None if seconds is None else pytest.approx(seconds))


@given(text=st.text(st.characters(codec="latin-1"), max_size=40))
def test_no_header_is_an_error(text):
    names = (
        "Retry-After",
        "X-Retry-After",
        "X-RateLimit-Reset",
        "X-RateLimit-Limit",
        "X-RateLimit-Remaining",
        "Date",
    )
    for name in names:
        delay = Quota({name: text}).retry_after(NOON)
        assert delay is None or 0 <= delay < math.inf
        hand = Hand(10)
        hand.ask("accepted", {name: text})
        hand.sleep()
        hand.ask("refused", {name: text})
        assert 0 <= hand.pacer.wait() <= LONGEST_WAIT


# ------------------------------------------------------------------------------------------------- memory


@settings(max_examples=25)
@given(
    limit=st.integers(1, 40),
    kind=st.sampled_from(["fixed", "sliding"]),
    phase=st.floats(0, WINDOW),
    seed=st.integers(0, 2**32),
    slowest=st.floats(0.001, 5),
    kills=st.lists(
        st.tuples(st.floats(0, 350), st.sampled_from([0.0, 0.5, 10.0, 70.0])), min_size=1, max_size=4
    ),
)
def test_restarts_do_not_exceed_the_allowance(limit, kind, phase, seed, slowest, kills):
    loop, server = Loop(), Server(limit, kind, phase)
    caller = Caller(
        loop, server, start=limit, latency=lambda rng: rng.uniform(0, slowest), seed=seed, probe=False
    )
    for when, downtime in kills:
        loop.at(when, lambda downtime=downtime: caller.restart(downtime))
    loop.run(450)
    assert not caller.refused


@pytest.mark.parametrize("kind", ["fixed", "sliding"])
def test_a_restart_goes_on_at_the_learnt_pace(kind):
    loop, caller = simulate(120, kind, "200ms", seed=6)
    loop.run(300)
    assert caller.pacer.limit >= 118
    refused = len(caller.refused)
    caller.restart(0.5)
    loop.run(480)
    assert caller.used(300, 480) >= 0.9
    assert len(caller.refused) - refused <= 3


def test_a_snapshot_is_small_json():
    loop, caller = simulate(300, "sliding", "20ms")
    loop.run(1000)
    snapshot = caller.pacer.to_remember()
    text = json.dumps(snapshot, separators=(",", ":"))
    assert len(text) <= 300
    assert json.loads(text) == snapshot
    assert len(snapshot["used"]) <= 12


def test_what_was_learnt_survives():
    hand = Hand(10)
    hand.ask_many(17)
    hand.ask("refused", {"Retry-After": "20"})
    again = hand.make(10, remembered=hand.pacer.to_remember())
    assert again.limit == hand.pacer.limit == 17
    assert again.usage() == hand.pacer.usage()
    assert again.wait() >= 20, "the refusal still holds"
    assert again.to_remember()["interval"] == PROBE_INTERVAL


def test_an_old_snapshot_has_no_recent_usage():
    hand = Hand(10)
    hand.ask_many(17)
    snapshot = hand.pacer.to_remember()
    hand.now += WINDOW
    again = hand.make(10, remembered=snapshot)
    assert (again.usage(), again.limit, again.wait()) == (0, 17, 0.0)


def test_a_clock_that_was_set_back_is_no_reason_to_wait_longer():
    hand = Hand(10)
    hand.ask_many(17)
    snapshot = hand.pacer.to_remember() | {"at": EPOCH + 1e6}
    assert hand.make(10, remembered=snapshot).idle_for() <= WINDOW


def test_a_changed_configuration_outweighs_what_was_learnt():
    hand = Hand(10)
    hand.ask_many(17)
    again = hand.make(60, remembered=hand.pacer.to_remember())
    assert again.limit == 60
    assert again.usage() == 17


def test_a_snapshot_of_another_window_is_of_no_use():
    hand = Hand(10)
    hand.ask_many(17)
    again = hand.make(10, 2.0, remembered=hand.pacer.to_remember())
    assert (again.limit, again.usage()) == (10, 0)


def broken() -> dict[str, Any]:
    good = Hand(10).pacer.to_remember()
    broken: dict[str, Any] = {
        f"without {name}": {k: v for k, v in good.items() if k != name} for name in good
    }
    wrong = {
        "limit": "many",
        "held": -3,
        "interval": 1.5,
        "credit": None,
        "used": 7,
        "blocked": "x",
        "at": math.nan,
    }
    broken |= {f"wrong {name}": good | {name: value} for name, value in wrong.items()}
    broken |= {
        "infinite": good | {"at": math.inf},
        "huge": good | {"used": [10**9]},
        "text": "x",
        "list": [1, 2],
    }
    return broken | {
        "number": 5,
        "empty": {},
        "nested": good | {"used": [[1]]},
        "strange": good | {"used": "12"},
    }


@pytest.mark.parametrize("snapshot", broken().values(), ids=broken())
def test_a_malformed_snapshot_means_to_start_afresh(snapshot):
    pacer = Hand().make(10, remembered=snapshot)
    assert (pacer.limit, pacer.usage(), pacer.wait()) == (10, 0, 0.0)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=8,
)


@given(patch=st.dictionaries(st.sampled_from(sorted(Hand(10).pacer.to_remember())), JSON, max_size=3))
def test_no_snapshot_is_an_error(patch):
    hand = Hand(10)
    pacer = hand.make(10, remembered=hand.pacer.to_remember() | patch)
    assert pacer.limit >= 1
    assert 0 <= pacer.wait() <= LONGEST_WAIT + WINDOW * 2


# -------------------------------------------------------------------------------------------- all endpoints


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
