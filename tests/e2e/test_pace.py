"""Both tiers, every way to say no, other clients: served to the end, refused rarely, remembered."""

from __future__ import annotations

from typing import Any

import pytest
from support import runs, worlds

from pylon_elt.pipelines.run import job

STYLES = ["retry-after", "retry-after-fraction", "retry-after-date", "x-retry-after", "ratelimit", "none"]
TIERS = [("july", "fixed"), ("autumn", "sliding"), ("july", "sliding"), ("autumn", "fixed")]


@pytest.fixture
def short_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job, "FIRST_TURN_SECONDS", 0.5)
    monkeypatch.setattr(job, "TURN_SECONDS", 1.0)


def _refused(copy: runs.Copy, endpoint: str) -> tuple[int, int]:
    counts = copy.server.counts()[endpoint]
    return counts["refused"], counts["served"]


@pytest.mark.parametrize(("style", "tier"), list(zip(STYLES, TIERS * 2, strict=False)))
def test_the_load_is_complete_whatever_a_refusal_says(style: Any, tier: tuple[str, str], fresh: Any) -> None:
    name, kind = tier
    world = worlds.quiet(issues=45 if name == "july" else 150, years=0.1)
    copy = fresh(
        world,
        options={"tables": runs.ISSUE_TABLES},
        tier=name,
        window_kind=kind,
        window_seconds=1.0,
        rate_headers=style,
        refused_counts=style == "none",
    )
    copy.run()
    copy.assert_equal()
    for endpoint in runs.CONVERSATIONS:
        refused, served = _refused(copy, endpoint)
        assert served == len(world)
        assert refused <= served // 4


@pytest.mark.parametrize("style", STYLES)
def test_refusals_without_a_limit_behind_them_are_waited_out(style: Any, fresh: Any) -> None:
    copy = fresh(
        worlds.quiet(issues=15),
        options={"tables": [*runs.ISSUE_TABLES, "accounts"], "rate_window_seconds": 0.5},
        rate_headers=style,
    )
    fault = copy.server.faults.add("status", status=429, seconds=0.05, every=8, count=5)
    copy.run()
    assert fault.played == 5
    copy.assert_equal()


def test_a_run_of_several_turns_asks_nothing_twice_and_is_rarely_refused(
    short_turns: None, fresh: Any
) -> None:
    copy = fresh(
        worlds.quiet(issues=90, years=0.1),
        options={"tables": runs.ISSUE_TABLES},
        tier="july",
        window_seconds=1.5,
    )
    run = copy.run()
    assert run.job.turns >= 2
    asked = [
        record.path for record in run.records if record.endpoint in runs.CONVERSATIONS and not record.refused
    ]
    assert len(asked) == len(set(asked)) == 3 * 90
    refused = sum(record.refused for record in run.records)
    assert refused <= 0.15 * len(run.records)
    copy.assert_equal()


def test_the_pace_is_remembered_between_runs(fresh: Any) -> None:
    world = worlds.bump_all(worlds.quiet(issues=200, years=0.1))
    copy = fresh(world, options={"tables": runs.ISSUE_TABLES}, tier="autumn", window_seconds=1.0)
    first = copy.run()
    learnt = first.job.control.pacers.get("issue_messages", "medium").limit
    assert learnt > 25
    kept = runs.state_of(copy.folder)["pace"]["issue_messages"]
    assert kept["limit"] >= 0.8 * learnt
    world.bulk_edit(world.issue_ids(), state="closed")
    world.advance(10)
    second = copy.run(machine="another")
    # a climb across the edge of a window may for a while believe in more than there is
    held = min(learnt, 120)
    assert second.job.control.pacers.get("issue_messages", "medium").limit >= 0.8 * held
    assert sum(record.refused for record in second.records) <= 0.15 * len(second.records)
    copy.assert_equal()


def test_another_client_may_take_most_of_the_allowance(fresh: Any) -> None:
    copy = fresh(
        worlds.quiet(issues=40, years=0.1),
        options={"tables": runs.ISSUE_TABLES},
        tier="july",
        window_seconds=0.8,
        other_client_share={runs.MESSAGES: 14, runs.FOLLOWERS: 40},
    )
    copy.run()
    refused, served = _refused(copy, runs.MESSAGES)
    assert served == 40
    assert refused <= served
    copy.assert_equal()


def test_another_client_that_takes_everything_for_a_while_is_waited_for(fresh: Any) -> None:
    copy = fresh(
        worlds.quiet(issues=20, years=0.1),
        options={"tables": runs.ISSUE_TABLES},
        tier="july",
        window_seconds=0.5,
        other_client_share={runs.MESSAGES: 20},
    )

    def release(record: Any) -> None:
        if record.refused and copy.server.count(runs.MESSAGES, refused=True) >= 4:
            copy.server.settings.other_client_share = 0

    copy.server.on_request(release)
    copy.run()
    copy.assert_equal()


def test_another_client_that_never_lets_go_ends_the_run(short_turns: None, fresh: Any) -> None:
    """Although turns are too short for one request to meet many refusals."""
    copy = fresh(
        worlds.quiet(issues=20, years=0.1),
        options={"tables": runs.ISSUE_TABLES},
        tier="july",
        window_seconds=0.5,
        other_client_share={runs.THREADS: 20},
        rate_headers="none",
    )
    run = copy.run(expect=4)
    assert "because of the rate limit (429)" in run.failures["issue_threads"]
    copy.assert_equal(["issues", "issue_messages", "issue_followers"])
    copy.server.settings.other_client_share = 0
    copy.run()
    copy.assert_equal()


@pytest.mark.dear
@pytest.mark.parametrize("size", [5])
def test_a_bucket_that_is_filled_evenly_serves_the_load_to_its_end(size: int, fresh: Any) -> None:
    world = worlds.quiet(issues=30, years=0.1)
    copy = fresh(
        world,
        options={"tables": runs.ISSUE_TABLES},
        tier="autumn",
        window_kind="bucket",
        bucket_size=size,
        rate_headers="retry-after-fraction",  # whole seconds are long in so short a window
        window_seconds=6.0,
    )
    copy.run()
    copy.assert_equal()
    for endpoint in runs.CONVERSATIONS:
        refused, served = _refused(copy, endpoint)
        assert served == len(world)
        assert refused <= served // 2
