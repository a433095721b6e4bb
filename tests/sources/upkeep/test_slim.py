"""A list that leaves fields out of its rows takes nothing of them from the copy."""

from __future__ import annotations

import httpx
import orjson
import pytest
from support import worlds
from support.simulated import Site, paths_asked

FIELD = "body_html"


@pytest.fixture
def site() -> Site:
    """A copy that was read whole; from now on the list has no bodies."""
    made = Site(worlds.quiet(issues=40), ("issues",))
    made.run()

    def spoil(request: httpx.Request, answer: httpx.Response) -> httpx.Response | None:
        if request.url.path != "/issues":
            return None
        given = orjson.loads(answer.content)
        for row in given["data"]:
            del row[FIELD]
        return httpx.Response(200, json=given)

    made.spoil = spoil
    return made


def bodies(site: Site) -> dict[str, str]:
    return {row["id"]: row[FIELD] for row in site.rows()["issues"]}


def asked_by_id(site: Site) -> int:
    with paths_asked(site) as paths:
        site.reconcile()
    return sum(path.startswith("/issues/") and path != "/issues/search" for path in paths)


def test_what_the_copy_has_of_them_stays(site: Site) -> None:
    before = site.rows()["issues"]
    assert asked_by_id(site) <= 3
    assert site.rows()["issues"] == before


def test_an_edit_comes_with_them(site: Site) -> None:
    silent, late = site.world.issue_ids()[3:5]
    site.world.touch_silently(silent, title="edited", body_html="<p>edited</p>")
    site.world.edit_issue(late, body_html="<p>late</p>", title="edited")
    assert asked_by_id(site) <= 5
    assert {row["id"] for row in site.rows()["issues"] if row["title"] == "edited"} == {silent, late}
    assert (bodies(site)[silent], bodies(site)[late]) == ("<p>edited</p>", "<p>late</p>")


def test_where_it_is_not_given_by_its_id_either_it_stays_as_it_is(site: Site) -> None:
    before, list_only = bodies(site), site.spoil
    ref = site.world.issue_ids()[3]
    site.world.touch_silently(ref, title="edited")

    def spoil(request: httpx.Request, answer: httpx.Response) -> httpx.Response | None:
        by_id = request.url.path.startswith("/issues/") and request.url.path != "/issues/search"
        return httpx.Response(403) if by_id else list_only(request, answer)

    site.spoil = spoil
    site.reconcile()
    assert bodies(site) == before


def test_a_field_that_is_emptied_in_all_rows_is_seen_to_be(site: Site) -> None:
    """As of a server that leaves out what is empty."""
    ref = site.world.issue_ids()[3]
    for one in site.world.issue_ids():
        site.world.touch_silently(one, body_html=None)
    site.reconcile()
    assert bodies(site)[ref] is None
