"""Pages by number: what they hold, how long they may be, and how they shift when the world changes between two."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from pylon_elt.emulator import zaia

from .conftest import Client

SHAPES = {"array": None, "data": "data", "items": "items"}


def ids(pages: list[list[dict[str, Any]]]) -> list[str]:
    return [row["id"] for page in pages for row in page]


@pytest.mark.parametrize("size", [1, 7, 38, 100])
def test_pages_put_together_are_the_list(client: Client, size: int) -> None:
    everything = client.tickets("completed")
    assert ids(client.walk("/tickets/details", size, status="completed")) == [row["id"] for row in everything]
    assert len(everything) == 38


def test_a_page_after_the_last_is_empty(client: Client) -> None:
    assert client.rows("/tags", pageNumber=50) == []
    assert client.rows("/tickets/details", status="completed", pageNumber=10**9) == []


@pytest.mark.parametrize("shape", SHAPES)
def test_each_shape_has_the_same_rows(serve: Any, connect: Any, world: zaia.World, shape: str) -> None:
    client = connect(serve(world, shape=shape))
    for path, query in (
        ("/tickets/details", {"status": "completed", "pageSize": 5}),
        ("/chats", {"pageSize": 5}),
    ):
        answer = client.get(path, params=query).json()
        name = SHAPES[shape]
        rows = answer if name is None else answer[name]
        assert len(rows) == 5
        if name is not None:
            assert answer.keys() == {name, "total"}
            assert answer["total"] == (38 if "status" in query else 48)
    ident = client.tickets("completed")[0]["id"]
    assert client.get(f"/tickets/{ident}/details").json()["id"] == ident


@pytest.mark.parametrize("order", ["newest", "oldest", "id"])
def test_lists_come_in_the_order_of_the_settings(
    serve: Any, connect: Any, world: zaia.World, order: str
) -> None:
    client = connect(serve(world, order=order))
    for rows in (client.tickets("completed"), client.rows("/chats", pageSize=100), client.rows("/agents")):
        keys = [row["id"] if order == "id" else (row["createdAt"], row["id"]) for row in rows]
        assert keys == sorted(keys, reverse=order == "newest")


def test_a_larger_page_is_refused(serve: Any, connect: Any) -> None:
    client = connect(serve(most=20))
    assert len(client.tickets("completed", pageSize=20)) == 20
    answer = client.get("/tickets/details", params={"status": "completed", "pageSize": 21})
    assert answer.status_code == 400
    assert "at most 20" in answer.json()["message"]


def test_or_cut_without_a_word(serve: Any, connect: Any) -> None:
    client = connect(serve(zaia.World.seeded(seed=1, tickets=60), most=20, refuse_above=False))
    assert len(client.tickets("completed", pageSize=100)) == 20
    assert len(client.tickets("completed", pageSize=100, pageNumber=2)) == 18
    assert len(client.rows("/tags", pageSize=5)) == 5


@pytest.mark.parametrize("name", ["chat_threads", "chats"])
def test_an_unpaged_list_is_whole_on_every_page(
    serve: Any, connect: Any, world: zaia.World, name: str
) -> None:
    client = connect(serve(world, unpaged=(name,)))
    query = {"chatId": world.ids("chats")[0]} if name == "chat_threads" else {}
    path = "/" + name.replace("_", "-")
    pages = [client.rows(path, pageNumber=number, pageSize=1, **query) for number in (1, 2, 9)]
    assert pages[0] == pages[1] == pages[2] != []
    assert len(pages[0]) == len(
        [row for row in world.rows(name) if not query or row["chatId"] == query["chatId"]]
    )


def between(world_change: Any) -> list[Any]:
    """Return hooks that change the world before the second page."""

    def change(path: str, query: dict[str, list[str]]) -> None:
        if query.get("pageNumber") == ["2"]:
            world_change()

    return [change]


def test_a_ticket_that_is_created_between_two_pages_shows_a_row_twice(
    serve: Any, connect: Any, world: zaia.World
) -> None:
    client = connect(serve(world, before_request=between(world.new_ticket)))
    before = [row["id"] for row in client.tickets("pending")]
    found = ids(client.walk("/tickets/details", 3, status="pending"))
    assert found == [*before[:3], before[2], *before[3:]]


def test_a_ticket_that_leaves_a_list_between_two_pages_hides_a_row(
    serve: Any, connect: Any, world: zaia.World
) -> None:
    server = serve(world)
    client = connect(server)
    before = [row["id"] for row in client.tickets("ongoing")]
    server.settings.before_request = between(lambda: world.complete(before[0]))
    found = ids(client.walk("/tickets/details", 3, status="ongoing"))
    assert found == [*before[:3], *before[4:]]
    assert before[3] in [row["id"] for row in client.tickets("ongoing")]


def test_a_ticket_can_be_missed_in_both_of_two_statuses(serve: Any, connect: Any, world: zaia.World) -> None:
    """Completed lists are read first here: what is completed after its page and before the other list is in neither."""
    server = serve(world)
    client = connect(server)
    ident = client.tickets("ongoing")[0]["id"]
    completed = {row["id"] for row in client.tickets("completed")}
    world.complete(ident)
    assert ident not in completed | {row["id"] for row in client.tickets("ongoing")}


def test_oldest_first_a_new_ticket_moves_nothing(serve: Any, connect: Any, world: zaia.World) -> None:
    client = connect(serve(world, order="oldest", before_request=between(world.new_ticket)))
    before = [row["id"] for row in client.tickets("pending")]
    found = ids(client.walk("/tickets/details", 3, status="pending"))
    assert found[:-1] == before


def test_hooks_see_the_path_and_the_query(serve: Any, connect: Any) -> None:
    seen: list[Any] = []
    client = connect(serve(before_request=[lambda *asked: seen.append(asked)]))
    client.rows("/tags", pageNumber=2, pageSize=3)
    client.get("/none")
    assert seen == [
        ("/api/v1/tags", {"pageNumber": ["2"], "pageSize": ["3"]}), ("/api/v1/none", {})
    ]  # fmt: skip


def test_ids_in_the_order_of_creation_do_not_come_so_by_themselves(world: zaia.World) -> None:
    """Else an order by id would be one by time, and no test could tell them apart."""
    rows = sorted(world.rows("tickets"), key=lambda row: row["createdAt"])
    assert any(first["id"] > second["id"] for first, second in pairwise(rows))
