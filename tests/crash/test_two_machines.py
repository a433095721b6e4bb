"""Two machines with one database: one that was killed and comes back, and one that comes too early."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from support.ordeal import ONE_TURN, POINTS, after_merge_of, share
from support.runner import Runner, wait_until
from support.site import TABLES, Site, duckdb_site

pytestmark = pytest.mark.soak

MOMENTS = {
    "messages loaded": after_merge_of("issue_messages"),
    "extracted": POINTS["extracted, its state not yet saved"],
    "issues loaded": after_merge_of("issues"),
    "normalized": POINTS["normalized"],
    "all loaded": POINTS["loaded, not yet counted"],
}


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory, runner: Runner) -> Iterator[Site]:
    """A finished copy."""
    with duckdb_site(tmp_path_factory.mktemp("loaded"), runner, seed=1, issues=30) as one:
        one.finish(turns=ONE_TURN)
        yield one


@pytest.fixture
def site(loaded: Site, tmp_path: Path) -> Site:
    """A copy of it, of a world that goes on from test to test."""
    return loaded.branch(tmp_path.name)


@pytest.mark.sampled(2)
@pytest.mark.parametrize("moment", share(MOMENTS))
def test_a_package_that_another_machine_has_overtaken_overwrites_nothing(site: Site, moment: str) -> None:
    rng = Random(1)
    site.world.stir(rng, deletions=False)
    site.killed(MOMENTS[moment], turns=ONE_TURN)
    site.world.stir(rng, deletions=False)
    site.finish(machine=site.copy.machine("another"), turns=ONE_TURN)
    site.check()
    mark = len(site.server.log)
    site.finish(turns=ONE_TURN)
    site.check()
    assert not site.asked_since(mark)


def test_machines_that_take_turns_and_are_killed_in_turn_end_equal(site: Site) -> None:
    rng = Random(2)
    machines = [site.machine, site.copy.machine("another"), site.copy.machine("a third")]
    for moment in share([POINTS["normalized"], after_merge_of("issue_sync"), POINTS["staged"]], 3):
        for machine in machines:
            site.world.stir(rng, 6, deletions=False)
            site.killed(moment, machine=machine, turns=ONE_TURN)
    for machine in machines:
        site.finish(machine=machine, turns=ONE_TURN)
        site.check()


def test_the_second_of_two_runs_leaves_and_names_the_first(site: Site) -> None:
    site.world.stir(Random(1))
    site.server.settings.latency_seconds = 0.3
    mark = len(site.server.log)
    first = site.start()
    wait_until(lambda: len(site.server.log) > mark)
    with Runner() as other:
        second = other.run(site.copy.machine("another"), site.server, tables=TABLES)
    assert second.code == 75
    assert f"process {first.pid} on" in second.problem
    assert first.kill().killed
    site.server.settings.latency_seconds = 0.0
    site.finish()
    site.check()


@pytest.mark.dear
def test_a_package_that_waits_is_not_loaded_into_a_backup_that_was_restored(site: Site) -> None:
    rng = Random(5)
    database = site.copy.folder / "support.duckdb"
    backup = database.read_bytes()
    site.world.stir(rng, deletions=False)
    site.finish(turns=ONE_TURN)
    site.world.stir(rng, deletions=False)
    site.killed(POINTS["normalized"], turns=ONE_TURN)
    database.write_bytes(backup)
    site.finish(turns=ONE_TURN)
    site.check()
