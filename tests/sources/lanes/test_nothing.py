"""Conversations of which a server says without a list that there is nothing: it may be its way, or a slip."""

from __future__ import annotations

import random

import httpx
import orjson
import pytest
from support import worlds
from support.compare import assert_equal_copy
from support.conformance import matches
from support.days import let_a_day_pass
from support.simulated import Site

from pylon_elt.sources.pylon.catalog import ENDPOINTS
from pylon_elt.sources.pylon.lanes.nothing import ENOUGH

TABLES = ("issues", "issue_followers", "issue_sync")
FOLLOWERS = ENDPOINTS["issue_followers"]


def _site(issues: int) -> Site:
    return Site(worlds.bump_all(worlds.quiet(issues=issues, accounts=3, contacts=4, others=0.1)), TABLES)


def _bare(request: httpx.Request, answer: httpx.Response, *, filled: bool) -> httpx.Response | None:
    if not matches(FOLLOWERS, request) or answer.status_code != 200:
        return None
    if not filled and orjson.loads(answer.content)["data"]:
        return None
    return httpx.Response(200, content=orjson.dumps({"data": None, "request_id": "r"}))


@pytest.mark.parametrize("share", [1.0, 0.5])
def test_a_slip_at_the_first_reading_is_found_a_day_later(
    share: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    site, rng = _site(ENOUGH - 2), random.Random(1)
    site.spoil = lambda request, answer: _bare(request, answer, filled=True) if rng.random() < share else None
    site.run()
    site.spoil = lambda _request, _answer: None
    let_a_day_pass(monkeypatch)
    site.run()
    assert_equal_copy(worlds.truth(site.world), site.rows(), TABLES)


def test_a_servers_way_is_learnt_from_some_and_then_costs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    site = _site(4 * ENOUGH)
    empty = sum(not site.world.followers(issue) for issue in site.world.issue_ids())
    assert empty > ENOUGH
    site.spoil = lambda request, answer: _bare(request, answer, filled=False)
    first = site.run()
    assert sum(matches(FOLLOWERS, request) for request in first.asked) == 4 * ENOUGH + ENOUGH
    let_a_day_pass(monkeypatch)
    site.run()
    again = site.run()
    assert not [request for request in again.asked if matches(FOLLOWERS, request)]
    assert_equal_copy(worlds.truth(site.world), site.rows(), TABLES)
