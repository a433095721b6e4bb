"""A list that a server is not able to give in one piece is asked for in pages."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from support import runs, worlds
from support.compare import assert_equal_copy
from support.simulated import Site

from pylon_elt import emulator


def _site(status: int, *, pages: bool = True) -> tuple[Site, str, emulator.World]:
    """Return a site with one issue of whose messages no more than a page can be given."""
    world = worlds.quiet(issues=12)
    ref = worlds.with_messages(world)
    for number in range(250):
        world.add_message(ref, message_html=f"<p>{number}</p>")
    site = Site(world, runs.ISSUE_TABLES)

    def spoil(request: httpx.Request, _response: httpx.Response) -> httpx.Response | None:
        is_it = request.url.path == f"/issues/{ref}/messages"
        if not is_it or (pages and "limit" in request.url.params):
            return None
        return httpx.Response(status, json={"errors": ["too large"], "request_id": "r"})

    site.spoil = spoil
    return site, ref, world


@pytest.mark.parametrize("status", [400, 413, 500, 504])
def test_a_conversation_that_is_too_long_for_the_server_is_read_in_pages(status: int) -> None:
    site, _, world = _site(status)
    ran = site.run()
    assert not ran.report.failures
    assert not ran.report.warnings
    assert_equal_copy(worlds.truth(world), site.rows(), runs.ISSUE_TABLES)
    assert not _of_messages(site.run())


@pytest.mark.parametrize("status", [400, 413, 500])
def test_one_whose_pages_are_not_given_either_stays_what_it_was(status: int) -> None:
    site, ref, world = _site(status, pages=False)
    ran = site.run()
    told = [*ran.report.warnings, *(str(failure.error) for failure in ran.report.failures)]
    assert [text for text in told if f"GET /issues/{ref}/messages" in text and str(status) in text]
    truth = worlds.truth(world)
    truth["issue_messages"] = [row for row in truth["issue_messages"] if row["issue_id"] != ref]
    assert_equal_copy(truth, site.rows(), ["issues", "issue_messages", "issue_threads", "issue_followers"])


def _of_messages(ran: Any) -> list[httpx.Request]:
    return [request for request in ran.asked if request.url.path.endswith("/messages")]
