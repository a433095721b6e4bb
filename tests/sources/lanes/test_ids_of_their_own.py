"""Message ids that are only their issue's own, as numbers are: a new message makes no other issue due again."""

from __future__ import annotations

import httpx
import orjson
import pytest
from support import worlds
from support.simulated import Site, paths_asked


def test_a_new_message_costs_the_requests_of_its_issue() -> None:
    site = Site(worlds.quiet(issues=60), ("issues", "issue_messages", "issue_sync"))

    def spoil(request: httpx.Request, answer: httpx.Response) -> httpx.Response | None:
        if not request.url.path.endswith("/messages"):
            return None
        given = orjson.loads(answer.content)
        rows = [{**row, "id": str(number)} for number, row in enumerate(given["data"] or ())]
        return httpx.Response(200, json={**given, "data": rows})

    site.spoil = spoil
    site.run()
    refs = site.world.issue_ids()[:6]
    with paths_asked(site) as paths:
        for ref in refs:
            site.world.advance(200)
            site.world.add_message(ref)
            site.run()
    assert sum(path.endswith("/messages") for path in paths) <= len(refs) * (1 + 2)
    held = site.rows()["issue_messages"]
    assert {ref: sum(row["issue_id"] == ref for row in held) for ref in refs} == {
        ref: len(site.world.messages(ref)) for ref in refs
    }


@pytest.mark.parametrize("differ", [True, False])
def test_rows_that_differ_and_have_one_id_are_told(differ: bool) -> None:
    site = Site(worlds.quiet(issues=20), ("issues", "issue_messages", "issue_sync"))

    def spoil(request: httpx.Request, answer: httpx.Response) -> httpx.Response | None:
        if not request.url.path.endswith("/messages"):
            return None
        given = orjson.loads(answer.content)
        rows = [{**row, **({"message_html": "another"} if differ else {})} for row in given["data"][-1:]]
        return httpx.Response(200, json={**given, "data": [*given["data"], *rows]})

    site.spoil = spoil
    told = [one for one in site.run().report.warnings if "have one id" in one]
    assert len(told) == differ
