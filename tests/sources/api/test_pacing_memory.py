"""What one process learnt of the pace, the next one knows."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.pacing import (
    EPOCH,
    WINDOW,
    Caller,
    Hand,
    Loop,
    Server,
    simulate,
)

from pylon_elt.sources.pylon.api.pacing import LONGEST_WAIT, PROBE_INTERVAL


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
    assert len(caller.refused) - refused <= 5


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
