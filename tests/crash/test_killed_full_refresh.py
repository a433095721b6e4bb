"""kill -9 during a full refresh: what was dropped is read again by the next run, whatever it is told."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.ordeal import ONE_TURN, POINTS, SOAK, after_merge_of, recover
from support.runner import Runner
from support.site import Site, duckdb_site

pytestmark = pytest.mark.soak


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory, runner: Runner) -> Iterator[Site]:
    with duckdb_site(tmp_path_factory.mktemp("loaded"), runner, seed=1, issues=20) as site:
        site.finish(turns=ONE_TURN)
        site.world.advance(60)
        yield site


@pytest.mark.parametrize("fresh", [True, False] if SOAK else [True])
@pytest.mark.parametrize(
    ("load", "moment"),
    [
        (1, POINTS["counted, not yet marked"]),
        (2, POINTS["normalized"]),
        (1, "after sql DROP TABLE"),
        (1, after_merge_of("issue_sync")),
        (2, POINTS["loaded, not yet counted"]),
        (2, POINTS["counted, not yet marked"]),
    ],
    ids=["progress forgotten", "normalized", "first table dropped", "ledger loaded", "loaded", "counted"],
)
def test_the_next_run_reads_what_a_killed_full_refresh_dropped(
    loaded: Site, load: int, moment: str, fresh: bool, request: pytest.FixtureRequest
) -> None:
    site = loaded.branch(request.node.callspec.id)
    site.killed(moment, load, full_refresh=True, turns=ONE_TURN, first=["issue_sync"])
    recover(site, fresh=fresh)
