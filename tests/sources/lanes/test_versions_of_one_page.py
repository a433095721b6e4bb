"""A row that comes twice on one page, in two versions: the newer one is copied, wherever it stands."""

from __future__ import annotations

import httpx
import orjson
import pytest
from support import worlds
from support.compare import assert_equal_copy
from support.simulated import Site

TABLES = ("issues", "issue_sync", "tasks")
LISTS = {"/issues", "/issues/search", "/tasks", "/tasks/search"}


@pytest.mark.parametrize("older_first", [True, False])
def test_of_two_versions_on_one_page_the_newer_one_is_copied(older_first: bool) -> None:
    world = worlds.quiet(issues=30)

    def spoil(request: httpx.Request, response: httpx.Response) -> httpx.Response | None:
        if request.url.path not in LISTS:
            return None
        body = orjson.loads(response.content)
        rows = []
        for row in body["data"] or []:
            older = {**row, "title": "Before", "updated_at": row["created_at"]}
            rows += [older, row] if older_first else [row, older]
        return httpx.Response(200, json={**body, "data": rows})

    for task in world.rows("tasks"):
        world.edit("tasks", task["id"], title="Edited")
    site = Site(world, TABLES)
    site.spoil = spoil
    for _ in range(2):
        site.run()
        assert_equal_copy(worlds.truth(world), site.rows(), ["issues", "tasks"])
        world.edit_issue(world.issue_ids()[3], title="Edited since")
        world.advance(60)
