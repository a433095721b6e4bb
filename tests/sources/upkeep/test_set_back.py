"""Issues whose ``updated_at`` was set back: no search shows them, and the listing has them in an older version."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import orjson
import pytest
from support import worlds
from support.simulated import Site, paths_asked

from pylon_elt.sources.pylon.rows.rows import instant

LONG_AGO = "2024-03-01T10:00:00Z"
FUTURE = "2031-05-06T07:08:09Z"
TABLES = ("issues", "issue_messages", "issue_threads", "issue_followers", "issue_sync")


@pytest.fixture
def site() -> Site:
    made = Site(worlds.quiet(issues=30), TABLES)
    made.run()
    made.world.advance(7200)
    made.run()
    return made


def titles(site: Site) -> dict[str, str]:
    return {row["id"]: row["title"] for row in site.rows()["issues"]}


def by_id(site: Site, do: Callable[[], object]) -> int:
    with paths_asked(site) as paths:
        do()
    return sum(
        path.count("/") == 2 and path.startswith("/issues/") and "search" not in path for path in paths
    )


def test_an_issue_that_was_set_back_is_mended(site: Site) -> None:
    refs = site.world.issue_ids()[3:8]
    for ref in refs:
        site.world.touch_silently(ref, title="restored", updated_at=LONG_AGO)
    assert by_id(site, site.reconcile) <= 5
    assert [titles(site)[ref] for ref in refs] == ["restored"] * 5
    assert by_id(site, site.reconcile) == 0


def test_what_hangs_on_it_is_read_again(site: Site) -> None:
    """Else what comes between its time of now and its former one would be taken for read."""
    ref = next(one for one in site.world.issue_ids() if site.world.messages(one))
    site.world.touch_silently(ref, updated_at=LONG_AGO)
    site.reconcile()
    site.run()
    known = {row["issue_updated_at"] for row in site.rows()["issue_sync"] if row["issue_id"] == ref}
    assert known == {instant(LONG_AGO)}


def test_a_time_that_lay_in_the_future_hides_no_later_edit(site: Site) -> None:
    late, silent = site.world.issue_ids()[3:5]
    for ref in (late, silent):
        site.world.touch_silently(ref, title="of the future", updated_at=FUTURE)
    site.reconcile()
    assert titles(site)[late] == "of the future"
    site.world.edit_issue(late, title="edited")
    site.run()  # the search shows it moments after that version was read
    assert titles(site)[late] == "edited"
    site.world.touch_silently(silent, title="set back", updated_at=LONG_AGO)
    site.reconcile()
    assert titles(site)[silent] == "set back"


def test_a_list_that_trails_sets_nothing_back(site: Site) -> None:
    """It shows former versions of all that was edited, while each issue is given as it is."""
    before = site.rows()["issues"]
    refs = site.world.issue_ids()[3:20]
    for ref in refs:
        site.world.edit_issue(ref, title="edited")
    site.run()
    site.world.advance(7200)
    former = {row["id"]: row for row in before}

    def spoil(request: httpx.Request, answer: httpx.Response) -> httpx.Response | None:
        if request.url.path != "/issues":
            return None
        given = orjson.loads(answer.content)
        for row in given["data"]:
            if row["id"] in refs:
                row |= {"title": former[row["id"]]["title"], "updated_at": LONG_AGO}
        return httpx.Response(200, json=given)

    site.spoil = spoil
    assert by_id(site, site.reconcile) <= 3
    assert {titles(site)[ref] for ref in refs} == {"edited"}


def test_a_replica_that_trails_for_moments_sets_nothing_back(site: Site) -> None:
    ref = site.world.issue_ids()[3]
    site.world.edit_issue(ref, title="edited")
    site.run()

    def spoil(request: httpx.Request, answer: httpx.Response) -> httpx.Response | None:
        if request.url.path not in ("/issues", f"/issues/{ref}"):
            return None
        given = orjson.loads(answer.content)
        for row in given["data"] if isinstance(given["data"], list) else [given["data"]]:
            if row["id"] == ref:
                row |= {"title": "former", "updated_at": LONG_AGO}
        return httpx.Response(200, json=given)

    site.spoil = spoil
    assert by_id(site, site.reconcile) == 0
    assert titles(site)[ref] == "edited"
