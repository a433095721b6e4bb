"""A run that is suspended in the middle, as that of a machine that sleeps, while another machine fills the same copy."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any

from support.ordeal import ONE_TURN, POINTS
from support.runner import Run, Runner
from support.site import Site

SHORT = {"SECONDS": 3.0, "RENEWAL": 0.5}
LONG = {"SECONDS": 600.0, "RENEWAL": 0.5}
"""Leases, and how often they are renewed."""


@contextmanager
def stopped(site: Site, point: str, **options: Any) -> Iterator[Run]:
    """Suspend a run at a point."""
    run = site.start(stop=point, **({"turns": ONE_TURN} | options))
    try:
        run.wait_stopped()
        yield run
    finally:
        with suppress(ProcessLookupError):
            run.kill()


def content(site: Site) -> dict[str, list[str]]:
    """Return everything in a copy, to be compared."""
    return {name: sorted(map(str, rows)) for name, rows in site.copy.read().items()}


def other(site: Site, runner: Runner) -> Site:
    """Return another machine that fills the same copy."""
    return replace(site, runner=runner, machine=site.copy.machine("another"))


def second_leaves(site: Site, runner: Runner) -> None:
    """Check that a run which comes while another one has its lease leaves, names that one, and disturbs it in nothing."""
    with stopped(site, POINTS["normalized"], lease=LONG) as run:
        second = other(site, runner).start(turns=ONE_TURN, lease=LONG).wait()
        assert second.code == 75
        assert f"process {run.pid} on" in second.problem
        assert run.go_on().code == 0
    site.check()
