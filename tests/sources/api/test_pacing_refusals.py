"""What a refusal teaches, and what headers say."""

from __future__ import annotations

import math
import random
from datetime import timedelta
from email.utils import format_datetime

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.pacing import (
    LATENCIES,
    NOON,
    WINDOW,
    Caller,
    Hand,
    Loop,
    Server,
    simulate,
)

from pylon_elt.sources.pylon.api.pacing import LONGEST_WAIT, PROBE_INTERVAL
from pylon_elt.sources.pylon.api.quota import Quota

# -- refusals --------------------------------------------------------------------------------------------


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


# -- headers ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("prefix", ["X-Rate-Limit-", "X-RateLimit-", "RateLimit-"])
@pytest.mark.parametrize("limit", [4, 100])
def test_a_stated_limit_is_taken_over(prefix, limit):
    hand = Hand(10)
    hand.ask(headers={prefix + "Limit": str(limit)})
    assert hand.pacer.limit == limit


def test_a_stated_limit_with_its_policy_is_understood():
    hand = Hand(10)
    hand.ask(headers={"RateLimit-Limit": "100, 100;w=60"})
    assert hand.pacer.limit == 100


def test_a_spelling_that_says_nothing_leaves_the_word_to_another():
    headers = {"X-Rate-Limit-Limit": "", "X-RateLimit-Limit": "30", "X-RateLimit-Remaining": "many"}
    quota = Quota(
        headers | {"RateLimit-Remaining": "7", "X-Rate-Limit-Reset": "soon", "RateLimit-Reset": "9"}
    )
    assert (quota.limit, quota.remaining, quota.reset(NOON), quota.retry_after(NOON)) == (30, 7, 9.0, 9.0)


def test_the_documented_spelling_goes_before_the_others():
    told = {"Limit": "120", "Remaining": "11", "Reset": "3"}
    others = {f"X-RateLimit-{name}": "1" for name in told} | {f"RateLimit-{name}": "2" for name in told}
    quota = Quota(others | {f"X-Rate-Limit-{name}": value for name, value in told.items()})
    assert (quota.limit, quota.remaining, quota.reset(NOON)) == (120, 11, 3.0)


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
    hand.ask("refused", headers | {"Retry-After": "30"})
    assert hand.pacer.limit == 20
    hand.sleep()
    hand.ask(headers=headers)
    assert hand.pacer.limit <= 21
    hand.ask(headers={"X-RateLimit-Limit": "50"})
    assert hand.pacer.limit == 50


def test_nothing_remaining_means_to_wait_for_the_reset_without_a_refusal():
    hand = Hand(10)
    hand.ask(headers={"X-Rate-Limit-Remaining": "0", "X-Rate-Limit-Reset": "25"})
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
    ({"X-Rate-Limit-Reset": "5"}, 5.0),
    ({"X-Rate-Limit-Remaining": "0"}, None),
    ({"X-Rate-Limit-Remaining": "0", "X-Retry-After": "8"}, 8.0),
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
