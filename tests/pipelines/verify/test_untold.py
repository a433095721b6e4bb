"""What the server fails for is told by a verification, and costs the comparison of nothing else."""

from __future__ import annotations

from collections.abc import Callable, Collection
from types import SimpleNamespace
from typing import Any

import httpx
import orjson
import pytest
from support import runs, worlds
from support.simulated import Site
from support.workplaces import Desk

from pylon_elt import emulator
from pylon_elt.pipelines.base import exits
from pylon_elt.pipelines.verify import held
from pylon_elt.pipelines.verify.command import problem_of, render
from pylon_elt.pipelines.verify.report import Verification
from pylon_elt.pipelines.verify.verify import verify
from pylon_elt.sources.pylon.api import sending
from pylon_elt.sources.pylon.errors import PylonError
from pylon_elt.sources.pylon.lanes.turns import pacers
from pylon_elt.sources.pylon.lanes.whole import FAILURES
from pylon_elt.sources.pylon.upkeep.listing import SAMPLE


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retries wait for moments instead of seconds."""
    monkeypatch.setattr(sending, "LONGEST_BACKOFF", 0.001)


@pytest.fixture
def world() -> emulator.World:
    return worlds.quiet(issues=40)


@pytest.fixture
def site(world: emulator.World) -> Site:
    made = Site(world, runs.ISSUE_TABLES)
    made.run()
    return made


def verified(site: Site, sample: int = 0) -> Verification:
    async def at_once(_seconds: float) -> None: ...

    report = Verification(1, {})
    with site.answering() as state:
        copy: Any = SimpleNamespace(copied=site.database, state=state, rows=lambda _table: 1)
        verify(
            held.take(copy, site.settings, sample, 1),
            site.settings,
            pacers(site.settings, state),
            report,
            at_once,
        )
    return report


def code(report: Verification) -> int:
    problem = problem_of(report)
    return problem.code if problem else exits.DONE


def failing(site: Site, fails: Callable[[httpx.Request, Any], bool], status: int = 500) -> None:
    """Let some requests fail, by what they ask and what would be given."""

    def spoil(request: httpx.Request, answer: httpx.Response) -> httpx.Response | None:
        given = orjson.loads(answer.content).get("data") if answer.status_code == 200 else None
        return httpx.Response(status) if fails(request, given) else None

    site.spoil = spoil


def listing(*refs: str) -> Callable[[httpx.Request, Any], bool]:
    """Return what fails for each list of issues that would show one of some."""
    paths = ("/issues", "/issues/search")
    return lambda request, given: request.url.path in paths and any(row["id"] in refs for row in given or [])


def by_creation(world: emulator.World) -> list[str]:
    return sorted(world.issue_ids(), key=lambda ref: str(world.issue(ref)["created_at"]))


def test_seconds_that_cannot_be_listed_are_told_and_all_else_is_compared(
    site: Site, world: emulator.World
) -> None:
    refs = by_creation(world)
    failing(site, listing(refs[20]))
    report = verified(site)
    assert not report.differences
    assert report.equal is None
    assert code(report) == exits.UNAVAILABLE
    (untold,) = report.untold
    assert untold.table == "issues"
    assert "seconds; the copy has 1)" in untold.what
    text = render(report)
    assert "No difference was found in what was compared." in text
    assert " ".join(untold.what.split()[:3]) in " ".join(text.split())
    assert sum(month.surplus for month in report.months.values()) == 0

    world.delete_issue(refs[3])
    report = verified(site)
    assert [one.id for one in report.differences] == [refs[3]]
    assert (report.equal, code(report), len(report.untold)) == (False, exits.DATA_CHECK, 1)


def test_what_was_deleted_in_the_same_seconds_is_no_difference_yet(world: emulator.World) -> None:
    refs = by_creation(world)
    near = world.create_issue(created_at=world.issue(refs[20])["created_at"])["id"]
    site = Site(world, runs.ISSUE_TABLES)
    site.run()
    world.delete_issue(near)
    failing(site, listing(refs[20]))
    assert not verified(site).differences
    failing(site, listing())
    assert [one.id for one in verified(site).differences] == [near]


def test_a_list_that_fails_everywhere_is_no_verdict(site: Site, world: emulator.World) -> None:
    failing(site, listing(*world.issue_ids()))
    with pytest.raises(PylonError):
        verified(site)


def hiding(site: Site, refs: Collection[str]) -> None:
    """Let the list of issues leave some out, which are there by their ids."""

    def spoil(request: httpx.Request, answer: httpx.Response) -> httpx.Response | None:
        if request.url.path != "/issues" or answer.status_code != 200:
            return None
        given = orjson.loads(answer.content)
        given["data"] = [row for row in given["data"] if row["id"] not in refs]
        return httpx.Response(200, json=given)

    site.spoil = spoil


@pytest.mark.parametrize(("hidden", "code_of_it"), [(3, exits.DONE), (30, exits.UNAVAILABLE)])
def test_issues_that_are_not_listed_and_are_there_are_no_difference(
    site: Site, world: emulator.World, hidden: int, code_of_it: int
) -> None:
    refs = world.issue_ids()
    hiding(site, refs[:hidden])
    report = verified(site)
    assert not report.differences
    assert code(report) == code_of_it
    assert report.hidden == min(hidden, SAMPLE)
    assert "there by their ids" in render(report)
    world.delete_issue(refs[0])
    assert refs[0] in {one.id for one in verified(site).differences}


@pytest.mark.parametrize("status", [409, 413, 422, 500])
def test_a_conversation_that_is_not_given_is_told(site: Site, world: emulator.World, status: int) -> None:
    bad, edited = world.issue_ids()[4:6]
    failing(site, lambda request, _: request.url.path == f"/issues/{bad}/messages", status)
    world.touch_silently(edited, title="edited without a word")
    report = verified(site, sample=40)
    assert [(one.table, one.id) for one in report.differences] == [("issues", edited)]
    ((table, what, why),) = [(one.table, one.what, one.why) for one in report.untold]
    assert (table, what) == ("issue_messages", bad)
    assert str(status) in why
    assert report.sampled["issues"] == 40


@pytest.mark.parametrize("data", [None, [], "text", {"id": 17}])
def test_an_issue_that_is_given_in_no_form_is_told(site: Site, world: emulator.World, data: object) -> None:
    bad = world.issue_ids()[4]

    def spoil(request: httpx.Request, _: httpx.Response) -> httpx.Response | None:
        return httpx.Response(200, json={"data": data}) if request.url.path == f"/issues/{bad}" else None

    site.spoil = spoil
    report = verified(site, sample=40)
    assert [(one.table, one.what) for one in report.untold] == [("issues", bad)]
    assert report.sampled["issues"] == 39


def test_an_endpoint_that_gives_nothing_is_asked_a_few_times(site: Site) -> None:
    asked = list[str]()

    def fails(request: httpx.Request, _: object) -> bool:
        is_threads = request.url.path.endswith("/threads")
        asked.extend([request.url.path] if is_threads else [])
        return is_threads

    failing(site, fails)
    report = verified(site, sample=40)
    assert {one.table for one in report.untold} == {"issue_threads"}
    assert len(report.untold) == 40
    # those under way when that was found out are asked for to their end
    assert len(set(asked)) <= FAILURES + 8
    assert not report.differences


def test_an_answer_without_a_list_says_nothing_of_what_the_copy_has(
    site: Site, world: emulator.World
) -> None:
    ref = next(ref for ref in world.issue_ids() if world.messages(ref))

    def spoil(request: httpx.Request, _: httpx.Response) -> httpx.Response | None:
        return (
            httpx.Response(200, json={"data": None})
            if request.url.path == f"/issues/{ref}/messages"
            else None
        )

    site.spoil = spoil
    report = verified(site, sample=40)
    assert not report.differences
    assert [(one.table, one.what) for one in report.untold] == [("issue_messages", ref)]


@pytest.mark.dear
def test_the_command_ends_with_the_code_for_what_is_not_available(open_copy: Any) -> None:
    desk: Desk = open_copy("issues", issues=40, years=0.4)
    bad = desk.server.world.issue_ids()[3]
    asked = f"/issues/{bad}"

    def fail(record: Any) -> None:
        if record.path == asked:
            raise RuntimeError

    desk.server.on_request(fail)
    result = desk.pylon("verify", "--sample", "100", "--log-format", "json")
    assert result.code == 4, result.text
    found = result.event("verified")
    assert (found["equal"], found["exit"], found["differences"]) == (None, 4, [])
    assert [one["what"] for one in found["untold"]] == [bad]
