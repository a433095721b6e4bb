"""A row at which the server fails does not keep the daily comparison from taking out what is gone elsewhere."""

from __future__ import annotations

import httpx
import orjson
import pytest
from support import runs, worlds
from support.compare import assert_equal_copy
from support.simulated import Site, paths_asked

from pylon_elt import emulator
from pylon_elt.sources.pylon.errors import PylonError


def failing_at(site: Site, *refs: str) -> None:
    """Let all lists of issues fail that would show some of them."""

    def spoil(request: httpx.Request, answer: httpx.Response) -> httpx.Response | None:
        if request.url.path not in ("/issues", "/issues/search") or answer.status_code != 200:
            return None
        shown = {row["id"] for row in orjson.loads(answer.content)["data"] or []}
        return httpx.Response(500) if shown & set(refs) else None

    site.spoil = spoil


def held(site: Site) -> set[str]:
    return {row["id"] for row in site.rows()["issues"]}


def by_creation(world: emulator.World) -> list[str]:
    return sorted(world.issue_ids(), key=lambda ref: world.issue(ref)["created_at"])


def loaded() -> tuple[emulator.World, Site, list[str]]:
    """Return a world, a copy of it, and the ids of its issues by the time of their creation."""
    world = worlds.quiet(issues=40)
    site = Site(world, runs.ISSUE_TABLES)
    site.run()
    return world, site, by_creation(world)


def test_what_is_gone_elsewhere_goes() -> None:
    world, site, refs = loaded()
    failing_at(site, refs[20])
    for ref in (refs[3], refs[30]):
        world.delete_issue(ref)
    world.touch_silently(refs[10], title="edited without a word")
    report = site.reconcile()
    assert_equal_copy(worlds.truth(world), site.rows(), runs.ISSUE_TABLES[:4])
    (warning,) = report.warnings
    assert warning.startswith("GET /issues fails for what was created from")


def test_what_lies_in_the_same_seconds_stays_until_they_are_listed() -> None:
    world = worlds.quiet(issues=40)
    refs = by_creation(world)
    near = world.create_issue(created_at=world.issue(refs[20])["created_at"])["id"]
    site = Site(world, runs.ISSUE_TABLES)
    site.run()
    failing_at(site, refs[20])
    world.delete_issue(near)
    site.reconcile()
    assert near in held(site)
    failing_at(site)
    site.reconcile()
    assert near not in held(site)


def test_a_list_that_fails_everywhere_takes_nothing() -> None:
    world, site, refs = loaded()
    failing_at(site, *refs)
    world.delete_issue(refs[3])
    with pytest.raises(PylonError):
        site.reconcile()
    assert held(site) == set(refs)


def asked(site: Site) -> int:
    """Compare, and return how many times lists of issues were asked for."""
    with paths_asked(site) as paths:
        site.reconcile()
    return sum(path in ("/issues", "/issues/search") for path in paths)


def test_what_is_known_to_fail_is_not_searched_for_again() -> None:
    world, site, refs = loaded()
    usual = asked(site)
    failing_at(site, refs[10], refs[30])
    searched = asked(site)
    left = site.copy()["unlisted"]
    assert len(left) == 2
    world.delete_issue(refs[20])
    again = asked(site)
    assert again <= usual + 6 < searched / 5, (usual, searched, again)
    assert refs[20] not in held(site)
    assert site.copy()["unlisted"] == left

    failing_at(site, refs[30])
    assert asked(site) <= usual + 6
    assert site.copy()["unlisted"] == left[:1], "the newest one is read first"
    failing_at(site)
    world.delete_issue(refs[30])
    assert asked(site) <= usual + 3
    assert refs[30] not in held(site)
    assert site.copy()["unlisted"] == []
    assert asked(site) == usual


def test_another_row_that_fails_is_searched_for_beside_a_known_one() -> None:
    world, site, refs = loaded()
    failing_at(site, refs[20])
    site.reconcile()
    failing_at(site, refs[20], refs[5])
    for ref in (refs[3], refs[5], refs[20], refs[30]):
        world.touch_silently(ref, title="edited without a word")
    site.reconcile()
    assert len(site.copy()["unlisted"]) == 2
    edited = {row["id"] for row in site.rows()["issues"] if row["title"] == "edited without a word"}
    assert edited == {refs[3], refs[30]}


def test_what_the_first_load_could_not_list_is_known_to_the_first_comparison() -> None:
    world = worlds.quiet(issues=40)
    site = Site(world, runs.ISSUE_TABLES)
    refs = by_creation(world)
    failing_at(site, refs[20])
    site.run()
    assert asked(site) < 12


def test_each_run_asks_once_for_what_failed() -> None:
    world = worlds.quiet(issues=40)
    site = Site(world, runs.ISSUE_TABLES)
    refs = by_creation(world)
    failing_at(site, refs[20])
    site.run()
    again = site.run()
    assert [request.url.path for request in again.asked if request.url.path == "/issues"] == ["/issues"]
    assert "could not be read from" in str(again.report.failures[0].error)
    failing_at(site)
    assert not site.run().report.failures
    assert held(site) == set(refs)


def test_the_search_for_it_is_short() -> None:
    world = worlds.quiet(issues=40)
    site = Site(world, runs.ISSUE_TABLES)
    site.run()
    failing_at(site, by_creation(world)[20])
    assert asked(site) <= 65
