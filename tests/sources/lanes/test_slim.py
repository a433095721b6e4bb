"""A list, or a search, that leaves fields out of its rows loses nothing of them, and costs nothing where it does not."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import httpx
import orjson
import pytest
from support import worlds
from support.simulated import Database, Site, paths_asked

FIELDS = ("body_html", "custom_fields", "external_issues")
NULLS = dict.fromkeys(FIELDS)
EMPTY = {"body_html": "", "custom_fields": {}, "external_issues": []}
TIMES = {"created_at", "updated_at"}


def leaving_out(
    site: Site, *paths: str, fields: Collection[str] = FIELDS, writes: Mapping[str, object] | None = None
) -> None:
    """Let some lists give rows without some fields, or with what says as little in their place."""

    def spoil(request: httpx.Request, answer: httpx.Response) -> httpx.Response | None:
        if request.url.path not in paths:
            return None
        given = orjson.loads(answer.content)
        for row in given["data"]:
            for name in fields:
                row.pop(name, None)
            row.update(writes or {})
        return httpx.Response(200, json=given)

    site.spoil = spoil


def made(*paths: str, issues: int = 40, read: bool = True) -> Site:
    site = Site(worlds.quiet(issues=issues), ("issues",))
    if read:
        site.run()
    leaving_out(site, *paths)
    return site


def by_id(paths: Collection[str]) -> int:
    return sum(path.startswith("/issues/") and path != "/issues/search" for path in paths)


def values(site: Site) -> dict[str, dict[str, object]]:
    return {row["id"]: {name: row[name] for name in FIELDS} for row in site.rows()["issues"]}


def truth(site: Site) -> dict[str, dict[str, object]]:
    """What a copy holds that was read from lists that give all fields."""
    whole = Site(site.world, ("issues",))
    whole.run()
    return values(whole)


def edit(site: Site, count: int = 5, **changes: object) -> list[str]:
    refs = list(site.world.issue_ids())[3 : 3 + count]
    for ref in refs:
        site.world.edit_issue(ref, title="edited", **changes)
    return refs


def test_an_edit_that_a_slim_search_shows_costs_one_request_and_no_value() -> None:
    site = made("/issues/search")
    edit(site, body_html="<p>edited</p>")
    with paths_asked(site) as paths:
        report = site.run().report
    assert values(site) == truth(site)
    assert by_id(paths) <= 5 + 3  # and some that the lookback shows
    assert [one for one in report.warnings if "leaves out body_html, custom_fields" in one]
    with paths_asked(site) as paths:
        assert not site.run().report.warnings
    assert by_id(paths) == 0  # what the lookback shows once more is no edit


def test_what_is_empty_is_not_asked_for_in_each_run() -> None:
    site = made("/issues/search")
    edit(site, count=2, custom_fields={}, body_html="<p>edited</p>")
    site.run()
    assert values(site) == truth(site)
    with paths_asked(site) as paths:
        site.run()
    assert by_id(paths) == 0


def test_new_issues_come_with_all_fields() -> None:
    site = made("/issues/search")
    edit(site)  # by one that the copy holds it is seen
    for number in range(4):
        site.world.create_issue(title=f"new {number}")
    site.run()
    assert values(site) == truth(site)


def test_a_few_new_issues_alone_come_with_all_fields_by_the_listing() -> None:
    site = made("/issues/search")
    site.world.advance(7200)  # the lookback shows nothing else
    for number in range(4):
        site.world.create_issue(title=f"new {number}")
    site.run()
    site.reconcile()
    assert values(site) == truth(site)


def test_a_first_load_of_a_slim_list_asks_for_each_issue() -> None:
    site = made("/issues", "/issues/search", read=False)
    with paths_asked(site) as paths:
        site.run()
    assert values(site) == truth(site)
    assert by_id(paths) <= 40 + 3  # what the search shows as well
    edit(site)
    site.run()
    site.reconcile()
    assert values(site) == truth(site)


def test_a_turn_that_ends_amid_them_is_gone_on_with() -> None:
    site = made("/issues", "/issues/search", read=False)
    site.limits = type(site.limits)(most_rows=9)
    with paths_asked(site) as paths:
        ran = site.run()
    assert ran.turns > 3
    assert values(site) == truth(site)
    assert by_id(paths) <= 2 * 40


def test_what_cannot_be_asked_for_stays_as_it_is() -> None:
    site = made("/issues/search")
    before, left = values(site), site.spoil

    def spoil(request: httpx.Request, answer: httpx.Response) -> httpx.Response | None:
        one = request.url.path.startswith("/issues/") and request.url.path != "/issues/search"
        return httpx.Response(403) if one else left(request, answer)

    site.spoil = spoil
    refs = edit(site)
    site.run()
    assert values(site) == before
    assert {row["id"] for row in site.rows()["issues"] if row["title"] == "edited"} == set(refs)


def test_what_is_emptied_is_seen_to_be_and_costs_next_to_nothing() -> None:
    """As of a server that does not write what is empty."""
    site = made()
    asked = list[int]()
    for changes in ({"body_html": None}, {"custom_fields": {}}, {"body_html": None}, {}):
        edit(site, count=7, **changes)
        with paths_asked(site) as paths:
            site.run()
        asked.append(by_id(paths))
        assert values(site) == truth(site)
    assert sum(asked) <= 8
    assert asked[-1] == 0


def test_a_list_that_gives_them_again_is_believed() -> None:
    site = made("/issues/search")
    edit(site)
    site.run()
    leaving_out(site)
    edit(site, body_html="<p>again</p>")
    with paths_asked(site) as paths:
        site.run()
    assert by_id(paths) <= 3
    assert values(site) == truth(site)


@pytest.mark.parametrize("name", sorted(TIMES))
def test_a_time_that_is_left_out_is_completed_too(name: str) -> None:
    site = made()

    def spoil(request: httpx.Request, answer: httpx.Response) -> httpx.Response | None:
        given = orjson.loads(answer.content)
        if request.url.path == "/issues/search":
            for row in given["data"]:
                row.pop(name, None)
            return httpx.Response(200, json=given)
        return None

    site.spoil = spoil
    edit(site, count=1)
    site.run()
    times = {row["id"]: row[name] for row in site.rows()["issues"]}
    assert all(times.values())


def test_what_only_the_daily_listing_shows_comes_with_them() -> None:
    site = made("/issues", "/issues/search", read=False)
    site.run()
    site.world.create_issue(title="late", body_html="<p>late</p>")
    site.reconcile()
    assert values(site) == truth(site)


def test_a_row_that_a_page_shows_twice_is_no_trouble() -> None:
    site = made()

    def spoil(request: httpx.Request, answer: httpx.Response) -> httpx.Response | None:
        if request.url.path != "/issues/search":
            return None
        given = orjson.loads(answer.content)
        return httpx.Response(200, json={**given, "data": [*given["data"], *given["data"][-2:]]})

    site.spoil = spoil
    edit(site)
    site.run()
    assert not site.run().report.failures
    assert values(site) == truth(site)


def test_where_issues_cannot_be_asked_for_at_first_nothing_is_believed_to_be_empty() -> None:
    site = made("/issues", "/issues/search", read=False)
    left, failed = site.spoil, list[str]()

    def spoil(request: httpx.Request, answer: httpx.Response) -> httpx.Response | None:
        if by_id([request.url.path]):
            failed.append(request.url.path)
            return httpx.Response(500)
        return left(request, answer)

    site.spoil = spoil
    site.run()
    assert len(failed) <= 2 * 3 * 3
    site.spoil = left
    edit(site)
    site.run()
    edited = {row["id"]: row[FIELDS[0]] for row in site.rows()["issues"] if row["title"] == "edited"}
    assert len(edited) == 5
    wanted = truth(site)
    assert edited == {ref: wanted[ref][FIELDS[0]] for ref in edited}


def test_what_the_lookback_shows_once_more_is_looked_up_once(monkeypatch: pytest.MonkeyPatch) -> None:
    site = made()
    edit(site)
    site.run()
    leaving_out(site, "/issues/search", fields=["external_issues"])  # no issue has any
    looked_up, rows = list[str](), Database.rows

    def noted(database: Database, table: Any, column: str = "", values: Sequence[str] = ()) -> Any:
        if table.name == "issues":
            looked_up.extend(values)
        return rows(database, table, column, values)

    monkeypatch.setattr(Database, "rows", noted)
    site.run()
    assert looked_up
    assert len(looked_up) == len(set(looked_up))


@pytest.mark.parametrize("writes", [NULLS, EMPTY], ids=["null", "empty"])
def test_null_in_a_search_empties_nothing(writes: Mapping[str, object]) -> None:
    site = made()
    leaving_out(site, "/issues/search", writes=writes)
    edit(site, body_html="<p>edited</p>")
    with paths_asked(site) as paths:
        site.run()
    assert values(site) == truth(site)
    assert by_id(paths) <= 5 + 3
    site.reconcile()
    with paths_asked(site) as paths:
        site.run()
    assert values(site) == truth(site)  # what the lookback shows once more is no edit
    assert by_id(paths) == 0


@pytest.mark.parametrize("writes", [NULLS, EMPTY], ids=["null", "empty"])
def test_null_in_a_list_is_found_out_at_the_first_load_and_by_the_listing(
    writes: Mapping[str, object],
) -> None:
    site = made(read=False)
    leaving_out(site, "/issues", "/issues/search", writes=writes)
    with paths_asked(site) as paths:
        site.run()
    assert values(site) == truth(site)
    assert by_id(paths) <= 40 + 3
    silent, late = site.world.issue_ids()[3:5]
    site.world.touch_silently(silent, title="edited", body_html="<p>silent</p>")
    site.world.edit_issue(late, body_html="<p>late</p>")
    site.reconcile()
    assert values(site) == truth(site)


def test_what_is_null_in_one_row_and_not_in_another_costs_nothing() -> None:
    site = made()
    edit(site, count=1, body_html=None, external_issues=[])
    site.run()
    site.world.advance(2 * 86400)
    edit(site)
    edit(site, count=1, assignee=None)
    with paths_asked(site) as paths:
        site.run()
    assert by_id(paths) <= 3
    assert values(site) == truth(site)
