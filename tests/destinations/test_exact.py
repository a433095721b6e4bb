"""Each destination alike: a copy is the truth, row for row and column for column, whatever has happened."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from support.compare import assert_equal_copy
from support.ordeal import FIRST_SEED, ONE_TURN
from support.site import TABLES as SMALL
from support.site import Site
from support.suspended import content
from support.worlds import truth, with_followers, with_messages

from pylon_elt.sources.pylon.catalog import USUAL

pytestmark = pytest.mark.dear

TABLES = (*SMALL, "tags", "custom_fields", "accounts", "contacts", "issue_statuses")
EVERYTHING = tuple(name for name in USUAL if name != "custom_objects")  # whose types are a setting
ISSUES = ("issues", "issue_messages", "issue_threads", "issue_followers", "issue_sync")
LONG = 200_000
"""Characters: some databases have a text that ends at 65,535 bytes."""


@pytest.fixture(scope="module")
def loaded(open_site: Any) -> Iterator[Site]:
    """A finished copy of some tables of each kind."""
    with open_site(seed=FIRST_SEED) as site:
        site.finish(turns=ONE_TURN, tables=TABLES)
        yield site


@pytest.fixture
def site(loaded: Site) -> Iterator[Site]:
    """The same, of a world that goes on from test to test."""
    loaded.finish(turns=ONE_TURN, tables=TABLES)
    return loaded


def equal(site: Site, tables: tuple[str, ...] = TABLES) -> None:
    """Check that the copy is the truth, also in that what is gone is gone."""
    assert_equal_copy(truth(site.world), site.copy.read(), tables)


def asked(site: Site, **options: Any) -> Counter[str]:
    """Run, and count what was asked for."""
    mark = len(site.server.log)
    site.finish(**options)
    return Counter(record.path for record in list(site.server.log)[mark:])


def rows(site: Site) -> dict[str, list[str]]:
    """Return everything in a copy but dlt's list of loads: each run is one."""
    return {name: found for name, found in content(site).items() if name != "_dlt_loads"}


def test_a_first_load_of_all_usual_tables_is_the_truth(open_site: Any) -> None:
    with open_site(seed=FIRST_SEED) as site:
        site.finish(turns=ONE_TURN, tables=EVERYTHING)
        equal(site, EVERYTHING)


def test_a_run_with_nothing_to_do_asks_for_nothing_but_the_usual_and_changes_nothing(site: Site) -> None:
    quiet = {"turns": ONE_TURN, "tables": TABLES, "settings": {"lookback_seconds": 1.0}}
    usual = asked(site, **quiet)
    before = rows(site)
    assert asked(site, **quiet) == usual
    assert not [path for path in usual if path.endswith(("/messages", "/threads", "/followers"))]
    assert rows(site) == before


def test_edits_of_a_conversation(site: Site) -> None:
    world = site.world
    source, target, emptied = (with_messages(world, skip=number) for number in range(3))
    world.move_message(world.messages(source)[0]["id"], target)
    for message in world.messages(emptied):
        world.delete_message(message["id"])
    followed = with_followers(world)
    world.unfollow(followed, world.followers(followed)[0]["id"])
    world.advance(60)
    site.finish(turns=ONE_TURN, tables=TABLES)
    equal(site)
    assert not [row for row in site.copy.read()["issue_messages"] if row["issue_id"] == emptied]


@pytest.mark.parametrize("number", range(2))
def test_edits_of_anything(site: Site, number: int) -> None:
    site.world.stir(Random(FIRST_SEED + number), 40, deletions=False)
    site.finish(turns=ONE_TURN, tables=TABLES)
    equal(site)


def test_what_some_databases_do_not_tell_apart_or_cannot_hold(site: Site) -> None:
    world = site.world
    for twin in ("twin", "TWIN", "twin ", "twín"):
        world.put("teams", {"id": twin, "name": f"{twin} 😀"})
    first, second = (with_messages(world, skip=number) for number in range(2))
    world.edit_issue(first, title="doesn't exist: 😀 'quoted' \\ %s :name {x}", body_html="ü" * LONG)
    nested: Any = "deep"
    for _ in range(40):
        nested = [nested]
    world.edit_issue(second, custom_fields={"n": {"slug": "n", "value": "1.0", "values": [nested]}})
    world.edit_message(world.messages(first)[0]["id"], message_html="😀" * LONG)
    world.advance(60)
    site.finish(turns=ONE_TURN, tables=TABLES)
    equal(site)
    world.edit("teams", "TWIN", name="only this one")
    world.drop("teams", "twin ")
    site.finish(turns=ONE_TURN, tables=TABLES)
    equal(site)


def test_deleted_issues_leave_by_reconciling_and_each_row_is_written_down(site: Site) -> None:
    world = site.world
    gone = [id_ for id_ in world.issue_ids() if world.messages(id_)][:2]
    world.deletions = True
    records = Counter(("issues", id_) for id_ in gone)
    for id_ in gone:
        children = (world.messages(id_), world.threads(id_), world.followers(id_))
        for table, rows in zip(ISSUES[1:], children, strict=False):
            records.update((table, row["id"]) for row in rows)
        world.delete_issue(id_)
    known = Counter((row["table"], row["id"]) for row in site.copy.read().get("deletions", []))
    due = {"lookback_seconds": 1.0, "reconcile_hours": 0.0001}
    site.finish(turns=ONE_TURN, tables=ISSUES, settings=due)
    equal(site, ISSUES)
    found = Counter((row["table"], row["id"]) for row in site.copy.read()["deletions"])
    assert found - known == records
    site.finish(turns=ONE_TURN, tables=ISSUES, settings=due)
    assert Counter((row["table"], row["id"]) for row in site.copy.read()["deletions"]) == found


def test_a_fresh_machine_goes_on_where_the_database_is(site: Site) -> None:
    quiet = {"turns": ONE_TURN, "tables": TABLES, "settings": {"lookback_seconds": 1.0}}
    usual, before = asked(site, **quiet), rows(site)
    site.machine.replace()
    assert asked(site, **quiet) == usual
    assert rows(site) == before
    site.world.stir(Random(FIRST_SEED + 9), deletions=False)
    site.machine.replace()
    site.finish(turns=ONE_TURN, tables=TABLES)
    equal(site)


def test_what_other_hands_have_dropped_is_made_again(site: Site) -> None:
    copy: Any = site.copy
    copy.execute("DROP TABLE pylon.tags")
    copy.execute("ALTER TABLE pylon.teams DROP COLUMN name")
    site.finish(turns=ONE_TURN, tables=TABLES)
    equal(site)
