"""One cell of the matrix: an endpoint that answers in an odd way, and what has to be so after a run.

What is expected follows from the kind of the oddity and from the catalogue; no cell is written by hand.
"""

from __future__ import annotations

import copy
import re
from typing import Any

import httpx
import pytest
from support import worlds
from support.compare import Row
from support.days import let_a_day_pass
from support.oddities import ODDITIES, Oddity
from support.simulated import Ran, Site

from pylon_elt.pipelines.base import exits
from pylon_elt.sources.pylon.catalog import ENDPOINTS, READ, TABLES, Endpoint, PerParent, Table

OPTIONS = {"refresh_hours": 0, "include": [], "custom_object_types": ["companies"]}
CORE = {"list_issues", "search_issues", "get_issue", "issue_messages", "issue_threads", "issue_followers"}
"""What every workspace has: ``/issues`` and its children. So is ``/me``, but nothing else depends on it."""
VOLATILE = {"_synced_at", "synced_at", "load_id", "parent_updated_at", "latest_message_time", "_extra"}
CONTENT = {table.name for table in READ}
"""The tables that hold what was read."""
BEGINNINGS = ("empty", "full")


class Stored:
    """A copy that is complete, to begin with."""

    def __init__(self) -> None:
        self.world = worlds.quiet(seed=5, issues=8, accounts=5, contacts=6, others=0.5)
        site = self.begun()
        ran = site.run()
        assert not ran.report.failures
        assert not ran.report.warnings
        self.rows = site.rows()
        self.state = site.copy()
        self.tables = {name: site.database.everything(name) for name in site.database.tables(TABLES)}

    def begun(self, beginning: str = "empty") -> Site:
        """Return a workspace with an empty copy, or with a full one of which every conversation is due again."""
        site = Site(self.world, list(TABLES), **OPTIONS)
        if beginning == "full":
            ledgers = {"issue_sync", "parent_sync"}
            site.database.load(
                {name: [rows] for name, rows in self.tables.items() if name not in ledgers}, "000000"
            )
            site.state = copy.deepcopy(self.state)
        return site


def check(
    endpoint: str, oddity: str, beginning: str, stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Try one cell.

    Args:
        endpoint: Which endpoint answers oddly.
        oddity: How.
        beginning: Whether the copy is empty or full before.
        stored: A copy that is complete.
        monkeypatch: Lets a day pass.
    """
    asked, odd = ENDPOINTS[endpoint], ODDITIES[oddity]
    site = stored.begun(beginning)
    site.spoil = spoiling(asked, odd)
    ran = site.run()
    touched = [name for name in TABLES if asked in reads(TABLES[name])]
    hit = sum(matches(asked, request) for request in ran.asked)

    assert not site.rows()["deletions"], "nothing is gone, so nothing is to be written down as gone"
    if beginning == "full":
        assert_nothing_is_lost(stored, site)
    unread = set[str]() if beginning == "full" else behind(touched)
    if is_shut_out(asked, odd, ran):
        unread = CONTENT
    assert_the_rest_is_complete(stored, site, unread, marred=odd.kind == "marred")
    if is_shut_out(asked, odd, ran):
        assert {exits.of(failure.error) for failure in ran.report.failures} == {exits.CONFIGURATION}
        assert len(ran.asked) == 1, "one refusal of the token is enough"
    elif hit:
        assert_it_is_told(ran, asked, odd, touched)
        if odd.kind in ("harmless", "marred"):
            assert_the_rest_is_complete(stored, site, set(), marred=odd.kind == "marred")
        if odd.kind == "lacking" and asked.name not in CORE:
            again = site.run()
            assert not any(matches(asked, request) for request in again.asked), "it is tried once a day"
            assert not again.report.lacking, "it is told once"
            assert not again.report.warnings
    if hangs(touched) and odd.kind in ("silent", "marred"):
        site.database.forget(
            "issue_sync", "parent_sync"
        )  # none is what servers call nothing: the sweep asks again
    assert_it_recovers(stored, site, monkeypatch, marred=odd.kind == "marred")


def is_shut_out(endpoint: Endpoint, odd: Oddity, ran: Ran) -> bool:
    """Whether the very first answer refused the token, which says that it is wrong."""
    return odd is ODDITIES["401 here only"] and matches(endpoint, ran.asked[0])


def hangs(tables: list[str]) -> bool:
    return any(isinstance(TABLES[name].read, PerParent) for name in tables)


def spoiling(endpoint: Endpoint, oddity: Oddity) -> Any:
    def spoil(request: httpx.Request, answer: httpx.Response) -> httpx.Response | None:
        return oddity.change(answer) if matches(endpoint, request) else None

    return spoil


def matches(endpoint: Endpoint, request: httpx.Request) -> bool:
    """Whether a request is one to an endpoint."""
    pattern = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(endpoint.path))
    return request.method == endpoint.method and re.fullmatch(pattern, request.url.path) is not None


def reads(table: Table) -> set[Endpoint | None]:
    """Return the endpoints that a table needs."""
    witness = {table.read.witness} if isinstance(table.read, PerParent) else set[Endpoint | None]()
    return {*table.endpoints, *witness}


def behind(tables: list[str]) -> set[str]:
    """Return tables, with all that hang on them, and all that tell of them."""
    found = set(tables)
    while more := {name for name, table in TABLES.items() if table.parent_table in found} - found:
        found |= more
    watchers = {name for name, table in TABLES.items() if getattr(table.read, "watches", None) in found}
    return found | watchers | {"issue_sync", "parent_sync"}


def told_of(row: Row) -> Row:
    return {name: value for name, value in row.items() if name not in VOLATILE}


def by_key(name: str, rows: list[Row]) -> dict[tuple[Any, ...], Row]:
    return {tuple(row[part] for part in TABLES[name].key): told_of(row) for row in rows}


def assert_nothing_is_lost(stored: Stored, site: Site) -> None:
    now = site.rows()
    for name in CONTENT:
        gone = by_key(name, stored.rows[name]).keys() - by_key(name, now[name]).keys()
        assert not gone, f"rows of {name} are gone"


def assert_the_rest_is_complete(stored: Stored, site: Site, but: set[str], *, marred: bool = False) -> None:
    now = site.rows()
    for name in CONTENT - but:
        wanted, held = by_key(name, stored.rows[name]), by_key(name, now[name])
        assert held.keys() == wanted.keys(), name
        different = [key for key in wanted if wanted[key] != held[key]]
        assert not different or marred, f"{name}: {[(wanted[key], held[key]) for key in different[:1]]}"


def assert_it_is_told(ran: Ran, endpoint: Endpoint, odd: Oddity, touched: list[str]) -> None:
    codes = {exits.of(failure.error) for failure in ran.report.failures}
    if odd.kind == "lacking" and endpoint.name not in CORE:
        assert not codes, ran.report.failures
        assert ran.report.lacking or ran.report.warnings or not touched
    elif odd.kind in ("lacking", "failing"):
        # as a witness of fields that may be left out it has told nothing, and all else was read
        in_doubt = endpoint.name == "get_issue" and any(endpoint.label in one for one in ran.report.warnings)
        assert codes or in_doubt or not touched
    elif odd.kind == "silent":
        assert codes <= {exits.UNAVAILABLE}, "a list without rows that announces more of them may come back"
    else:
        assert not codes, ran.report.failures


def assert_it_recovers(
    stored: Stored, site: Site, monkeypatch: pytest.MonkeyPatch, *, marred: bool = False
) -> None:
    """Once the server answers as it should, and a day has passed, the copy is complete.

    What was marred did not move its issue: the day's comparison with a complete listing finds it.
    """
    let_a_day_pass(monkeypatch)
    site.spoil = lambda _request, _answer: None
    if marred:
        site.reconcile()
    for _ in range(2):
        ran = site.run()
    assert not ran.report.failures
    assert not ran.report.warnings
    assert not site.state.get("lacking")
    assert_the_rest_is_complete(stored, site, set())
