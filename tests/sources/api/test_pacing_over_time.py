"""The pace of one endpoint in the long run, and in a world that changes."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Callable
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.pacing import (
    STARTS,
    WINDOW,
    Caller,
    Loop,
    Server,
    simulate,
)

# -- a long run ------------------------------------------------------------------------------------------


SCENARIOS = [
    pytest.param(limit, kind, latency, hint, id=f"{limit}-{kind}-{latency}-{hint}")
    for limit in STARTS
    for kind in ("fixed", "sliding")
    for latency, hint in (("20ms", "none"), ("200ms", "whole"), ("1s", "exact"), ("mixed", "none"))
]


@pytest.mark.sampled(4, each=("limit", "kind", "latency", "hint"))
@pytest.mark.parametrize(("limit", "kind", "latency", "hint"), SCENARIOS)
def test_a_long_run_uses_the_allowance_and_is_seldom_refused(limit, kind, latency, hint):
    loop, caller = simulate(limit, kind, latency, hint=hint, seed=3)
    loop.run(1800)
    assert caller.used(0, 600) >= 0.90, "ten windows from the start, learning included"
    assert caller.used(120, 1800) >= 0.97
    assert caller.refusals(120, 1800) < 0.0125  # half an hour holds the first, most frequent probes


@pytest.mark.sampled(2, each=("limit", "kind"))
@pytest.mark.parametrize("limit", STARTS)
@pytest.mark.parametrize("kind", ["fixed", "sliding"])
def test_refusals_become_rare(limit, kind):
    loop, caller = simulate(limit, kind, "mixed", seed=1)
    end = 120 + 6000 / limit * WINDOW
    loop.run(end)
    assert caller.refusals(120, end) < 0.01
    assert caller.used(120, end) >= 0.95  # an edge may let a trial through, and evenly spread is a bit slower


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


@pytest.mark.sampled(6, each=("limit", "kind", "penalty"))
@pytest.mark.parametrize("limit", [10, 60, 300])
@pytest.mark.parametrize("kind", ["fixed", "sliding"])
@pytest.mark.parametrize(
    ("penalty", "prolonged"), [(60.0, False), (90.0, False), (300.0, False), (300.0, True)]
)
def test_who_is_shut_out_after_a_refusal_seldom_asks_for_more(limit, kind, penalty, prolonged):
    for seed in range(2):
        loop, caller = simulate(limit, kind, "200ms", seed=seed, penalty=penalty, is_prolonged=prolonged)
        loop.run(3 * 3600)
        assert caller.used(3600, 3 * 3600) >= (0.7 if prolonged else 0.9), seed


@pytest.mark.sampled(4, each=("limit", "kind"))
@pytest.mark.parametrize("limit", [60, 300])
@pytest.mark.parametrize("kind", ["fixed", "sliding"])
@pytest.mark.parametrize("since", [5.0, 900.0])
def test_a_server_that_refuses_everything_for_an_hour_is_asked_as_fast_as_before_soon(limit, kind, since):
    for seed in range(2):
        loop, caller = simulate(limit, kind, "200ms", seed=seed)
        loop.at(since, partial(caller.server.shut, since + 3600))
        loop.run(since + 2 * 3600)
        # the last attempt before it ends may be ten minutes earlier
        assert caller.used(since + 3600 + 900, since + 2 * 3600) >= 0.9, seed


@pytest.mark.parametrize("seed", [8, 74, 382, 491])
def test_a_limit_that_fell_to_one_request_a_window_is_not_kept_for_an_hour(seed):
    loop = Loop()
    server = Server(6, "sliding", 0.0, "exact", counts_refusals=True)
    latency: Callable[[random.Random], float] = lambda rng: rng.uniform(0, 1.0)  # noqa: E731
    caller = Caller(loop, server, start=8, latency=latency, concurrency=10, seed=seed)
    loop.run(1800)
    assert caller.used(180, 300) < 0.4, "its refusals were counted, so that hardly any were let through"
    assert caller.used(900, 1800) >= 0.9


@settings(max_examples=25)
@given(
    limit=st.integers(1, 80),
    start=st.integers(2, 80),  # from a single request a window on, learning takes longer
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
    assert caller.used(600, 1800) >= (0.5 if limit > 4 else 0.25) * possible, (
        "each trial costs a few their share"
    )
    gaps = [after - before for before, after in itertools.pairwise(caller.accepted)]
    assert max(gaps, default=0) <= 5 * WINDOW


# -- a changing world ------------------------------------------------------------------------------------


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


@pytest.mark.sampled(2, each=("kind", "share", "limit"))
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


MANY = range(4)


def shared(limit: int, kind: str, seed: int, rate: Callable[[float], float], until: float) -> Caller:
    """A caller beside another client, which asks at a part of the allowance."""
    loop, caller = simulate(limit, kind, "200ms", seed=seed, burst=5)
    other_client(loop, caller.server, lambda now: rate(now) * limit / WINDOW)
    loop.run(until)
    return caller


@pytest.mark.parametrize(
    ("share", "limit", "most"), [(0.1, 10, 0.025), (0.1, 30, 0.02), (0.3, 10, 0.04), (0.3, 30, 0.025)]
)
def test_another_client_in_small_fixed_windows_costs_few_refusals(share, limit, most):
    """What one leaves of ten requests varies by several: before, it cost 4.6 % and 5.9 % with ten requests."""
    callers = [shared(limit, "fixed", seed, lambda _: share, 3600) for seed in MANY]
    assert sum(caller.refusals(120, 3600) for caller in callers) / len(MANY) < most


@pytest.mark.sampled(4, each=("kind", "limit"))
@pytest.mark.parametrize("seed", MANY)
@pytest.mark.parametrize(
    ("kind", "limit"),
    [(kind, limit) for kind in ("fixed", "sliding") for limit in (30, 60, 120, 300)]
    + [("bucket", 120), ("bucket", 300)],
)
def test_it_is_noticed_within_five_windows_that_a_client_has_left(kind, limit, seed):
    left = 1200.0
    caller = shared(limit, kind, seed, lambda now: 0.5 if 600 < now < left else 0.0, left + 6 * WINDOW)
    uses = [caller.used(left + n * WINDOW, left + (n + 1) * WINDOW) for n in range(6)]
    assert max(uses) >= 0.95


def test_that_a_client_has_left_a_small_bucket_is_mostly_noticed_within_five_windows():
    """Of thirty a minute: each step of the way back took twelve requests, which is a window."""
    noticed = 0
    for seed in range(16):
        loop, caller = simulate(30, "bucket", "200ms", seed=seed, burst=5)
        other_client(loop, caller.server, lambda now: 0.25 if 600 < now < 1200 else 0.0, seed * 31 + 9)
        loop.run(1200 + 6 * WINDOW)
        uses = [caller.used(1200 + n * WINDOW, 1200 + (n + 1) * WINDOW) for n in range(6)]
        noticed += max(uses) >= 0.95
    assert noticed >= 8


@pytest.mark.sampled(3)
@pytest.mark.parametrize("limit", [60, 120, 300])
def test_beside_another_client_a_bucket_is_taken_for_one_and_not_given_up(limit):
    """Who met one refusal after the other took the rate to be next to nothing, and then the server to count in windows."""
    uses = [
        shared(limit, "bucket", seed, lambda now: 0.5 * (now > 600), 1200).used(720, 1200)
        for seed in range(24)
    ]
    assert min(uses) >= 0.12
    assert sum(uses) / len(uses) >= 0.25


@pytest.mark.sampled(8, each=("limit", "kind"))
@pytest.mark.parametrize("latency", ["20ms", "200ms", "1s"])
@pytest.mark.parametrize("hint", ["none", "whole"])
@pytest.mark.parametrize(("kind", "refused"), [("fixed", 0.045), ("sliding", 0.03)])
@pytest.mark.parametrize(("limit", "a_second"), [(60, 5), (300, 10), (120, 4)])
def test_a_limit_of_each_second_besides_leaves_that_of_the_minute_to_be_used(
    limit, a_second, kind, refused, hint, latency
):
    """A burst is refused as by a bucket, and then nothing is let through for long, as by windows: it was used by 8 %."""
    for seed in range(3):
        loop, caller = simulate(limit, kind, latency, seed=seed, hint=hint, a_second=a_second)
        loop.run(22 * WINDOW)
        assert caller.used(2 * WINDOW, 22 * WINDOW) >= 0.85
        assert caller.refusals(2 * WINDOW, 22 * WINDOW) <= refused


@pytest.mark.sampled(6, each=("limit", "kind"))
@pytest.mark.parametrize("hint", ["none", "one"])
@pytest.mark.parametrize("at_once", [2, 4, 6])
@pytest.mark.parametrize("kind", ["fixed", "sliding", "bucket"])
@pytest.mark.parametrize("limit", [60, 120, 300])
def test_a_limit_of_what_is_in_flight_besides_leaves_that_of_the_minute_to_be_used(
    limit, kind, at_once, hint
):
    """One more is refused, however few came before; a tenth to a half of the allowance was used by some draws."""
    uses = []
    for seed in range(4):
        loop, caller = simulate(limit, kind, "200ms", seed=seed, hint=hint, at_once=at_once, burst=10)
        loop.run(22 * WINDOW)
        uses.append(caller.used(2 * WINDOW, 22 * WINDOW))
        assert caller.refusals(2 * WINDOW, 22 * WINDOW) <= 0.045
    assert min(uses) >= 0.75, uses
    assert sum(uses) / len(uses) >= 0.85


@pytest.mark.sampled(4, each=("hint",))
@pytest.mark.parametrize("hint", ["none", "whole"])
@pytest.mark.parametrize(("limit", "least"), [(10, 0.5), (60, 0.65), (120, 0.5), (300, 0.5)])
def test_windows_that_weigh_in_the_one_before_are_used(limit, least, hint):
    """As several gateways count: a burst is paid for slowly throughout the next window."""
    uses = []
    for seed in range(6):
        loop, caller = simulate(limit, "weighted", "200ms", seed=seed, hint=hint)
        loop.run(22 * WINDOW)
        uses.append(caller.used(2 * WINDOW, 22 * WINDOW))
    assert min(uses) >= least, uses


MAPPINGS = {
    "10/20/60": [(10, 10), (20, 20), (60, 60)],
    "30/120/300": [(10, 30), (20, 120), (60, 300)],
    "issues 30, searches 120, reads 300": [(10, 30), (20, 120), (20, 300), (60, 300)],
}
"""Where we start, and what is allowed; which of the documented mappings holds is not known."""


@pytest.mark.sampled(3, each=("mapping", "kind"))
@pytest.mark.parametrize("kind", ["fixed", "sliding", "bucket"])
@pytest.mark.parametrize("mapping", MAPPINGS)
def test_each_mapping_of_tiers_is_used_from_the_sixth_window_on(mapping, kind):
    since, until = 5 * WINDOW, 26 * WINDOW
    for start, limit in MAPPINGS[mapping]:
        for seed in MANY:
            loop, caller = simulate(limit, kind, "200ms", seed=seed, start=start, burst=5)
            loop.run(until)
            assert caller.used(since, until) >= 0.95, (limit, seed)
            assert caller.refusals(since, until) < 0.015, (limit, seed)


@pytest.mark.sampled(4)
@pytest.mark.parametrize("seed", range(8))
def test_many_probes_in_flight_are_not_repeated_in_each_window(seed):
    """At a latency of a second seven are; a climb that began again after each fall sent them every minute."""
    loop, caller = simulate(300, "sliding", "1s", seed=seed)
    loop.run(22 * WINDOW)
    assert caller.used(120, 22 * WINDOW) >= 0.97
    assert caller.refusals(120, 22 * WINDOW) < 0.01
