"""Conversations whose answer has no list: they may be empty, or the server has slipped."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import orjson
import pytest
from support import worlds
from support.compare import assert_equal_copy
from support.days import let_a_day_pass
from support.simulated import Ran, Site, Spoil

from pylon_elt import emulator

TABLES = ("issues", "issue_followers", "issue_sync")
Meant = Callable[[str, list[object]], bool]
"""Whether the rows of an issue, by its id, are left out of their answer."""


@pytest.fixture
def site() -> Site:
    """A workspace in which some issues have followers, and some have none."""
    world = worlds.bump_all(worlds.quiet(seed=2, issues=12, rest=200))
    made = Site(world, TABLES, refresh_hours=0, reconcile_hours=0)
    counts = [len(_followers(world, id_)) for id_ in world.issue_ids()]
    assert 0 in counts
    assert any(counts)
    return made


def _followers(world: emulator.World, issue_id: str) -> list[object]:
    return [row for row in worlds.truth(world)["issue_followers"] if row["issue_id"] == issue_id]


def _without_list(meant: Meant) -> Spoil:
    def spoil(request: httpx.Request, answer: httpx.Response) -> httpx.Response | None:
        envelope, parts = orjson.loads(answer.content), request.url.path.split("/")
        if parts[-1] != "followers" or not meant(parts[2], envelope["data"]):
            return None
        return httpx.Response(200, content=orjson.dumps({**envelope, "data": None}))

    return spoil


def _asked(ran: Ran) -> list[str]:
    return [one.url.path.split("/")[2] for one in ran.asked if one.url.path.endswith("/followers")]


def _assert_exact(site: Site) -> None:
    assert_equal_copy(worlds.truth(site.world), site.rows(), TABLES)


def test_a_server_that_gave_no_list_at_all_is_asked_again_once_it_gives_one(site: Site) -> None:
    site.spoil = _without_list(lambda _issue, _rows: True)
    site.run()
    assert not site.rows()["issue_followers"]
    site.spoil = lambda _request, _answer: None
    first = site.world.issue_ids()[0]
    site.world.bulk_edit([first], state="closed")
    site.world.advance(5)
    site.run()
    site.run()
    _assert_exact(site)
    assert not _asked(site.run())


def test_a_server_that_writes_an_empty_list_so_is_asked_no_more_often(site: Site) -> None:
    site.spoil = _without_list(lambda _issue, rows: not rows)
    first = _asked(site.run())
    _assert_exact(site)
    issues = len(site.world.issue_ids())
    assert len(first) <= issues + first.index(_with_rows(site)[0])
    assert not _asked(site.run())


def _with_rows(site: Site) -> list[str]:
    return [id_ for id_ in site.world.issue_ids() if _followers(site.world, id_)]


def test_one_that_has_given_an_empty_list_has_slipped_and_is_asked_another_day(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    slips = _with_rows(site)[-1:]
    site.spoil = _without_list(lambda issue, _rows: issue in slips)
    site.run()
    site.spoil = lambda _request, _answer: None
    let_a_day_pass(monkeypatch)
    assert _asked(site.run()) == slips
    _assert_exact(site)


def test_one_that_says_so_of_the_same_parents_each_day_is_believed_the_second_time(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    never = [id_ for id_ in site.world.issue_ids() if not _followers(site.world, id_)][1:]
    assert never
    site.spoil = _without_list(lambda issue, _rows: issue in never)
    site.run()
    let_a_day_pass(monkeypatch)
    site.run()
    let_a_day_pass(monkeypatch)
    assert not _asked(site.run())
    _assert_exact(site)
