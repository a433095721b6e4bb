"""A search whose times are cut to whole seconds, beside a list whose times are not."""

from __future__ import annotations

import re
from datetime import timedelta

import httpx
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


def test_a_further_edit_in_the_second_of_the_last_one_is_read() -> None:
    world = worlds.quiet(issues=12)
    site = cutting(world)
    site.run()
    ref = world.issue_ids()[3]
    second = world.now().replace(microsecond=100_000) - timedelta(seconds=60)
    world.edit_issue(ref, title="A", updated_at=rfc3339(second))
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
