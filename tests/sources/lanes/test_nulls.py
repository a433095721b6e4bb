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
from pylon_elt.sources.pylon.lanes.children import IN_FLIGHT
from pylon_elt.sources.pylon.lanes.nulls import A_DAY, AGAIN, ENOUGH

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


def _with_rows(site: Site) -> list[str]:
    return [id_ for id_ in site.world.issue_ids() if _followers(site.world, id_)]


@pytest.mark.parametrize("each", [True, False])
def test_a_server_that_writes_an_empty_list_so_is_asked_no_more_often(site: Site, each: bool) -> None:
    lists = set() if each else {_without_rows(site)[0]}
    site.spoil = _without_list(lambda issue, rows: not rows and issue not in lists)
    first = site.run()
    _assert_exact(site)
    assert len(_asked(first)) <= len(site.world.issue_ids()) + AGAIN * (ENOUGH + IN_FLIGHT)
    assert not _asked(site.run())
    quiet = [id_ for id_ in _without_rows(site) if id_ not in lists]
    site.world.bulk_edit(quiet, state="closed")
    site.world.advance(5)
    asked = _asked(site.run())
    assert sorted(set(asked) - set(_with_rows(site))) == sorted(quiet)
    assert len(asked) <= len(quiet) + 1, "a witness, since none of them has a list"
    _assert_exact(site)


def _without_rows(site: Site) -> list[str]:
    return [id_ for id_ in site.world.issue_ids() if not _followers(site.world, id_)]


def test_one_that_slips_now_and_then_is_asked_again_at_once(site: Site) -> None:
    slips = dict.fromkeys(_with_rows(site)[-2:], AGAIN)

    def slip(issue: str, _rows: list[object]) -> bool:
        slips[issue] = slips.get(issue, 0) - 1
        return slips[issue] >= 0

    site.spoil = _without_list(slip)
    site.run()
    _assert_exact(site)


def test_what_was_said_while_nothing_was_given_does_not_count(site: Site) -> None:
    site.run()
    held = _with_rows(site)
    new = [site.world.create_issue()["id"] for _ in range(3)]
    site.world.follow(new[0], site.world.rows("users")[0]["id"])
    site.world.advance(5)
    site.spoil = _without_list(lambda _issue, _rows: True)
    ran = site.run()
    assert set(_asked(ran)) >= set(new)
    assert set(_asked(ran)) & set(held), "a witness"
    assert any("gave no list" in warning for warning in ran.report.warnings)
    site.spoil = lambda _request, _answer: None
    assert set(_asked(site.run())) == set(new)
    _assert_exact(site)


def test_a_server_that_gave_no_list_in_a_whole_run_is_asked_again_each_day(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.spoil = _without_list(lambda _issue, _rows: True)
    site.run()
    assert not site.rows()["issue_followers"]
    assert not _asked(site.run())
    let_a_day_pass(monkeypatch)
    assert 1 <= len(_asked(site.run())) <= A_DAY * 2, "once a turn, since days pass at once"
    site.spoil = lambda _request, _answer: None
    assert set(_asked(site.run())) == set(site.world.issue_ids())
    _assert_exact(site)
    assert not _asked(site.run())
