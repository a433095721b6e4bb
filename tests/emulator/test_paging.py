"""Pages of every paged endpoint, what the last one says, and what happens when the result changes between two."""

from __future__ import annotations

from typing import Any

import pytest

from pylon_elt import emulator
from pylon_elt.emulator.paging import decode, encode
from pylon_elt.emulator.replies import ApiError

KINDS = ("offset", "keyset")


def paths(world: emulator.World) -> dict[str, tuple[str, dict[str, Any], set[str]]]:
    """Every paged GET: its path, its query and the ids to be found."""
    busy = max(world.issue_ids(), key=lambda ident: len(world.messages(ident)))
    base = world.rows("knowledge_bases")[0]["id"]
    articles = {row["id"] for row in world.rows("kb_articles") if row["knowledge_base_id"] == base}
    window = {"start_time": "2026-06-02T00:00:00Z", "end_time": "2026-07-02T00:00:00Z"}
    recent = {i["id"] for i in world.issues() if i["created_at"] > window["start_time"]}
    return {
        "issues": ("/issues", window, recent),
        "messages": (f"/issues/{busy}/messages", {}, {row["id"] for row in world.messages(busy)}),
        "accounts": ("/accounts", {}, {row["id"] for row in world.rows("accounts")}),
        "contacts": ("/contacts", {}, {row["id"] for row in world.rows("contacts")}),
        "articles": (f"/knowledge-bases/{base}/articles", {}, articles),
    }


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["issues", "messages", "accounts", "contacts", "articles"])
def test_pages_hold_every_row_once(
    serve: Any, connect: Any, world: emulator.World, kind: str, name: str
) -> None:
    client = connect(serve(world, cursor_kind=kind))
    path, query, expected = paths(world)[name]
    pages = client.walk(lambda cursor: client.get(path, params={**query, "limit": 3, **cursor}))
    assert [len(page) for page in pages[:-1]] == [3] * (len(pages) - 1)
    assert 1 <= len(pages[-1]) <= 3
    found = [row["id"] for page in pages for row in page]
    assert len(found) == len(set(found))
    assert set(found) == expected


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("sort", ["created", "updated"])
def test_pages_of_a_search(serve: Any, connect: Any, world: emulator.World, kind: str, sort: str) -> None:
    client = connect(serve(world, cursor_kind=kind, search_sort=sort))
    pages = client.walk(lambda cursor: client.search(limit=50, **cursor))
    assert [len(page) for page in pages] == [50, 50, 20]
    assert {row["id"] for page in pages for row in page} == set(world.issue_ids())


def two_pages(client: Any, server: emulator.Server, between: Any) -> list[str]:
    """Read a search over `updated_at` in pages of ten while `between` happens before the second page."""
    tree = {
        "field": "updated_at",
        "operator": "time_range",
        "values": ["2025-01-01T00:00:00Z", "2026-07-01T12:00:00Z"],
    }
    undo = server.on_request(lambda record: between() if server.count("POST /issues/search") == 2 else None)
    pages = client.walk(lambda cursor: client.search(tree, limit=10, **cursor))
    undo()
    return [row["id"] for page in pages for row in page]


@pytest.mark.parametrize(("kind", "lost"), [("offset", 1), ("keyset", 0)])
@pytest.mark.parametrize("change", ["edit", "delete"])
def test_an_offset_cursor_loses_the_seam_row_when_an_earlier_row_leaves_the_window(
    serve: Any, connect: Any, world: emulator.World, kind: str, lost: int, change: str
) -> None:
    """The hazard that readers must survive: the emulator really has it."""
    server = serve(world, cursor_kind=kind)
    client = connect(server)
    before = [row["id"] for row in client.search(limit=11).json()["data"]]
    server.clear_log()
    world.advance(60)
    moving = before[3]

    def between() -> None:
        if change == "edit":
            world.edit_issue(moving, state="closed")
        else:
            world.delete_issue(moving)

    found = two_pages(client, server, between)
    missing = set(world.issue_ids()) - set(found) - {moving}
    assert len(missing) == lost
    assert missing <= {before[10]}


def test_an_offset_cursor_repeats_a_row_when_one_is_added_in_front(
    serve: Any, connect: Any, world: emulator.World
) -> None:
    server = serve(world)
    client = connect(server)
    found = two_pages(client, server, lambda: world.create_issue(created_at="2026-07-01T11:59:59Z"))
    assert len(found) - len(set(found)) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_cursor_of_another_request_is_400(
    serve: Any, connect: Any, world: emulator.World, kind: str
) -> None:
    client = connect(serve(world, cursor_kind=kind))
    cursor = client.search(limit=2).json()["pagination"]["cursor"]
    assert client.search(limit=50, cursor=cursor).is_success
    assert client.search(limit=2, cursor=cursor, search_text="x").status_code == 400
    foreign = {"field": "state", "operator": "equals", "value": "new"}
    assert client.search(foreign, limit=2, cursor=cursor).status_code == 400
    assert client.get("/accounts", params={"limit": 2, "cursor": cursor}).status_code == 400
    assert client.issues("2026-06-02T00:00:00Z", "2026-07-02T00:00:00Z", cursor=cursor).status_code == 400


def test_cursors_round_trip_and_anything_else_is_refused() -> None:
    for place in (0, 12, (5, 7)):
        assert decode(encode(place, "mark"), "mark") == place
    for text in (
        "",
        "x",
        "é",
        "e30=",
        "W10=",
        encode(3, "other"),
        encode(-1, "mark"),
        encode(3, "mark") + "=" * 9,
    ):
        with pytest.raises(ApiError) as caught:
            decode(text, "mark")
        assert caught.value.status == 400


@pytest.mark.parametrize("path", ["/accounts", "/contacts"])
@pytest.mark.parametrize(
    ("limit", "status"), [("1", 200), ("999", 200), ("1000", 400), ("0", 400), ("x", 400)]
)
def test_limits_of_the_directory(serve: Any, connect: Any, path: str, limit: str, status: int) -> None:
    assert connect(serve()).get(path, params={"limit": limit}).status_code == status


def test_accounts_need_a_limit_and_contacts_do_not(serve: Any, connect: Any) -> None:
    client = connect(serve(emulator.World.seeded(issues=10, contacts=150)))
    assert client.get("/accounts").status_code == 400
    assert len(client.get("/contacts").json()["data"]) == 100


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("present", {"pagination": {"cursor": "", "has_next_page": False}}),
        ("null", {"pagination": None}),
        ("absent", {}),
    ],
)
def test_what_the_last_page_says(serve: Any, connect: Any, mode: str, expected: dict[str, Any]) -> None:
    client = connect(serve(last_page=mode))
    first = client.get("/accounts", params={"limit": 2}).json()
    assert first["pagination"]["has_next_page"] is True
    for answer in (client.get("/accounts", params={"limit": 999}).json(), client.search(limit=999).json()):
        assert {name: value for name, value in answer.items() if name == "pagination"} == expected


@pytest.mark.parametrize(
    ("mode", "expected"), [("list", {"data": []}), ("null", {"data": None}), ("absent", {})]
)
def test_what_an_empty_result_says(serve: Any, connect: Any, mode: str, expected: dict[str, Any]) -> None:
    client = connect(serve(emulator.World.empty(), empty_data=mode))
    for answer in (client.search(), client.issues("2020-01-01T00:00:00Z", "2020-01-02T00:00:00Z")):
        assert {name: value for name, value in answer.json().items() if name == "data"} == expected


def test_the_directory_keeps_its_order_when_rows_come_and_go(
    serve: Any, connect: Any, world: emulator.World
) -> None:
    client = connect(serve(world, cursor_kind="keyset"))
    first, second, third, *_ = [row["id"] for row in world.rows("accounts")]
    world.edit("accounts", second, name="Renamed")
    page = client.get("/accounts", params={"limit": 2}).json()
    assert [row["id"] for row in page["data"]] == [first, second]
    world.drop("accounts", second)
    world.put("accounts", {"id": second, "name": "Back"})
    rest = client.get("/accounts", params={"limit": 999, "cursor": page["pagination"]["cursor"]}).json()[
        "data"
    ]
    assert [rest[0]["id"], rest[-1]["id"]] == [third, second]
