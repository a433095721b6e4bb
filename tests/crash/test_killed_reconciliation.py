"""kill -9 while issues that are gone from Pylon are being removed: nothing of them may stay, and no removal go unrecorded."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.compare import assert_equal_copy
from support.ordeal import ONE_TURN, SOAK, after_merge_of, before_merge_of, one_way_each
from support.runner import Runner
from support.site import Site, duckdb_site

pytestmark = pytest.mark.soak

TABLES = ("issues", "issue_messages", "issue_threads", "issue_followers", "issue_sync")
DUE = {"lookback_seconds": 1.0, "reconcile_hours": 0.0001}


@pytest.fixture(scope="module")
def loaded(
    tmp_path_factory: pytest.TempPathFactory, runner: Runner
) -> Iterator[tuple[Site, list[tuple[str, str]]]]:
    """A finished copy, and what must be recorded of the issues that have been deleted since."""
    with duckdb_site(tmp_path_factory.mktemp("deleted"), runner, seed=1, issues=20) as site:
        world = site.world
        gone = [id_ for id_ in world.issue_ids() if world.messages(id_)][:2]
        for issue in gone:
            world.add_thread(issue)
            world.follow(issue, world.rows("users")[0]["id"])
        site.finish(turns=ONE_TURN, tables=TABLES, settings={"lookback_seconds": 1.0})
        records = [("issues", issue) for issue in gone]
        records += [("issue_messages", row["id"]) for issue in gone for row in world.messages(issue)]
        records += [("issue_threads", row["id"]) for issue in gone for row in world.threads(issue)]
        records += [("issue_followers", row["id"]) for issue in gone for row in world.followers(issue)]
        for issue in gone:
            world.delete_issue(issue)
        yield site, sorted(records)


@pytest.mark.sampled(6)
@pytest.mark.parametrize("elsewhere", [True, False] if SOAK else [False])
@pytest.mark.parametrize(("table", "alone"), one_way_each([*TABLES, "deletions"]))
def test_killed_between_the_tables_of_a_removal(
    loaded: tuple[Site, list[tuple[str, str]]], table: str, alone: bool, elsewhere: bool
) -> None:
    start, records = loaded
    fresh = alone != elsewhere
    site = start.branch(f"{alone}-{table}-{fresh}")
    options = {"turns": ONE_TURN, "tables": TABLES, "settings": DUE}
    if alone:
        site.killed(after_merge_of(table), first=[table], **options)
    else:
        site.killed(before_merge_of(table), last=[table], **options)
    if fresh:
        site.machine.replace()
    site.finish(**options)
    rows = site.copy.read()
    assert_equal_copy(site.world.snapshot(), rows, TABLES)
    assert sorted((row["table"], row["id"]) for row in rows["deletions"]) == records
