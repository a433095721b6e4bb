"""A server that takes narrower windows than its documents say: a refusal costs requests, not the table."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import httpx
import orjson
import pytest
from support import runs, worlds
from support.compare import assert_equal_copy
from support.simulated import Site

from pylon_elt.sources.pylon.errors import PylonError, Rejected
from pylon_elt.sources.pylon.rows.rows import instant


def asked_for(request: httpx.Request) -> timedelta | None:
    """Return how wide a stretch of time a request asks for; ``None``: it has no two bounds."""
    bounds: list[datetime | None] = []
    if request.url.path == "/issues":
        bounds = [instant(request.url.params[name]) for name in ("start_time", "end_time")]
    elif request.url.path in ("/issues/search", "/tasks/search"):
        bounds = list(map(instant, _values(orjson.loads(request.content).get("filter") or {})))
    first, last = bounds or (None, None)
    return last - first if first and last else None


def _values(given: dict[str, Any]) -> list[str]:
    found = [
        one["values"] for one in given.get("subfilters") or [given] if one.get("operator") == "time_range"
    ]
    return found[0] if found else []


def refusing(site: Site, widest: timedelta, status: int) -> list[timedelta]:
    """Let a site refuse windows as wide as that; returns the widths that it refuses."""
    refused = list[timedelta]()

    def spoil(request: httpx.Request, _: httpx.Response) -> httpx.Response | None:
        if (width := asked_for(request)) is None or width < widest:
            return None
        refused.append(width)
        return httpx.Response(status, json={"errors": ["the time range is too long"]})

    site.spoil = spoil
    return refused


@pytest.mark.sampled(2, each=("status", "days"))
@pytest.mark.parametrize("status", [400, 422])
@pytest.mark.parametrize("days", [30, 7, 2])
def test_windows_are_as_wide_as_the_server_takes(days: int, status: int) -> None:
    world = worlds.quiet(issues=60, years=0.5, others=3)
    site = Site(world, (*runs.ISSUE_TABLES, "tasks"))
    refused = refusing(site, timedelta(days=days), status)
    assert not site.run().report.failures
    assert_equal_copy(worlds.truth(world), site.rows(), [*runs.ISSUE_TABLES[:4], "tasks"])
    assert len(refused) <= 30
    world.delete_issue(world.issue_ids()[3])
    world.touch_silently(world.issue_ids()[5], title="edited without a word")
    refused.clear()
    site.reconcile()
    assert not site.run().report.failures
    assert_equal_copy(worlds.truth(world), site.rows(), runs.ISSUE_TABLES[:4])
    assert len(refused) <= 30


def test_what_is_refused_whatever_its_width_costs_a_request_more() -> None:
    world = worlds.quiet(issues=10)
    site = Site(world, ("issues",))
    refused = refusing(site, timedelta(0), 400)
    ran = site.run()
    assert isinstance(ran.report.failures[0].error, Rejected)
    assert len(refused) <= 12
    with pytest.raises(PylonError):
        site.reconcile()
