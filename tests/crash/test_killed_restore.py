"""kill -9 while tables that somebody dropped are made again: whatever was done by then, the next run reads them."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest
from support.ordeal import ONE_TURN, POINTS, SOAK
from support.runner import Runner
from support.site import DuckDbCopy, Site, duckdb_site

pytestmark = pytest.mark.soak

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


@pytest.mark.parametrize("fresh", [True, False] if SOAK else [True])
@pytest.mark.parametrize(
    ("load", "moment"),
    [
        (1, "after sql DELETE FROM .*issue_sync"),
        (1, POINTS["counted, not yet marked"]),
        (1, "after sql CREATE TABLE .*teams"),
        (2, POINTS["loaded, not yet counted"]),
        (2, POINTS["counted, not yet marked"]),
        (3, POINTS["normalized"]),
        (3, POINTS["loaded, not yet counted"]),
    ],
    ids=[
        "ledger emptied",
        "progress forgotten",
        "a table made",
        "made, not counted",
        "made and counted",
        "read",
        "loaded, not counted",
    ],
)
def test_the_next_run_reads_what_was_dropped(
    without_tables: Site, load: int, moment: str, fresh: bool, request: pytest.FixtureRequest
) -> None:
    site = without_tables.branch(request.node.callspec.id.replace(", ", " "))
    site.killed(moment, load, turns=ONE_TURN)
    if fresh:
        site.machine.replace()
    site.finish(turns=ONE_TURN)
    site.check()
