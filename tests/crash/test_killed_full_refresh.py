"""kill -9 during a full refresh: what was dropped is read again by the next run, whatever it is told."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.ordeal import ONE_TURN, POINTS, SOAK, after_merge_of, recover, share
from support.runner import Runner
from support.site import Site, duckdb_site

pytestmark = pytest.mark.soak


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory, runner: Runner) -> Iterator[Site]:
    with duckdb_site(tmp_path_factory.mktemp("loaded"), runner, seed=1, issues=20) as site:
        site.finish(turns=ONE_TURN)
        site.world.advance(60)
        yield site


MOMENTS = {
    "progress forgotten": (1, POINTS["counted, not yet marked"]),
    "normalized": (2, POINTS["normalized"]),
    "first table dropped": (1, "after sql DROP TABLE"),
    "ledger loaded": (1, after_merge_of("issue_sync")),
    "loaded": (2, POINTS["loaded, not yet counted"]),
    "counted": (2, POINTS["counted, not yet marked"]),
}
"""In which load, and where in it."""


@pytest.mark.sampled(3)
@pytest.mark.parametrize("fresh", [True, False] if SOAK else [True])
@pytest.mark.parametrize("moment", share(MOMENTS))
def test_the_next_run_reads_what_a_killed_full_refresh_dropped(
    loaded: Site, moment: str, fresh: bool
) -> None:
    load, point = MOMENTS[moment]
    site = loaded.branch(f"{moment}-{fresh}")
    site.killed(point, load, full_refresh=True, turns=ONE_TURN, first=["issue_sync"])
    recover(site, fresh=fresh)
