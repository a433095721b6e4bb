"""A limit that a server refuses costs some requests once a day, never the list."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import httpx
import orjson
import pytest
from support import runs, worlds
from support.compare import assert_equal_copy
from support.simulated import Ran, Site

from pylon_elt import emulator
from pylon_elt.sources.pylon.api.paging import REFUSED_SECONDS, Habit, Paging
from pylon_elt.sources.pylon.api.sending import ATTEMPTS

TABLES = ("issues", "issue_messages", "issue_threads", "issue_followers", "accounts", "contacts")
LISTS = ["/issues", "/issues/search", "/contacts", "/accounts"]


def limit_of(request: httpx.Request) -> int:
    body = orjson.loads(request.content) if request.method == "POST" else {}
    return int(body.get("limit") or request.url.params.get("limit") or 0)


def refusing(
    path: str, status: int, when: Callable[[httpx.Request], bool]
) -> tuple[Site, emulator.World, list[int]]:
    """Return a site that refuses some of the requests to a path, its world, and the limits that it refused."""
    world = worlds.quiet(issues=130, accounts=105, contacts=220)
    site, refused = Site(world, (*TABLES, "issue_sync"), refresh_hours=1e-6), list[int]()

    def spoil(request: httpx.Request, _answer: httpx.Response) -> httpx.Response | None:
        if request.url.path != path or not when(request):
            return None
        refused.append(limit_of(request))
        return httpx.Response(status, json={"errors": ["no"], "request_id": "r"})

    site.spoil = spoil
    return site, world, refused


def asked(ran: Ran, path: str) -> list[int]:
    return [limit_of(request) for request in ran.asked if request.url.path == path]


def assert_equal(site: Site, world: emulator.World, ran: Ran) -> None:
    assert not ran.report.failures
    assert_equal_copy(worlds.truth(world), site.rows(), runs.ISSUE_TABLES[:4])
    for name in ("accounts", "contacts"):
        assert {row["id"] for row in site.rows()[name]} == {row["id"] for row in world.rows(name)}


@pytest.mark.sampled(4, each=("path", "status"))
@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("status", [400, 413, 422, 500])
def test_a_list_that_refuses_a_long_limit_is_read_with_a_shorter_one(status: int, path: str) -> None:
    site, world, refused = refusing(path, status, lambda request: limit_of(request) > 500)
    ran = site.run()
    assert_equal(site, world, ran)
    assert len(refused) <= (2 if status < 500 else ATTEMPTS + 1)
    refused.clear()
    again = site.run()
    site.reconcile()  # which asks for all issues as the history did
    assert_equal(site, world, again)
    assert asked(again, path)
    assert not refused, "the next run need not find out again"


@pytest.mark.parametrize("path", ["/issues", "/issues/search", "/contacts"])
def test_a_list_that_takes_no_limit_is_read_without_one(path: str) -> None:
    site, world, _ = refusing(path, 422, lambda request: limit_of(request) > 0)
    assert_equal(site, world, site.run())


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 410, 413, 422, 500, 501, 503])
def test_what_is_refused_for_another_reason_costs_two_more_requests_at_most(status: int) -> None:
    site, _, refused = refusing("/contacts", status, lambda _request: True)
    ran = site.run()
    more = 2 if status in (400, 413, 422) or (status >= 500 and status != 501) else 0
    assert len(refused) <= (1 if status < 500 or status == 501 else ATTEMPTS) + more
    told = [*ran.report.warnings, *(str(failure.error) for failure in ran.report.failures)]
    if status not in (403, 404, 405, 410, 501):  # these the workspace lacks
        assert [text for text in told if str(status) in text]


@pytest.mark.parametrize("path", LISTS)
def test_a_list_that_was_refused_once_by_chance_keeps_its_limit(path: str) -> None:
    limits = list[int]()

    def is_first(request: httpx.Request) -> bool:
        limits.append(limit_of(request))
        return max(limits) == limits[-1] > 1 and limits.count(limits[-1]) == 1

    site, world, refused = refusing(path, 400, is_first)
    assert_equal(site, world, site.run())
    assert refused
    assert {habit["most"] for habit in site.state["paging"].values()} <= {None}


def test_a_window_that_is_too_heavy_is_cut_and_the_limit_stays() -> None:
    world = worlds.quiet(issues=300)
    site = Site(world, ("issues",))

    def spoil(request: httpx.Request, answer: httpx.Response) -> httpx.Response | None:
        heavy = request.url.path == "/issues" and len(orjson.loads(answer.content)["data"]) > 150
        return httpx.Response(500) if heavy else None

    site.spoil = spoil
    ran = site.run()
    assert_equal_copy(worlds.truth(world), site.rows(), ["issues"])
    assert asked(ran, "/issues")[-1] == 2000


def test_what_was_found_out_is_forgotten_after_a_day() -> None:
    def recalled(age: float) -> Paging:
        paging = Paging()
        habit = paging.of("contacts")
        habit.most, habit.refused_at, habit.taken, habit.refuses_all = 100, time.time() - age, 100, True
        return Paging(paging.to_remember())

    assert recalled(60.0).limit("contacts", 999) == 100
    assert replace(recalled(60.0).of("contacts"), refused_at=0.0) == Habit(most=100)
    assert recalled(REFUSED_SECONDS + 60.0).limit("contacts", 999) == 999
    assert recalled(-60.0).of("contacts") == Habit()
