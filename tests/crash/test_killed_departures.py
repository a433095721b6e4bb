"""kill -9 while a row that is gone from a collection is removed: no removal goes unrecorded, and none is forgotten."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.compare import assert_equal_copy
from support.ordeal import ONE_TURN, after_merge_of, before_merge_of, one_way_each
from support.runner import Runner
from support.site import Site, duckdb_site

pytestmark = pytest.mark.soak

TABLES = ("issues", "accounts", "tags")
OPTIONS = {"turns": ONE_TURN, "tables": TABLES, "settings": {"lookback_seconds": 1.0, "refresh_hours": 0}}
MOMENTS = {
    "read, not recorded": (1, "accounts", True),
    "recorded": (1, "deletions", True),
    "all but the record": (1, "deletions", False),
    "one removed": (2, "accounts", True),
    "all but one removed": (2, "tags", False),
}
"""In which load, at which table, and whether it alone was loaded, or all but it."""


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory, runner: Runner) -> Iterator[tuple[Site, dict[str, str]]]:
    """A finished copy, and what has been deleted since."""
    with duckdb_site(tmp_path_factory.mktemp("departed"), runner, seed=1, issues=20) as site:
        site.finish(**OPTIONS)
        gone = {name: site.world.rows(name)[0]["id"] for name in ("accounts", "tags")}
        for name, row in gone.items():
            site.world.drop(name, row)
        yield site, gone


@pytest.mark.sampled(6)
@pytest.mark.parametrize(("moment", "fresh"), one_way_each(MOMENTS))
def test_killed_between_the_tables_of_a_removal(
    loaded: tuple[Site, dict[str, str]], moment: str, fresh: bool
) -> None:
    start, gone = loaded
    load, table, alone = MOMENTS[moment]
    site = start.branch(f"{load}-{table}-{alone}-{fresh}")
    if alone:
        site.killed(after_merge_of(table), load, first=[table], **OPTIONS)
    else:
        site.killed(before_merge_of(table), load, last=[table], **OPTIONS)
    if fresh:
        site.machine.replace()
    site.finish(**OPTIONS)
    rows = site.copy.read()
    assert_equal_copy(site.world.snapshot(), rows, TABLES)
    assert {row["table"]: row["id"] for row in rows["deletions"]} == gone
