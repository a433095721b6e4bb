"""kill -9 while tables that somebody dropped are made again: whatever was done by then, the next run reads them."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest
from support.ordeal import ONE_TURN, POINTS, SOAK, share
from support.runner import Runner
from support.site import DuckDbCopy, Site, duckdb_site

pytestmark = [pytest.mark.dear, pytest.mark.soak]

DROPPED = ("issues", "issue_messages", "teams")


@pytest.fixture(scope="module")
def without_tables(tmp_path_factory: pytest.TempPathFactory, runner: Runner) -> Iterator[Site]:
    with duckdb_site(tmp_path_factory.mktemp("dropped"), runner, seed=1, issues=20) as site:
        site.finish(turns=ONE_TURN)
        site.world.advance(60)
        assert isinstance(site.copy, DuckDbCopy)
        with duckdb.connect(str(site.copy.folder / "support.duckdb")) as connection:
            for table in DROPPED:
                connection.execute(f"DROP TABLE pylon.{table}")
        yield site


MOMENTS = {
    "ledger emptied": (1, "after sql DELETE FROM .*issue_sync"),
    "progress forgotten": (1, POINTS["counted, not yet marked"]),
    "a table made": (1, "after sql CREATE TABLE .*teams"),
    "made, not counted": (2, POINTS["loaded, not yet counted"]),
    "made and counted": (2, POINTS["counted, not yet marked"]),
    "read": (3, POINTS["normalized"]),
    "loaded, not counted": (3, POINTS["loaded, not yet counted"]),
}
"""In which load, and where in it."""


@pytest.mark.parametrize("fresh", [True, False] if SOAK else [True])
@pytest.mark.parametrize("moment", share(MOMENTS))
def test_the_next_run_reads_what_was_dropped(without_tables: Site, moment: str, fresh: bool) -> None:
    load, point = MOMENTS[moment]
    site = without_tables.branch(f"{moment}-{fresh}")
    site.killed(point, load, turns=ONE_TURN)
    if fresh:
        site.machine.replace()
    site.finish(turns=ONE_TURN)
    site.check()
