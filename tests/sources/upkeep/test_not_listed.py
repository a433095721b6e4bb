"""A list that does not show all issues which there are: none of them goes, and the comparison does all else."""

from __future__ import annotations

from collections.abc import Collection

import httpx
import pytest
from support import runs, worlds
from support.simulated import Site, hide, paths_asked

from pylon_elt.sources.pylon.api.sending import ATTEMPTS
from pylon_elt.sources.pylon.errors import Implausible
from pylon_elt.sources.pylon.lanes.whole import FAILURES
from pylon_elt.sources.pylon.upkeep.listing import SAMPLE, WITNESSES

BY_ID = "/issues/{}"


def loaded(issues: int = 120) -> Site:
    site = Site(worlds.quiet(issues=issues), runs.ISSUE_TABLES)
    site.run()
    return site


def test_more_than_can_be_gone_at_once_may_still_be_there() -> None:
    site = loaded()
    world, refs = site.world, site.world.issue_ids()
    hide(site, refs[:80])
    world.touch_silently(refs[100], title="edited without a word")
    with paths_asked(site) as paths:
        report = site.reconcile()
    (warning,) = report.warnings
    assert "lists all issues but 80" in warning
    assert {row["id"] for row in site.rows()["issues"]} == set(refs)
    assert "edited without a word" in {row["title"] for row in site.rows()["issues"]}
    assert len([path for path in paths if path.count("/") == 2 and path != "/issues/search"]) <= SAMPLE


def test_where_one_of_them_is_gone_nothing_is_believed() -> None:
    site = loaded()
    refs = sorted(site.world.issue_ids())
    hide(site, refs[:80])
    site.world.delete_issue(refs[0])
    with pytest.raises(Implausible):
        site.reconcile()
    assert {row["id"] for row in site.rows()["issues"]} == set(refs)


def test_an_id_that_is_answered_with_nothing_is_told() -> None:
    site = loaded(40)
    ref = site.world.issue_ids()[3]
    site.world.delete_issue(ref)
    path = BY_ID.format(ref)
    site.spoil = lambda request, _: (
        httpx.Response(200, json={"data": None}) if request.url.path == path else None
    )
    (warning,) = site.reconcile().warnings
    assert f"GET {path} gives no issue." in warning
    assert ref in {row["id"] for row in site.rows()["issues"]}


def failing_by_id(site: Site, refs: Collection[str]) -> list[str]:
    """Let the server fail where some issues are asked for by their ids; returns those requests' paths."""
    paths, failed = {BY_ID.format(ref) for ref in refs}, list[str]()

    def spoil(request: httpx.Request, _: httpx.Response) -> httpx.Response | None:
        if request.url.path not in paths:
            return None
        failed.append(request.url.path)
        return httpx.Response(500)

    site.spoil = spoil
    return failed


def test_an_endpoint_that_is_down_is_not_asked_for_each_missing_issue() -> None:
    site = loaded()
    refs = site.world.issue_ids()
    failed = failing_by_id(site, refs)
    for ref in refs[:20]:
        site.world.delete_issue(ref)
    (warning,) = site.reconcile().warnings
    assert "20 issues that are not listed stay in the copy" in warning
    assert len(failed) <= ATTEMPTS * (FAILURES + WITNESSES)
    assert {row["id"] for row in site.rows()["issues"]} == set(refs)
    site.spoil = lambda _request, _answer: None
    site.reconcile()
    assert {row["id"] for row in site.rows()["issues"]} == set(refs[20:])


def test_some_ids_that_fail_keep_no_other_issue_from_going() -> None:
    site = loaded()
    refs = sorted(site.world.issue_ids())
    failing_by_id(site, refs[:5])
    for ref in refs[:20]:
        site.world.delete_issue(ref)
    site.reconcile()
    assert {row["id"] for row in site.rows()["issues"]} == {*refs[:5], *refs[20:]}
