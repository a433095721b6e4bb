"""A search whose times are cut to whole seconds, beside a list whose times are not."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import httpx
import orjson
from support import worlds
from support.simulated import Site

from pylon_elt import emulator
from pylon_elt.sources.pylon.api.filters import rfc3339

FRACTION = re.compile(rb"(T\d\d:\d\d:\d\d)\.\d+Z")


def cutting(world: emulator.World) -> Site:
    """Return a site whose search cuts times to their seconds."""
    site = Site(world, ("issues",))

    def spoil(request: httpx.Request, answer: httpx.Response) -> httpx.Response | None:
        if request.url.path != "/issues/search":
            return None
        headers = {"date": answer.headers["date"]}
        return httpx.Response(200, headers=headers, content=FRACTION.sub(rb"\1Z", answer.content))

    site.spoil = spoil
    return site


def with_an_edit() -> tuple[emulator.World, Site, str, datetime]:
    """Return a world, a copy of it, an issue whose title was edited to A since, and when that was (UTC)."""
    world = worlds.quiet(issues=12)
    site = cutting(world)
    site.run()
    ref = world.issue_ids()[3]
    second = world.now().replace(microsecond=100_000) - timedelta(seconds=60)
    world.edit_issue(ref, title="A", updated_at=rfc3339(second))
    return world, site, ref, second


def test_a_further_edit_in_the_second_of_the_last_one_is_read() -> None:
    world, site, ref, second = with_an_edit()
    site.reconcile()
    listed = site.rows()["issues"]
    assert {row["title"] for row in listed if row["id"] == ref} == {"A"}
    site.run()
    assert site.rows()["issues"] == listed, "what is only cut is no edit"
    world.edit_issue(ref, title="B", updated_at=rfc3339(second + timedelta(milliseconds=700)))
    site.run()
    read = site.rows()["issues"]
    assert {row["title"] for row in read if row["id"] == ref} == {"B"}
    site.run()
    assert site.rows()["issues"] == read


def test_an_older_version_of_the_same_second_stands_until_the_index_has_the_newer_one() -> None:
    """Which of two versions of one second is older, nothing tells; the run after shows what holds."""
    world, site, ref, second = with_an_edit()
    before = world.issue(ref)
    world.edit_issue(ref, title="B", updated_at=rfc3339(second + timedelta(milliseconds=700)))
    site.reconcile()
    cut = site.spoil

    def trailing(request: httpx.Request, answer: httpx.Response) -> httpx.Response | None:
        if (answer := cut(request, answer)) is None:
            return None
        given = orjson.loads(answer.content)
        given["data"] = [
            {**row, "title": before["title"]} if row["id"] == ref else row for row in given["data"]
        ]
        return httpx.Response(200, headers=answer.headers, json=given)

    site.spoil = trailing
    site.run()
    site.spoil = cut
    site.run()
    assert {row["title"] for row in site.rows()["issues"] if row["id"] == ref} == {"B"}
