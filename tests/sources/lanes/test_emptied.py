"""What hangs on a parent and is there no more: said twice it is believed, of too many it is not."""

from __future__ import annotations

from typing import Any

import httpx
import orjson
import pytest
from support import worlds
from support.compare import assert_equal_copy
from support.conformance import matches
from support.days import let_a_day_pass
from support.simulated import Site

from pylon_elt.sources.pylon.catalog import ENDPOINTS
from pylon_elt.sources.pylon.errors import Implausible

TABLES = ("issues", "issue_messages", "issue_sync")
MESSAGES = ENDPOINTS["issue_messages"]


def _site(issues: int) -> Site:
    world = worlds.bump_all(worlds.quiet(issues=issues, accounts=3, contacts=4, others=0.1))
    site = Site(world, TABLES)
    site.run()
    return site


def _edit_all(site: Site) -> None:
    site.world.bulk_edit(site.world.issue_ids(), state="closed")
    site.world.advance(60)


def _empty(request: httpx.Request, answer: httpx.Response) -> httpx.Response | None:
    if matches(MESSAGES, request) and answer.status_code == 200:
        return httpx.Response(200, content=orjson.dumps({"data": [], "request_id": "r"}))
    return None


def test_an_empty_list_that_was_a_slip_takes_nothing() -> None:
    site = _site(12)
    _edit_all(site)
    asked = set[str]()

    def once(request: httpx.Request, answer: httpx.Response) -> httpx.Response | None:
        first = request.url.path not in asked
        asked.add(request.url.path)
        return _empty(request, answer) if first else None

    site.spoil = once
    site.run()
    assert_equal_copy(worlds.truth(site.world), site.rows(), TABLES)


def test_what_is_empty_twice_is_believed() -> None:
    site = _site(12)
    ref = worlds.with_messages(site.world, 2)
    for message in site.world.messages(ref):
        site.world.delete_message(message["id"])
    site.world.bulk_edit([ref], state="closed")
    site.world.advance(60)
    assert not site.run().report.failures
    assert_equal_copy(worlds.truth(site.world), site.rows(), TABLES)


def test_too_many_that_are_empty_at_once_are_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    site = _site(90)
    held = len(site.rows()["issue_messages"])
    _edit_all(site)
    site.spoil = _empty
    report = site.run().report
    (failure,) = report.failures
    assert isinstance(failure.error, Implausible)
    assert "have none any more" in failure.error.message
    kept: Any = {row["issue_id"] for row in site.rows()["issue_messages"]}
    assert len(kept) >= 90 - 51 - sum(not site.world.messages(ref) for ref in site.world.issue_ids())
    assert len(site.rows()["issue_messages"]) < held

    site.spoil = lambda _request, _answer: None
    let_a_day_pass(monkeypatch)
    _edit_all(site)
    site.run()
    assert_equal_copy(worlds.truth(site.world), site.rows(), TABLES)


def test_too_many_are_believed_once_that_is_confirmed() -> None:
    site = _site(90)
    _edit_all(site)
    site.spoil = _empty
    site.run()
    site.run(confirmed=True)
    assert site.rows()["issue_messages"] == []
