"""Through which form an issue came in: no answer says it, but the search filters by it."""

from __future__ import annotations

from typing import Any

import pytest
from support import runs, worlds

from pylon_elt import emulator
from pylon_elt.pipelines.base import exits
from pylon_elt.sources.pylon.catalog import with_ledgers
from pylon_elt.sources.pylon.lanes.incremental import NOBODY

TABLES = with_ledgers(("issues", "ticket_forms", "issue_forms"))


@pytest.fixture
def world() -> emulator.World:
    """A workspace in which a third of the issues came in through a form."""
    world = worlds.bump_all(worlds.quiet(issues=60))
    forms = [row["id"] for row in world.rows("ticket_forms")]
    for number, issue in enumerate(world.issue_ids()):
        world.set_form(issue, forms[number % 2] if number % 3 == 0 else None)
    world.advance(5)
    return world


def by_form(run: runs.Run) -> list[str]:
    """Return the forms that a run asked for, one for each request."""
    return [
        part["value"]
        for record in run.requests(runs.SEARCH)
        for part in (record.body["filter"].get("subfilters") or [record.body["filter"]])
        if part.get("field") == "ticket_form_id"
    ]


def test_each_issue_has_the_form_through_which_it_came(world: Any, fresh: Any) -> None:
    copy = fresh(world, {"tables": TABLES})
    first = copy.run()
    copy.assert_equal()
    assert len(copy.rows()["issue_forms"]) == 20
    forms = [row["id"] for row in world.rows("ticket_forms")]
    assert sorted(by_form(first)) == sorted([NOBODY, *forms])
    second = copy.run()
    assert sorted(by_form(second)) == sorted(forms)
    assert second.asked[runs.SEARCH] == len(forms) + 1


def test_pages_that_do_not_hold_all_are_cut_by_time(world: Any, fresh: Any) -> None:
    copy = fresh(world, {"tables": TABLES, "page_size": 3})
    copy.run()
    copy.assert_equal()
    issue, other = world.issue_ids()[1], world.issue_ids()[3]
    world.set_form(issue, world.rows("ticket_forms")[0]["id"])
    world.edit_issue(other, title="Edited")
    world.advance(5)
    copy.run()
    copy.assert_equal()


def test_a_form_that_was_taken_back_and_an_issue_that_is_gone_go(world: Any, fresh: Any) -> None:
    copy = fresh(world, {"tables": TABLES, "page_size": 3})
    copy.run()
    ids = world.issue_ids()
    world.bumps["set_form"] = False
    world.set_form(ids[0], None)
    world.set_form(ids[3], world.rows("ticket_forms")[2]["id"])
    world.delete_issue(ids[6])
    world.advance(5)
    copy.job().reconcile()
    assert ids[6] not in {row["issue_id"] for row in copy.rows()["issue_forms"]}
    copy.run(refresh_hours=0)
    copy.assert_equal()
    gone = {row["id"]: row["parent_id"] for row in copy.rows()["deletions"] if row["table"] == "issue_forms"}
    assert gone == {ids[0]: ""}


def test_a_form_that_is_gone_takes_its_rows(world: Any, fresh: Any) -> None:
    copy = fresh(world, {"tables": TABLES})
    copy.run()
    world.drop("ticket_forms", world.rows("ticket_forms")[0]["id"])
    world.advance(5)
    copy.run(refresh_hours=0)
    copy.assert_equal()
    assert len(copy.rows()["issue_forms"]) == 10


def test_a_search_that_ignores_the_form_fills_no_table(world: Any, fresh: Any) -> None:
    copy = fresh(world, {"tables": TABLES}, ignored_filters=("ticket_form_id",))
    run = copy.run(expect=exits.UNAVAILABLE)
    assert "POST /issues/search ignores its filter" in run.failures["issue_forms"]
    assert not copy.rows().get("issue_forms")
    copy.assert_equal(tables=("issues", "ticket_forms"))
