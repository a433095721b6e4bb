"""When a run and its turns end; no clock decides here: what is to have passed is long past, what not is far away."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from pylon_elt.sources.pylon.errors import TurnOver
from pylon_elt.sources.pylon.lanes.budget import Budget, Limits, TurnBudget

HOUR = 3600.0


def turn(run: Budget | None = None, **limits: Any) -> TurnBudget:
    return TurnBudget(run or Budget(), Limits(**limits), brief_seconds=1.0)


async def waits(budget: TurnBudget | Budget, seconds: float = HOUR, *, patiently: bool = False) -> bool:
    """Say whether a wait lasts, rather than to be ended at once."""
    pause = budget.pause_patiently if patiently and isinstance(budget, TurnBudget) else budget.pause
    try:
        await asyncio.wait_for(pause("GET /me", seconds), 0.02)
    except TurnOver:
        return False
    except TimeoutError:
        return True
    return True


def test_without_limits_nothing_ends() -> None:
    run = Budget()
    budget = turn(run)
    budget.add(10**9, 10**12)
    assert not run.spent
    assert not budget.over
    assert asyncio.run(waits(budget))
    assert asyncio.run(waits(run))
    assert asyncio.run(waits(run, seconds=0.0))


@pytest.mark.parametrize("stopped", [True, False])
def test_a_run_that_ends_ends_its_turn_and_every_wait(stopped: bool) -> None:
    run = Budget() if stopped else Budget(deadline=time.monotonic())
    if stopped:
        run.stop.set()
    budget = turn(run)
    assert run.spent
    assert budget.over
    assert not asyncio.run(waits(run))
    assert not asyncio.run(waits(budget))
    assert not asyncio.run(waits(budget, patiently=True))


@pytest.mark.parametrize("limits", [{"most_rows": 10}, {"most_bytes": 1000}, {"most_seconds": 0.0}])
def test_a_turn_that_has_read_enough_lets_patient_work_finish(limits: dict[str, Any]) -> None:
    run = Budget(deadline=time.monotonic() + HOUR)
    budget = turn(run, **limits)
    budget.add(10, 1000)
    assert budget.over
    assert not run.spent
    assert not asyncio.run(waits(budget))
    assert asyncio.run(waits(budget, patiently=True))


def test_a_turn_that_has_not_read_enough_goes_on() -> None:
    budget = turn(most_rows=10, most_bytes=1000, most_seconds=HOUR)
    budget.add(9, 999)
    assert not budget.over


def starved(**given: Any) -> TurnBudget:
    budget = turn(least_seconds=given.get("least_seconds", 0.0))
    budget.all_lanes_begun = given.get("all_lanes_begun", True)
    if given.get("progress", True):
        budget.progress()
    return budget


def test_a_turn_ends_while_all_of_it_waits_anyway() -> None:
    budget = starved()
    with budget.unit():
        assert not asyncio.run(waits(budget))
    assert budget.over


@pytest.mark.parametrize("given", [{"least_seconds": HOUR}, {"all_lanes_begun": False}, {"progress": False}])
def test_it_goes_on_while_it_is_young_or_a_lane_is_to_come_or_nothing_was_read(given: dict[str, Any]) -> None:
    budget = starved(**given)
    with budget.unit():
        assert asyncio.run(waits(budget))


def test_it_goes_on_while_the_wait_is_brief_or_another_unit_is_at_work_or_patient() -> None:
    budget = starved()
    with budget.unit():
        assert asyncio.run(waits(budget, seconds=0.9))
        with budget.unit():
            assert asyncio.run(waits(budget))
    with budget.unit(patient=True):
        assert asyncio.run(waits(budget))
    assert not budget.over
