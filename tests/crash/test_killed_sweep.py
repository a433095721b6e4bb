"""kill -9 while a sweep is being loaded: what it found is not lost, and what it verified is told by whole loads only."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.ordeal import ONE_TURN, after_merge_of, before_merge_of, one_way_each
from support.runner import Runner
from support.site import Site, duckdb_site

from pylon_elt.emulator.mutations import SILENT

pytestmark = pytest.mark.soak

TABLES = ("issues", "issue_messages", "issue_followers", "issue_sync")
SWEEP = {"lookback_seconds": 1.0, "sweep_days": 1e-9}


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory, runner: Runner) -> Iterator[Site]:
    """A finished copy of a workspace in which there have been silent edits since."""
    with duckdb_site(tmp_path_factory.mktemp("swept"), runner, seed=2, issues=20) as site:
        site.finish(turns=ONE_TURN, tables=TABLES, settings={"lookback_seconds": 1.0})
        world = site.world
        world.bumps.update(dict.fromkeys(SILENT, False))
        for issue in [id_ for id_ in world.issue_ids() if world.messages(id_)][:3]:
            for message in world.messages(issue):
                world.delete_message(message["id"])
            world.follow(issue, world.rows("users")[0]["id"])
        world.advance(
            2
        )  # clocks of servers tell whole seconds: in the same one nothing was verified long ago
        yield site


@pytest.mark.sampled(2)
@pytest.mark.parametrize(
    ("point", "fresh"), one_way_each(["only the ledger is loaded", "all but the ledger is loaded"])
)
def test_killed_between_the_tables_of_a_sweep(loaded: Site, point: str, fresh: bool) -> None:
    site = loaded.branch(f"{point.split(maxsplit=1)[0]}-{fresh}")
    options = {"turns": ONE_TURN, "tables": TABLES, "settings": SWEEP, "max_minutes": 5.0}
    if point.startswith("only"):
        site.killed(after_merge_of("issue_sync"), first=["issue_sync"], **options)
    else:
        site.killed(before_merge_of("issue_sync"), last=["issue_sync"], **options)
    if fresh:
        site.machine.replace()
    site.finish(**options)
    site.check(TABLES)
