"""Issues that the list hides and whose ids are answered: not all are asked for each day, and a deletion is found."""

from __future__ import annotations

import pytest
from support import worlds
from support.simulated import Site, hide, paths_asked

from pylon_elt.sources.pylon.upkeep import hidden

HIDDEN = 40


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Site:
    """A copy of a workspace whose list shows four issues in five."""
    monkeypatch.setattr(hidden, "MANY", 20)
    made = Site(worlds.quiet(issues=210), ("issues",))
    made.run()
    hide(made, made.world.issue_ids()[:HIDDEN])
    return made


def compared(site: Site) -> int:
    """Compare, and return how many issues were asked for by their ids."""
    with paths_asked(site) as paths:
        site.reconcile()
    return sum(path.startswith("/issues/") and path != "/issues/search" for path in paths)


def test_each_is_asked_for_once_in_so_many_comparisons(site: Site) -> None:
    assert compared(site) >= HIDDEN
    asked = [compared(site) for _ in range(hidden.PARTS)]
    assert sum(asked) == HIDDEN
    assert max(asked) <= HIDDEN / 3


def test_what_is_deleted_goes_within_as_many(site: Site) -> None:
    compared(site)
    refs = site.world.issue_ids()
    gone = {refs[3], refs[17], refs[-1]}
    for ref in gone:
        site.world.delete_issue(ref)
    for _ in range(hidden.PARTS):
        compared(site)
    assert {row["id"] for row in site.rows()["issues"]} == set(refs) - gone


def test_where_many_more_are_missing_all_are_asked_for(site: Site) -> None:
    compared(site)
    refs = site.world.issue_ids()
    for ref in refs[-6:]:
        site.world.delete_issue(ref)
    assert compared(site) >= HIDDEN + 6
    assert {row["id"] for row in site.rows()["issues"]} == set(refs[:-6])


def test_some_that_are_hidden_are_asked_for_each_time(monkeypatch: pytest.MonkeyPatch, site: Site) -> None:
    monkeypatch.setattr(hidden, "MANY", HIDDEN)
    assert [compared(site), compared(site)] == [HIDDEN, HIDDEN]
    assert not site.state.get("unshown")
