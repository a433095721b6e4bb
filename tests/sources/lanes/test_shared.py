"""What servers list under two parents is in the copy under both, and what has moved is under the one that has it."""

from __future__ import annotations

from typing import Any

import httpx
import orjson
import pytest
from support import worlds
from support.simulated import Ran, Site

from pylon_elt.pipelines.run.recount import recount

TABLES = ("issues", "issue_messages", "issue_threads", "issue_sync")
KINDS = {"issue_messages": "messages", "issue_threads": "threads"}


class Shared:
    """A server that lists the first message and thread of one issue under another one as well."""

    def __init__(self) -> None:
        self.world = worlds.quiet(issues=40, accounts=3, contacts=4, others=0.5)
        self.first, self.second, *_ = (
            id_ for id_ in self.world.issue_ids() if self.world.messages(id_) and self.world.threads(id_)
        )
        self.site = Site(self.world, TABLES)
        self.site.spoil = self._spoil
        self.hidden = False
        """Whether the first issue does not list it any more."""

    def _shared(self, kind: str) -> dict[str, Any]:
        return getattr(self.world, kind)(self.first)[0]

    def _spoil(self, request: httpx.Request, answer: httpx.Response) -> httpx.Response | None:
        *_, issue, kind = request.url.path.split("/")
        if kind not in KINDS.values() or issue not in {self.first, self.second}:
            return None
        body = orjson.loads(answer.content)
        shared = self._shared(kind)
        rows = [row for row in body["data"] or [] if row["id"] != shared["id"]]
        if issue == self.second or not self.hidden:
            rows.append(shared)
        return httpx.Response(200, content=orjson.dumps({**body, "data": rows}))

    def under(self, table: str) -> set[str]:
        """Return the issues under which the copy has it."""
        shared = self._shared(KINDS[table])["id"]
        return {row["issue_id"] for row in self.site.rows()[table] if row["id"] == shared}

    def run(self) -> Ran:
        """Run once, and count what the ledgers vouch for, as happens once a day."""
        ran = self.site.run()
        told: list[str] = []
        assert not recount(self.site.database, told.append), told
        return ran


@pytest.mark.parametrize("table", KINDS)
def test_what_is_listed_under_two_issues_is_under_both_and_stays_there(table: str) -> None:
    shared = Shared()
    shared.run()
    both = {shared.first, shared.second}
    assert shared.under(table) == both
    for issue in (shared.first, shared.second, shared.first):
        shared.world.edit_issue(issue)
        shared.world.advance(300)
        shared.run()
        assert shared.under(table) == both
    assert not [one for one in shared.run().asked if one.url.path.endswith("/" + KINDS[table])]


@pytest.mark.parametrize("table", KINDS)
def test_what_comes_up_under_another_issue_is_asked_for_where_it_was(table: str) -> None:
    shared = Shared()
    shared.site.spoil = lambda _request, _answer: None
    shared.run()
    assert shared.under(table) == {shared.first}
    shared.site.spoil = shared._spoil
    shared.hidden = True
    shared.world.edit_issue(shared.second)
    shared.world.advance(300)
    ran = shared.run()
    assert shared.under(table) == {shared.second}
    asked = [one.url.path for one in ran.asked if one.url.path.endswith("/" + KINDS[table])]
    assert set(asked) == {f"/issues/{id_}/{KINDS[table]}" for id_ in (shared.first, shared.second)}
    assert len(asked) <= 3, "what is empty now says so twice"
