"""Issues whose ``updated_at`` is null or missing: no search shows their edits, but the daily listing does."""

from __future__ import annotations

from typing import Any

import httpx
import orjson
import pytest
from support import worlds
from support.simulated import Site


@pytest.mark.parametrize("form", ["null", "missing"])
@pytest.mark.parametrize("since", ["always", "now"])
def test_an_edit_of_an_issue_without_a_time_is_found_by_the_listing(form: str, since: str) -> None:
    site = Site(worlds.quiet(issues=6, accounts=2, contacts=2, others=0.1), ["issues"])
    ref = site.world.issue_ids()[2]

    def untimed(_request: httpx.Request, answer: httpx.Response) -> httpx.Response | None:
        body = orjson.loads(answer.content)
        rows: list[Any] = body["data"] if isinstance(body.get("data"), list) else []
        for row in rows:
            if row.get("id") == ref:
                row["updated_at"] = None
                if form == "missing":
                    del row["updated_at"]
        return httpx.Response(answer.status_code, content=orjson.dumps(body))

    if since == "always":
        site.spoil = untimed
    site.run()
    site.spoil = untimed
    for title in ("first edit", "second edit"):
        site.world.touch_silently(ref, title=title)
        site.reconcile()
        (row,) = (row for row in site.rows()["issues"] if row["id"] == ref)
        assert row["title"] == title
