"""A success that tells of a failure says nothing of rows, whatever word it has for that."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from support import runs, worlds
from support.compare import assert_equal_copy
from support.simulated import Site

from pylon_elt.sources.pylon.api.answers import read
from pylon_elt.sources.pylon.errors import Transient

NOW = datetime(2026, 7, 1, tzinfo=UTC)
TABLES = (*runs.ISSUE_TABLES, "teams")
SOME: list[dict[str, Any]] = [
    {"errors": ["no"]},
    {"code": "rate_limited"},
    {"error": "upstream timeout"},
    {"Error": {"message": "no"}},
    {"error_message": "no"},
    {"success": False},
    {"status": "error"},
    {"status": 503},
    {"statusCode": 502},
]


@pytest.mark.parametrize("said", SOME, ids=str)
def test_an_empty_list_beside_a_failure_is_none(said: dict[str, Any]) -> None:
    content = httpx.Response(200, json={"data": [], **said}).content
    with pytest.raises(Transient, match="tells of a failure"):
        read(content, NOW)


@pytest.mark.parametrize(
    "said",
    [{"error": None}, {"errors": []}, {"success": True}, {"status": 200}, {"status": "ok"}, {"ok": True}],
    ids=str,
)
def test_that_there_was_no_failure_is_none(said: dict[str, Any]) -> None:
    assert read(httpx.Response(200, json={"data": [], **said}).content, NOW).listed


def test_no_row_is_lost_to_one_in_nine_such_answers() -> None:
    world = worlds.quiet(issues=40)
    site, asked = Site(world, TABLES), [0]

    def spoil(_request: httpx.Request, _answer: httpx.Response) -> httpx.Response | None:
        asked[0] += 1
        failed = httpx.Response(200, json={"error": "upstream timeout", "data": [], "request_id": "r"})
        return failed if asked[0] % 9 == 0 else None

    site.spoil = spoil
    for _ in range(3):
        assert not site.run().report.failures
        assert_equal_copy(worlds.truth(world), site.rows(), TABLES)
        for ref in world.issue_ids()[:8]:
            world.edit_issue(ref, title="edited")
    site.reconcile()
