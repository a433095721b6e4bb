"""A run that was suspended in the middle of a load, and wakes when another machine has the copy."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from support.ordeal import ANYTHING, FIRST_SEED, ONE_TURN, POINTS, SOAK
from support.runner import Run, Runner
from support.site import PostgresCopy, Site

LOCKS = "application_name LIKE 'pylon run%'"
COMPLETE = ("marked, not yet put away", "put away")
"""Moments at which a load is complete, so that another one may build on it."""


@pytest.fixture(scope="module")
def edited(open_site: Any) -> Iterator[Site]:
    """A finished copy of a world that has moved on since."""
    with open_site(seed=FIRST_SEED) as site:
        site.finish(turns=ONE_TURN)
        site.world.stir(Random(FIRST_SEED))
        yield site


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[Runner]:
    with Runner() as runner:
        yield runner


@contextmanager
def stopped(site: Site, point: str, **options: Any) -> Iterator[Run]:
    """Suspend a run at a point."""
    run = site.start(stop=point, turns=ONE_TURN, **options)
    try:
        run.wait_stopped()
        yield run
    finally:
        with suppress(ProcessLookupError):
            os.kill(run.pid, signal.SIGKILL)


def disconnect(site: Site, which: str = "true") -> None:
    """Let the server close sessions, as it does with those of whom it has not heard for long."""
    assert isinstance(site.copy, PostgresCopy)
    site.copy.postgres.execute(
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{site.copy.name}' AND {which}"
    )


def content(site: Site) -> dict[str, list[str]]:
    return {name: sorted(map(str, rows)) for name, rows in site.copy.read().items()}


def other(site: Site, runner: Runner) -> Site:
    """Return another machine that fills the same copy."""
    return replace(site, runner=runner, machine=site.copy.machine("another"))


@pytest.mark.parametrize("moment", POINTS)
def test_who_sleeps_while_another_machine_loads_changes_nothing(
    edited: Site, elsewhere: Runner, moment: str
) -> None:
    site = edited.branch(f"sleeps-{moment.replace(' ', '-')}")
    with stopped(site, POINTS[moment]) as run:
        disconnect(site)
        site.world.stir(Random(2), deletions=False)
        other(site, elsewhere).finish(turns=ONE_TURN)
        site.check()
        before = content(site)
        outcome = run.go_on()
    assert content(site) == before
    assert outcome.code in ((0, 75) if moment in COMPLETE else (75,)), outcome
    assert "Another run" in outcome.problem or not outcome.code
    site.finish(turns=ONE_TURN)
    site.check()
