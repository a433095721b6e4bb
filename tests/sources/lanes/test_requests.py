"""What a run asks for, all tables taken together: nothing twice, and as many pages as there are."""

from __future__ import annotations

import math
import random
from collections import Counter
from typing import Any, Literal

import httpx
import orjson
import pytest
from support import worlds
from support.compare import assert_equal_copy
from support.simulated import Ran, Site
from support.simulation import READ

from pylon_elt import emulator
from pylon_elt.sources.pylon.lanes.budget import Limits

ISSUES, PAGE = 60, 20
CONSTANT = 6
"""So many searches more than there are pages it takes to see in which order rows come, and to get to the present."""
WITHIN = 2
"""So many rows of a page, at most, lie within the second in which the page before it ended."""


def _site(sort: Literal["created", "updated"], **options: Any) -> Site:
    others = {"accounts": 4, "contacts": 5, "others": 0.4}
    world = worlds.bump_all(worlds.quiet(issues=ISSUES, rest=200, **others))
    service = emulator.Settings(log="counts", search_sort=sort)
    options = {"page_size": PAGE, "lookback_seconds": 1, **options}
    types = ["companies", "work-orders"]
    return Site(world, READ, service=service, custom_object_types=types, **options)


def _twice(ran: Ran) -> list[tuple[str, str, bytes]]:
    asked = Counter((one.method, str(one.url), one.content) for one in ran.asked)
    return [one for one, times in asked.items() if times > 1]


def _is_search_of_all(request: httpx.Request) -> bool:
    """Whether it searches the issues, be it of some time, but not those of one form."""
    return request.url.path == "/issues/search" and b"ticket_form_id" not in request.content


def _edit_all(world: emulator.World, order: str) -> None:
    refs = list(world.issue_ids())
    if order == "chance":
        random.Random(3).shuffle(refs)
    for ref in refs:
        world.bulk_edit([ref], state="closed")
        world.advance(1.5)


@pytest.mark.sampled(2)
@pytest.mark.parametrize("sort", ["created", "updated"])
@pytest.mark.parametrize("order", ["creation", "chance"])
def test_edits_of_all_issues_cost_their_pages_and_what_hangs_on_each(
    order: str, sort: Literal["created", "updated"]
) -> None:
    site = _site(sort)
    site.run()
    site.world.advance(2)
    _edit_all(site.world, order)
    site.world.advance(2)
    ran = site.run()
    assert_equal_copy(worlds.truth(site.world), site.rows(), READ)
    assert not _twice(ran)
    searches = sum(map(_is_search_of_all, ran.asked))
    assert searches <= math.ceil(ISSUES / (PAGE - WITHIN)) + CONSTANT


def test_a_run_with_nothing_to_do_asks_for_each_list_once() -> None:
    site = _site("created", refresh_hours=0)
    site.run()
    site.world.advance(20)
    site.run()
    ran = site.run()
    assert not _twice(ran)
    assert sum(map(_is_search_of_all, ran.asked)) == 1


def test_lists_that_others_hang_on_are_read_once_in_a_run_of_many_turns() -> None:
    site = _site("created")
    site.limits = Limits(most_rows=1, most_due=1)
    ran = site.run()
    assert ran.turns > 10
    asked = Counter(one.url.path for one in ran.asked)
    assert [asked[path] for path in ("/surveys", "/ticket-forms", "/knowledge-bases")] == [1, 1, 1]
    twice = [
        url for method, url, _ in _twice(ran) if method == "GET" and not url.endswith(("/me", "/threads"))
    ]
    assert not twice, "neither is what a first list has given whole"


def test_a_row_that_slips_between_two_pages_of_such_a_list_is_looked_for_at_once() -> None:
    site = _site("created", refresh_hours=0)
    site.run()
    forms, slipped = site.world.rows("ticket_forms"), list[Any]()

    def in_two_pages(request: httpx.Request, _answer: httpx.Response) -> httpx.Response | None:
        if request.url.path != "/ticket-forms":
            return None
        second = "cursor" in request.url.params
        rows = forms[1:] if second else forms[:1]
        if second and not slipped:
            slipped.append(rows.pop())
        paging = {"cursor": "" if second else "next", "has_next_page": not second}
        return httpx.Response(200, content=orjson.dumps({"data": rows, "pagination": paging}))

    site.spoil = in_two_pages
    site.run(strict=True)
    assert slipped
    assert {row["id"] for row in site.rows()["ticket_forms"]} == {row["id"] for row in forms}
