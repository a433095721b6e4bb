"""A list that gives only a part of a wide window, without a word: the search tells, and no issue is lost."""

from __future__ import annotations

from datetime import timedelta

import httpx
import orjson
import pytest
from support import runs, worlds
from support.compare import assert_equal_copy
from support.simulated import Site, paths_asked

from pylon_elt.sources.pylon.rows.rows import instant


def clamping(site: Site, most: timedelta, *, oldest: bool) -> None:
    """Let the list give only the oldest, or the newest, part of a window."""

    def spoil(request: httpx.Request, answer: httpx.Response) -> httpx.Response | None:
        if request.url.path != "/issues":
            return None
        start, end = (instant(request.url.params[name]) for name in ("start_time", "end_time"))
        assert start
        assert end
        first, last = (start, min(end, start + most)) if oldest else (max(start, end - most), end)
        given = orjson.loads(answer.content)
        given["data"] = [
            row for row in given["data"] if first <= (instant(row["created_at"]) or first) <= last
        ]
        return httpx.Response(200, json=given)

    site.spoil = spoil


@pytest.mark.sampled(2, each=("days", "oldest"))
@pytest.mark.parametrize("oldest", [True, False], ids=["oldest", "newest"])
@pytest.mark.parametrize("days", [2, 7, 14])
def test_a_window_that_is_given_in_part_is_read_in_narrower_ones(days: int, oldest: bool) -> None:
    world = worlds.quiet(issues=90, years=0.5)
    site = Site(world, runs.ISSUE_TABLES)
    clamping(site, timedelta(days=days), oldest=oldest)
    with paths_asked(site) as paths:
        assert not site.run().report.failures
    assert_equal_copy(worlds.truth(world), site.rows(), runs.ISSUE_TABLES[:4])
    assert paths.count("/issues") <= 2 * 190 / days + 40
    with paths_asked(site) as paths:
        site.reconcile()
    assert paths.count("/issues") <= 2 * 190 / days + 40
    assert_equal_copy(worlds.truth(world), site.rows(), runs.ISSUE_TABLES[:4])


def test_a_list_that_gives_all_is_asked_about_few_of_its_windows() -> None:
    """Of a desk with an issue a month, every window has a stretch without one."""
    world = worlds.quiet(issues=24, years=2)
    site = Site(world, ("issues",))
    with paths_asked(site) as paths:
        site.run()
    assert paths.count("/issues/search") <= 30
    with paths_asked(site) as paths:
        site.reconcile()
    assert paths.count("/issues/search") <= 30


def test_an_issue_that_the_list_hides_makes_no_window_narrower() -> None:
    world = worlds.quiet(issues=60, years=0.5)
    site = Site(world, ("issues",))
    created = sorted(instant(world.issue(ref)["created_at"]) for ref in world.issue_ids())
    hidden = {str(at) for at in created[-30:]}

    def spoil(request: httpx.Request, answer: httpx.Response) -> httpx.Response | None:
        if request.url.path != "/issues":
            return None
        given = orjson.loads(answer.content)
        given["data"] = [row for row in given["data"] if str(instant(row["created_at"])) not in hidden]
        return httpx.Response(200, json=given)

    site.spoil = spoil
    with paths_asked(site) as paths:
        site.run()
    assert paths.count("/issues") <= 30
