"""A list with a limit and without a second page: what a server refuses of it, or cuts without a word, takes no row."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import orjson
import pytest
from support import worlds
from support.simulated import Ran, Site

from pylon_elt.sources.pylon.api.sending import ATTEMPTS

PATH = "/feature-requests/search"


def site_with(requests: int, answer: Callable[[int, list[dict[str, Any]]], httpx.Response | None]) -> Site:
    """Return a site with so many feature requests; ``answer`` is given the limit, and all of them."""
    world = worlds.quiet(issues=3, years=0.1)
    for row in world.rows("feature_requests"):
        world.drop("feature_requests", row["id"])
    for number in range(requests):
        world.create("feature_requests", title=str(number))
    site = Site(world, ("feature_requests",), refresh_hours=1e-9)

    def spoil(request: httpx.Request, _: httpx.Response) -> httpx.Response | None:
        if request.url.path != PATH:
            return None
        limit = orjson.loads(request.content or b"{}").get("limit", 0)
        return answer(limit, world.rows("feature_requests"))

    site.spoil = spoil
    return site


def limits(ran: Ran) -> list[int]:
    return [orjson.loads(one.content).get("limit", 0) for one in ran.asked if one.url.path == PATH]


def held(site: Site) -> int:
    return len(site.rows()["feature_requests"])


def page(rows: list[dict[str, Any]]) -> httpx.Response:
    return httpx.Response(200, json={"data": rows})


@pytest.mark.parametrize("status", [400, 413, 422, 500])
@pytest.mark.parametrize("most", [100, 250, 500])
def test_a_limit_that_is_refused_is_shortened_as_little_as_the_rows_need(status: int, most: int) -> None:
    site = site_with(
        most - 10, lambda limit, rows: httpx.Response(status) if limit > most else page(rows[: limit or 100])
    )
    ran = site.run()
    assert not ran.report.failures
    assert held(site) == most - 10
    assert len(limits(ran)) <= 14 + (ATTEMPTS if status == 500 else 0)
    again = site.run()
    assert not again.report.failures
    assert len(limits(again)) == 1, "the next run need not find out again"


def test_a_list_that_is_full_at_the_longest_limit_is_told_and_takes_no_row() -> None:
    site = site_with(
        230, lambda limit, rows: httpx.Response(400) if limit > 220 else page(rows[: limit or 100])
    )
    ran = site.run()
    assert held(site) == 220
    assert "220 rows at most" in str(ran.report.failures[0].error)


def test_a_list_that_takes_no_limit_is_read_without_one() -> None:
    site = site_with(130, lambda limit, rows: httpx.Response(422) if limit else page(rows))
    assert not site.run().report.failures
    assert held(site) == 130
    site.world.drop("feature_requests", site.world.rows("feature_requests")[0]["id"])
    site.run()
    assert held(site) == 129


def test_a_list_that_is_refused_for_another_reason_costs_two_more_requests() -> None:
    site = site_with(3, lambda _limit, _rows: httpx.Response(400))
    assert len(limits(site.run())) == 3


@pytest.mark.parametrize("cap", [100, 200])
def test_what_lies_beyond_a_cap_that_nobody_tells_of_stays_in_the_copy(cap: int) -> None:
    caps = [1000]
    site = site_with(cap + 20, lambda limit, rows: page(rows[: min(limit, caps[0])]))
    assert not site.run().report.warnings
    assert held(site) == cap + 20
    caps[0] = cap
    ran = site.run()
    assert held(site) == cap + 20
    assert not ran.report.failures
    (warning,) = ran.report.warnings
    assert f"gives {cap} rows" in warning
    caps[0] = 1000
    site.world.drop("feature_requests", site.world.rows("feature_requests")[0]["id"])
    assert not site.run().report.warnings
    assert held(site) == cap + 19


def test_a_server_that_has_a_second_page_after_all_is_followed() -> None:
    world = worlds.quiet(issues=3, years=0.1)
    for number in range(130):
        world.create("feature_requests", title=str(number))
    site = Site(world, ("feature_requests",), refresh_hours=1e-9)

    def spoil(request: httpx.Request, _: httpx.Response) -> httpx.Response | None:
        if request.url.path != PATH:
            return None
        asked = orjson.loads(request.content)
        rows, start = world.rows("feature_requests"), int(asked.get("cursor") or 0)
        end = start + min(asked.get("limit", 100), 100)
        pagination = {"cursor": str(end) if end < len(rows) else "", "has_next_page": end < len(rows)}
        return httpx.Response(200, json={"data": rows[start:end], "pagination": pagination})

    site.spoil = spoil
    ran = site.run()
    assert not ran.report.failures
    assert not ran.report.warnings
    assert held(site) == len(world.rows("feature_requests"))
    world.drop("feature_requests", world.rows("feature_requests")[0]["id"])
    site.run()
    assert held(site) == len(world.rows("feature_requests"))


@pytest.mark.parametrize(
    ("path", "table"), [("/tags", "tags"), ("/surveys", "surveys"), ("/macros", "macros")]
)
@pytest.mark.parametrize("status", [400, 422])
def test_a_list_that_knows_no_limit_is_read_whatever_its_length(path: str, table: str, status: int) -> None:
    """As long as pages usually are, it would be asked for one row less, to see whether it minds."""
    world = worlds.quiet(issues=3, years=0.1)
    while len(world.rows(table)) < 100:
        world.create(table)
    site = Site(world, (table,), refresh_hours=1e-9)

    def spoil(request: httpx.Request, _: httpx.Response) -> httpx.Response | None:
        if request.url.path != path:
            return None
        return httpx.Response(status) if "limit" in request.url.params else page(world.rows(table))

    site.spoil = spoil
    assert not site.run().report.failures
    assert len(site.rows()[table]) == 100
