"""What happens in a workspace reaches the copy with the next run, without reading everything."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from support.zaia import TABLES, Desk

from pylon_elt.emulator import zaia

pytestmark = pytest.mark.dear

Open = Callable[..., Desk]
Change = Callable[[zaia.World, str], Any]


def _one(world: zaia.World, status: str, rng: Random | None = None) -> str:
    """Return a ticket in a status: the oldest, which stands where it hurts most, or any."""
    found = [
        row["id"]
        for row in sorted(world.rows("tickets"), key=lambda row: row["createdAt"])
        if row["status"] == status
    ]
    return rng.choice(found) if rng else found[0]


CHANGES: dict[str, tuple[str, Change]] = {
    "taken over": ("pending", lambda world, one: world.take_over(one)),
    "completed": ("ongoing", lambda world, one: world.complete(one)),
    "taken over and completed": ("pending", lambda world, one: (world.take_over(one), world.complete(one))),
    "reopened": ("completed", lambda world, one: world.reopen(one)),
    "reassigned": ("ongoing", lambda world, one: world.reassign(one)),
    "tagged": ("pending", lambda world, one: world.tag(one)),
    "removed while open": ("pending", lambda world, one: world.remove_ticket(one)),
    "removed after all": ("completed", lambda world, one: world.remove_ticket(one)),
}


@pytest.mark.parametrize("order", ["newest", "oldest", "id"])
def test_what_happens_to_a_ticket_is_there_after_the_next_run(open_desk: Open, order: str) -> None:
    desk = open_desk(zaia.World.seeded(seed=1, tickets=90), {"order": order}, page_size=10)
    desk.run(["tickets"])
    gone = set()
    for what, (status, change) in CHANGES.items():
        one = _one(desk.server.world, status)
        change(desk.server.world, one)
        desk.run(["tickets"])
        assert desk.differences(TABLES["tickets"]) == [], what
        gone |= {one} if "removed" in what else set()
        assert desk.gone("tickets") == gone, what


def test_what_nothing_tells_of_is_there_after_a_complete_read(desk: Desk) -> None:
    world = desk.server.world
    one = _one(world, "completed")
    world.reopen(one)
    world.complete(one)
    world.reassign(_one(world, "completed"))
    world.rename("agents", world.rows("agents")[0]["id"])
    desk.run(full_read_hours=0)
    desk.check()


@pytest.mark.parametrize("order", ["newest", "oldest", "id"])
def test_tickets_that_came_and_went_between_two_runs_are_there(open_desk: Open, order: str) -> None:
    desk = open_desk(zaia.World.seeded(seed=1, tickets=90), {"order": order}, page_size=10)
    desk.run(["tickets"])
    world = desk.server.world
    for _ in range(12):
        one = world.new_ticket()
        if one in {row["id"] for row in world.rows("tickets") if row["status"] == "pending"}:
            world.take_over(one)
        world.complete(one)
    desk.run(["tickets"])
    desk.check(["tickets"])


def test_messages_are_read_of_chats_that_moved_and_of_no_other(desk: Desk) -> None:
    chat = desk.server.world.rows("chats")[3]["id"]
    desk.server.world.new_message(chat)
    before = len(desk.server.log)
    desk.run()
    desk.check(["chats", "chat_threads", "chat_messages"])
    asked = [record.query["chatId"] for record in desk.server.log[before:] if "chatId" in record.query]
    assert asked and asked == [[chat]] * len(asked)


def test_a_new_chat_comes_with_what_hangs_on_it(desk: Desk) -> None:
    desk.server.world.new_chat()
    desk.run()
    desk.check(["chats", "chat_threads", "chat_messages"])


def test_a_chat_that_goes_takes_its_messages_along_and_all_are_written_down(desk: Desk) -> None:
    world = desk.server.world
    chat = world.rows("chats")[0]["id"]
    mine = {row["id"] for row in world.rows("chat_messages") if row["chatId"] == chat}
    tickets = {row["id"] for row in world.rows("tickets") if row["chatId"] == chat}
    world.remove_chat(chat)
    desk.run(full_read_hours=0)
    desk.check()
    assert desk.gone("chats") == {chat}
    assert desk.gone("chat_messages") == mine
    assert desk.gone("tickets") == tickets
    assert {row["parent_id"] for row in desk.rows("deletions") if row["table"] == "chat_messages"} == {chat}


def test_the_directory_is_kept_with_what_comes_and_goes(desk: Desk) -> None:
    names = ("tags", "agents", "channels", "external_users", "ticketing_teams")
    world = desk.server.world
    first, second = ({name: world.rows(name)[place]["id"] for name in names} for place in (0, 1))
    for name in names:
        world.add(name)
        world.remove(name, first[name])
    desk.run(names)
    for name in names:
        world.rename(name, second[name])
    desk.run(names)
    desk.check(names)
    assert {name: desk.gone(name) for name in names} == {name: {first[name]} for name in names}


def test_a_row_that_comes_back_is_not_written_down_as_gone_any_more(desk: Desk) -> None:
    world = desk.server.world
    tag = world.rows("tags")[0]["id"]
    world.remove("tags", tag)
    desk.run(["tags"])
    assert desk.gone("tags") == {tag}
    world.removed.discard(tag)
    desk.run(["tags"])
    desk.check(["tags"])
    assert desk.gone("tags") == set()
