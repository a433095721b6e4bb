"""The rate limiter, under a simulated clock."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from pylon_elt.emulator.limits import Decision, Limiter


def take(limiter: Limiter, now: float, endpoint: str = "GET /x", **options: Any) -> Decision:
    return limiter.take(endpoint, now, **({"limit": 3, "window": 10.0} | options))


def test_fixed_windows_begin_with_the_clock_not_with_the_first_request() -> None:
    limiter = Limiter()
    assert [take(limiter, 8.0).allowed for _ in range(4)] == [True, True, True, False]
    assert take(limiter, 8.0).wait == pytest.approx(2.0)
    assert [take(limiter, 10.0).allowed for _ in range(4)] == [True, True, True, False]


def test_sliding_window_frees_a_place_when_a_request_grows_old() -> None:
    limiter = Limiter()
    assert all(take(limiter, at, kind="sliding").allowed for at in (0.0, 4.0, 8.0))
    refused = take(limiter, 9.0, kind="sliding")
    assert not refused.allowed
    assert refused.wait == pytest.approx(1.0)
    assert take(limiter, 10.0, kind="sliding").allowed
    assert not take(limiter, 10.0, kind="sliding").allowed


def test_refused_requests_count_only_if_the_service_is_set_so() -> None:
    for counts, allowed in ((False, True), (True, False)):
        limiter = Limiter()
        for at in (0.0, 1.0, 2.0, 3.0, 4.0):
            take(limiter, at, kind="sliding", refused_counts=counts)
        assert take(limiter, 11.5, kind="sliding", refused_counts=counts).allowed is allowed


def test_a_fixed_window_forgives_refused_requests_at_its_end() -> None:
    limiter = Limiter()
    for _ in range(20):
        take(limiter, 1.0, refused_counts=True)
    assert take(limiter, 10.0, refused_counts=True).allowed


def test_another_client_takes_its_share() -> None:
    limiter = Limiter()
    assert [take(limiter, 0.0, share=2).allowed for _ in range(2)] == [True, False]
    assert not take(limiter, 10.0, share=5).allowed
    assert take(limiter, 20.0, share=0).remaining == 2


def test_endpoints_have_allowances_of_their_own() -> None:
    limiter = Limiter()
    assert all(take(limiter, 0.0, "GET /a").allowed for _ in range(3))
    assert take(limiter, 0.0, "GET /b").allowed
    assert not take(limiter, 0.0, "GET /a").allowed


def test_no_limit_lets_everything_through() -> None:
    limiter = Limiter()
    assert all(take(limiter, 0.0, limit=None).allowed for _ in range(1000))


def test_remaining_counts_down() -> None:
    limiter = Limiter()
    assert [take(limiter, 0.0).remaining for _ in range(4)] == [2, 1, 0, 0]


@pytest.mark.parametrize("kind", ["fixed", "sliding"])
@pytest.mark.parametrize("refused_counts", [False, True])
def test_waiting_as_told_always_succeeds(kind: str, refused_counts: bool) -> None:
    seed = 20260701
    rng, limiter, now = Random(seed), Limiter(), 1000.0
    for _ in range(500):
        decision = take(limiter, now, kind=kind, refused_counts=refused_counts)
        if decision.allowed:
            now += rng.random() * 3
        else:
            now += decision.wait + 1e-6
            assert take(limiter, now, kind=kind, refused_counts=refused_counts).allowed, f"seed {seed}"


def test_no_stretch_of_a_sliding_window_holds_more_than_the_limit() -> None:
    seed = 3
    rng, limiter, now, served = Random(seed), Limiter(), 0.0, []
    for _ in range(2000):
        now += rng.expovariate(2.0)
        if take(limiter, now, kind="sliding").allowed:
            served.append(now)
    gaps = [later - earlier for earlier, later in zip(served, served[3:], strict=False)]
    assert min(gaps) >= 10.0, f"seed {seed}"


def test_a_bucket_lets_a_few_through_at_once_and_is_filled_evenly() -> None:
    limiter = Limiter()
    assert [take(limiter, 0.0, kind="bucket", limit=5, burst=2).allowed for _ in range(3)] == [
        True,
        True,
        False,
    ]
    refused = take(limiter, 0.5, kind="bucket", limit=5, burst=2)
    assert not refused.allowed
    assert refused.wait == pytest.approx(1.5)
    assert [take(limiter, at, kind="bucket", limit=5, burst=2).allowed for at in (2.0, 2.1, 4.0)] == [
        True,
        False,
        True,
    ]
