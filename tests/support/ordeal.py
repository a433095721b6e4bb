"""Where and how the crash tests kill a run, for every destination the same."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from random import Random
from typing import Any, TypeVar

from support.site import Site
from support.soak import SOAK

FIRST_SEED = int(os.environ.get("TEST_SEED") or 1)
"""The first of the seeds that the crash tests use; each test prints its own."""

ANYTHING = "."
"""Matches every point."""
ONE_TURN: dict[str, float] = {}
"""No small turns: what there is to do goes into one package."""
EPOCHS = 3
Case = TypeVar("Case")
POINTS_OF_A_RUN = 250
SURELY_REACHED = 0.9
"""A run has some points fewer than another of the same, by the order in which answers come."""

NAMED = r'["`]?\bpylon["`]?\.["`]?{}\b'
"""A table of the copy, quoted or not."""

POINTS = {
    "extracted, its state not yet saved": r"after rename .* to pylon/normalize/extracted/",
    "normalized": r"after rename .* to pylon/load/normalized/",
    "staged": r"after sql DELETE FROM .*_staging|after sql TRUNCATE",
    "in the middle of the messages": r"after sql (DELETE FROM|INSERT INTO) \S*"
    + NAMED.format("issue_messages"),
    "loaded, not yet counted": r"before sql INSERT INTO .*_dlt_loads\b",
    "counted, not yet marked": r"after sql INSERT INTO .*_dlt_loads\b",
    "marked, not yet put away": r"after rename .*/package_completed\.json",
    "put away": r"after rename .* to pylon/load/loaded/",
}
"""Moments of a package, by name."""


def share(cases: Iterable[Case], of: int = 2) -> list[Case]:
    """Return one of so many cases each, beginning where the first seed says; all of them with ``make soak``."""
    return list(cases) if SOAK else list(cases)[FIRST_SEED % of :: of]


def one_way_each(cases: Iterable[Case]) -> list[tuple[Case, bool]]:
    """Return each case with one of its two ways, in turn; with both of them with ``make soak``."""
    if SOAK:
        return [(case, way) for case in cases for way in (False, True)]
    return [(case, (number + FIRST_SEED) % 2 == 0) for number, case in enumerate(cases)]


def after_staging_of(table: str) -> str:
    """Return the point at which the rows of a table wait in dlt's staging table, and this was written down."""
    return rf"after rename .*started_jobs/{table}\.\w+\.\d+\.(?!sql)[\w.]+ to .*completed_jobs"


def after_merge_of(table: str) -> str:
    """Return the point at which a table was merged and this was written down."""
    return rf"after rename .*started_jobs/{table}\.\w+\.\d+\.sql to .*completed_jobs"


def before_merge_of(table: str) -> str:
    """Return the point at which a table is about to be merged."""
    return r"before sql DELETE FROM \S*" + NAMED.format(table)


def recover(site: Site, *, fresh: bool, **options: Any) -> None:
    """Finish a copy, in place or on a machine that has only the database, and check it."""
    if fresh:
        site.machine.replace()
    with site.audited():
        site.finish(turns=ONE_TURN, **options)
    site.check()


def ordeal(site: Site, seed: int, kills: int, *, fresh_share: float = 0.5) -> None:
    """Take a copy through a first load and two rounds of edits, with some kills in each, and check it after each."""
    print(f"seed {seed}")
    rng = Random(seed)
    for epoch in range(EPOCHS):
        if epoch:
            site.world.stir(rng)
        for _ in range(kills):
            _kill_somewhere(site, rng)
            if rng.random() < fresh_share:
                site.machine.replace()
        with site.audited():
            site.finish()
        site.check()
    print(f"{site.kills} kills")


def _kill_somewhere(site: Site, rng: Random) -> None:
    """Kill a run at a random moment; where it ended before that, give it more to do and try again."""
    for _ in range(10):
        with site.audited():
            if rng.random() < 0.5:
                usual = max(site.durations[-2:], default=4.0)
                outcome = site.start().kill_after(rng.uniform(0.0, usual))
            else:
                outcome = site.start(kill=ANYTHING, nth=rng.randrange(1, POINTS_OF_A_RUN)).wait()
        if outcome.killed:
            site.kills += 1
            return
        assert outcome.code == 0, f"{outcome}\n{site.runner.tail()}"
        site.world.stir(rng, 6, deletions=False)
    raise AssertionError("ten runs ended before they were killed")


def sweep(start: Site, folder: Path, seed: int, *, step: int, offset: int, both: bool = False) -> None:
    """Kill at each ``step``-th point of a run, let the world move on, and finish each copy.

    Args:
        start: Where each run begins; it stays as it is.
        folder: Keeps the list of points.
        seed: Of what happens in the world.
        step: The distance between two points.
        offset: The first point.
        both: Finish each copy in place and on a fresh machine, rather than now this way, now that.
    """
    trace = folder / "trace"
    start.branch(f"trace-{folder.name}").finish(turns=ONE_TURN, trace=trace)
    points = len(trace.read_text(encoding="utf-8").splitlines())
    killed: list[tuple[Site, bool]] = []
    for number, nth in enumerate(range(1 + offset, points, step)):
        for fresh in (False, True) if both else (number % 2 == 0,):
            site = start.branch(f"{folder.name}-{nth}-{fresh}")
            if nth < points * SURELY_REACHED:
                site.killed(ANYTHING, nth, turns=ONE_TURN)
            else:
                outcome = site.start(kill=ANYTHING, nth=nth, turns=ONE_TURN).wait()
                assert outcome.killed or outcome.code == 0, f"{outcome}\n{site.runner.tail()}"
            killed.append((site, fresh))
    start.world.stir(Random(seed), deletions=False)
    for site, fresh in killed:
        recover(site, fresh=fresh)
        site.copy.discard()
    print(f"{len(killed)} kills at {points} points")
