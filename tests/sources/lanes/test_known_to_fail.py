"""A row at which the server fails, edited within the lookback, is searched for once and not in each run."""

from __future__ import annotations

import httpx
import orjson
from support import worlds
from support.simulated import Site


def failing_for(site: Site, ref: str) -> None:
    def spoil(request: httpx.Request, answer: httpx.Response) -> httpx.Response | None:
        rows = orjson.loads(answer.content)["data"] if request.url.path.startswith("/issues") else []
        return httpx.Response(500) if any(row["id"] == ref for row in rows) else None

    site.spoil = spoil


def test_it_costs_two_requests_in_each_run_and_hides_no_other_edit() -> None:
    site = Site(worlds.quiet(issues=40), ("issues",), lookback_seconds=600)
    site.run()
    bad, *others = site.world.issue_ids()[5:12]
    failing_for(site, bad)
    site.world.advance(90)
    site.world.edit_issue(others[0], title="before")
    site.world.advance(30)
    site.world.edit_issue(bad, title="bad")
    site.run()
    for ref in others:
        site.world.advance(45)
        site.world.edit_issue(ref, title=f"edited {ref}")
        ran = site.run()
        assert len(ran.asked) <= 1 + 2
        assert len(ran.report.failures) == 1
    titles = {row["id"]: row["title"] for row in site.rows()["issues"]}
    assert {titles[ref] for ref in others} == {f"edited {ref}" for ref in others}
    assert titles[bad] != "bad"
    site.spoil = lambda _request, _answer: None
    site.run()
    assert len(site.run().asked) == 1, "nothing is left out any more"
    assert {row["id"]: row["title"] for row in site.rows()["issues"]}[bad] == "bad"


def test_the_watermark_passes_it() -> None:
    site = Site(worlds.quiet(issues=40), ("issues",), lookback_seconds=60)
    site.run()
    bad = site.world.issue_ids()[5]
    failing_for(site, bad)
    site.world.edit_issue(bad, title="bad")
    for _ in range(5):
        site.world.advance(50)
        site.run()
    stretch = site.state["issues"]
    assert stretch["settled_until"] > stretch["changes_left"][0][1]
