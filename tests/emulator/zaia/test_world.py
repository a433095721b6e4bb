"""A seeded workspace is the same for the same seed, and each change shows where it should and nowhere else."""

from __future__ import annotations

from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest

from pylon_elt.emulator import zaia
from pylon_elt.emulator.zaia.records import LISTS
from pylon_elt.emulator.zaia.stirring import WEIGHTS

from .conftest import Client


def by_id(rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {row["id"]: row for row in rows}


def differing(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> dict[str, set[str]]:
    """Return the ids of rows that came, went or differ, with the columns that do."""
    old, new = by_id(before), by_id(after)
    found = {}
    for ident in old.keys() | new.keys():
        was, now = old.get(ident, {}), new.get(ident, {})
        if was != now:
            found[ident] = {name for name in was.keys() | now.keys() if was.get(name) != now.get(name)}
    return found


def of_status(world: zaia.World, status: str) -> str:
    return next(row["id"] for row in world.rows("tickets") if row["status"] == status)


def test_a_seed_says_everything() -> None:
    one, other = zaia.World.seeded(seed=3, tickets=40), zaia.World.seeded(seed=3, tickets=40)
    assert one.snapshot() == other.snapshot()
    for number in range(20):
        assert one.stir(Random(number)) == other.stir(Random(number))
    assert one.snapshot() == other.snapshot()
    assert one.now() == other.now()
    assert (
        zaia.World.seeded(seed=4, tickets=40).snapshot() != zaia.World.seeded(seed=3, tickets=40).snapshot()
    )


@pytest.mark.parametrize("tickets", [0, 1, 3, 500])
def test_a_world_has_as_many_tickets_as_it_should(tickets: int) -> None:
    world = zaia.World.seeded(seed=2, tickets=tickets)
    assert len(world.rows("tickets")) == tickets
    assert all(world.rows(name) for name in LISTS if name not in ("tickets", "chat_messages"))


def test_rows_refer_to_what_is_there() -> None:
    world = zaia.World.seeded(seed=5, tickets=200)
    held = {name: by_id(world.rows(name)) for name in LISTS}
    for row in world.rows("tickets"):
        assert row["chatId"] in held["chats"]
        assert row["responderId"] in held["responders"]
        assert row["channelId"] is None or held["channels"][row["channelId"]]["type"] == row["channelType"]
        assert row["ticketingTeamId"] is None or row["ticketingTeamId"] in held["ticketing_teams"]
        assert (row["chatOwnerId"] in held["external_users"]) == (row["ownerEntity"] == "external-user")
    for row in world.rows("chat_messages"):
        assert held["chat_threads"][row["chatThreadId"]]["chatId"] == row["chatId"]
        assert row["ticketId"] is None or held["tickets"][row["ticketId"]]["chatId"] == row["chatId"]


def test_times_are_in_order_and_as_the_api_writes_them() -> None:
    now = datetime(2026, 3, 1, tzinfo=UTC)
    world = zaia.World.seeded(seed=5, tickets=200, now=now, days=10)
    for row in world.rows("tickets"):
        times = [row[name] for name in ("createdAt", "ongoingAt", "completedAt") if row[name]]
        assert times == sorted(times)
        assert all(len(time) == len("2026-02-20T00:00:00.000Z") and time.endswith("Z") for time in times)
        assert "2026-02-18" < times[0] <= times[-1] < "2026-03-01"
        assert (row["ongoingAt"] is None) == (row["status"] == "pending")
        assert (row["completedAt"] is None) == (row["status"] != "completed")


def test_messages_wait_in_open_tickets_alone() -> None:
    waiting = {
        status: [row["pendingChatMessages"] for row in zaia.World.seeded(seed=1, tickets=60).rows("tickets")
                 if row["status"] == status]
        for status in ("pending", "ongoing", "completed")
    }  # fmt: skip
    assert any(waiting["pending"] + waiting["ongoing"])
    assert not any(waiting["completed"])


def test_some_tickets_share_the_moment_of_their_creation() -> None:
    created = [row["createdAt"] for row in zaia.World.seeded(seed=1, tickets=60).rows("tickets")]
    assert len(set(created)) < len(created)


def test_chats_tell_when_their_last_message_was_written(world: zaia.World) -> None:
    last: dict[str, str] = {}
    for row in world.rows("chat_messages"):
        last[row["chatId"]] = max(row["createdAt"], last.get(row["chatId"], ""))
    assert {row["id"]: row["lastChatMessageCreatedAt"] for row in world.rows("chats")} == {
        row["id"]: last.get(row["id"]) for row in world.rows("chats")
    }


TICKET_CHANGES = [
    ("take_over", "pending", {"status", "ongoingAt", "assigneeId", "assigneeEmail"}),
    ("complete", "ongoing", {"status", "completedAt"}),
    ("reopen", "completed", {"status", "completedAt"}),
    ("reassign", "completed", {"assigneeId", "assigneeEmail"}),
]


@pytest.mark.parametrize(("change", "status", "columns"), TICKET_CHANGES)
def test_what_happens_to_a_ticket_shows_in_its_row_and_in_no_other(
    world: zaia.World, client: Client, change: str, status: str, columns: set[str]
) -> None:
    ident, before, moment = of_status(world, status), client.shown(), world.now()
    assert getattr(world, change)(ident) == ident
    assert world.now() > moment
    found = differing(before, client.shown())
    assert set(found) == {ident}
    assert columns <= found[ident]
    assert by_id(client.shown()) == by_id(world.rows("tickets"))


def test_times_of_a_change_are_the_worlds(world: zaia.World) -> None:
    pending, ongoing = of_status(world, "pending"), of_status(world, "ongoing")
    world.take_over(pending)
    assert datetime.fromisoformat(world.row("tickets", pending)["ongoingAt"]) == world.now()
    world.complete(ongoing)
    assert datetime.fromisoformat(world.row("tickets", ongoing)["completedAt"]) == world.now()


def test_a_reassigned_ticket_has_no_time_that_tells(world: zaia.World) -> None:
    ident = of_status(world, "completed")
    before = world.row("tickets", ident)
    world.reassign(ident)
    after = world.row("tickets", ident)
    assert before["assigneeId"] != after["assigneeId"]
    assert all(before[name] == after[name] for name in ("createdAt", "ongoingAt", "completedAt", "status"))


def test_a_reopened_ticket_is_ongoing_since_when_it_was(world: zaia.World) -> None:
    ident = of_status(world, "completed")
    before = world.row("tickets", ident)
    after = world.row("tickets", world.reopen(ident))
    assert (after["ongoingAt"], after["completedAt"]) == (before["ongoingAt"], None)


def test_a_completed_ticket_that_is_taken_over_is_completed_no_more(world: zaia.World) -> None:
    after = world.row("tickets", world.take_over(of_status(world, "completed")))
    assert (after["status"], after["completedAt"]) == ("ongoing", None)


def test_a_message_goes_into_the_newest_thread(world: zaia.World) -> None:
    chat = world.ids("chats")[0]
    thread = world.new_thread(chat)
    assert world.row("chat_messages", world.new_message(chat))["chatThreadId"] == thread


def test_a_new_ticket_is_pending_and_the_newest(world: zaia.World, client: Client) -> None:
    ident = world.new_ticket()
    assert client.tickets("pending")[0]["id"] == ident
    assert len(world.rows("tickets")) == 61


def test_a_tag_shows_in_the_filter_alone(world: zaia.World, client: Client) -> None:
    tag, before = world.add("tags"), client.shown()
    ident = of_status(world, "completed")
    assert client.tickets("completed", tagIds=tag) == []
    assert world.tag(ident, tag) == ident
    assert [row["id"] for row in client.tickets("completed", tagIds=tag)] == [ident]
    assert client.shown() == before
    world.untag(ident, tag)
    assert client.tickets("completed", tagIds=tag) == []
    count = len(world.tickets[ident].tags)
    world.tag(ident)
    assert len(world.tickets[ident].tags) == count + 1


def test_a_removed_ticket_is_shown_to_those_alone_who_ask_for_it(serve: Any, connect: Any) -> None:
    world = zaia.World.seeded(seed=1, tickets=60)
    server = serve(world)
    client = connect(server)
    row = client.tickets("completed")[3]
    world.remove_ticket(row["id"])
    assert row["id"] not in by_id(world.rows("tickets"))
    assert row["id"] not in by_id(client.tickets("completed", includeRemoved="false"))
    assert client.get(f"/tickets/{row['id']}/details").status_code == 404
    assert by_id(client.tickets("completed", includeRemoved="true"))[row["id"]] == row
    server.settings.keeps_removed = False
    assert row["id"] not in by_id(client.tickets("completed", includeRemoved="true"))


def test_a_removed_chat_takes_with_it_what_hangs_on_it(world: zaia.World, client: Client) -> None:
    chat = next(row["chatId"] for row in world.rows("tickets") if row["status"] == "completed")
    mine = [row["id"] for row in client.tickets("completed") if row["chatId"] == chat]
    world.remove_chat(chat)
    assert chat not in by_id(client.rows("/chats", pageSize=100))
    assert chat not in {
        row["chatId"] for name in ("tickets", "chat_messages", "chat_threads") for row in world.rows(name)
    }
    assert client.rows("/chat-messages", chatId=chat) == client.rows("/chat-threads", chatId=chat) == []
    removed = [row for row in client.tickets("completed", includeRemoved="true") if row["chatIsRemoved"]]
    assert [row["id"] for row in removed] == mine


def test_a_new_chat_begins_with_a_message(world: zaia.World, client: Client) -> None:
    chat = world.new_chat()
    row = client.rows("/chats")[0]
    messages = client.rows("/chat-messages", chatId=chat)
    assert (row["id"], row["lastChatMessageCreatedAt"]) == (chat, messages[0]["createdAt"])
    assert len(messages) == len(client.rows("/chat-threads", chatId=chat)) == 1


def test_a_message_moves_its_chat_on_and_waits_in_the_open_ticket(world: zaia.World, client: Client) -> None:
    ticket = world.row("tickets", world.new_ticket())
    chat, before = ticket["chatId"], client.rows("/chats", pageSize=100)
    ident = world.new_message(chat)
    message = client.rows("/chat-messages", chatId=chat)[0]
    assert (message["id"], message["ticketId"]) == (ident, ticket["id"])
    assert differing(before, client.rows("/chats", pageSize=100)) == {chat: {"lastChatMessageCreatedAt"}}
    assert differing([ticket], [world.row("tickets", ticket["id"])]) == {
        ticket["id"]: {"pendingChatMessages"}
    }
    world.complete(ticket["id"])
    assert world.row("tickets", ticket["id"])["pendingChatMessages"] == 0


def test_a_message_to_a_chat_without_an_open_ticket_has_none(world: zaia.World) -> None:
    chat = world.new_chat()
    world.complete(world.new_ticket(chat))
    assert world.row("chat_messages", world.new_message(chat))["ticketId"] is None


def test_an_edited_or_removed_message_moves_nothing(world: zaia.World, client: Client) -> None:
    chat = next(row["chatId"] for row in world.rows("chat_messages"))
    chats, before = world.rows("chats"), client.rows("/chat-messages", chatId=chat)
    ident = world.edit_message(before[0]["id"])
    assert differing(before, client.rows("/chat-messages", chatId=chat)) == {ident: {"content"}}
    world.remove_message(ident)
    assert ident not in by_id(client.rows("/chat-messages", chatId=chat))
    assert world.rows("chats") == chats


@pytest.mark.parametrize(
    ("name", "column", "shown"),
    [
        ("agents", "responderId", "responderName"),
        ("ticketing_teams", "ticketingTeamId", "ticketingTeamName"),
        ("channels", "channelId", "channelName"),
        ("external_users", "chatOwnerId", "ownerName"),
        ("users", "assigneeId", "assigneeName"),
    ],
)
def test_a_new_name_shows_in_old_tickets(
    world: zaia.World, client: Client, name: str, column: str, shown: str
) -> None:
    agents = {row["id"] for row in world.rows("agents")}
    before = client.shown()
    ident = next(
        row[column] for row in before
        if row[column] and row["status"] == "completed" and (name != "agents" or row[column] in agents)
        and (name != "external_users" or row["ownerEntity"] == "external-user")
    )  # fmt: skip
    world.rename(name, ident)
    expected = {row["id"] for row in before if row[column] == ident}
    found = differing(before, client.shown())
    assert set(found) == expected
    assert all(shown in columns for columns in found.values())


def test_a_renamed_team_tells_when(world: zaia.World, client: Client) -> None:
    before = client.rows("/ticketing-teams")
    ident = world.rename("ticketing_teams", before[0]["id"])
    found = differing(before, client.rows("/ticketing-teams"))
    assert found == {ident: {"name", "updatedAt"}}


@pytest.mark.parametrize("name", ["ticketing_teams", "tags", "agents", "channels", "external_users"])
def test_rows_of_directories_come_and_go_and_tickets_keep_naming_them(world: zaia.World, name: str) -> None:
    ident, tickets = world.add(name), world.rows("tickets")
    assert ident in by_id(world.rows(name))
    for gone in (ident, world.ids(name)[0]):
        world.remove(name, gone)
        assert gone not in by_id(world.rows(name))
        assert gone in by_id(world.rows(name, removed=True))
    assert world.rows("tickets") == tickets


def test_a_list_may_show_what_is_removed_and_mark_it(serve: Any, connect: Any, world: zaia.World) -> None:
    client = connect(serve(world, shows_removed=("ticketing_teams", "chats")))
    team = world.remove("ticketing_teams", world.ids("ticketing_teams")[0])
    chat = world.remove_chat(world.ids("chats")[0])
    assert [row["id"] for row in client.rows("/ticketing-teams") if row["isRemoved"]] == [team]
    assert [row["id"] for row in client.rows("/chats", pageSize=100) if row["isRemoved"]] == [chat]


def test_what_is_read_is_no_way_to_change_the_world(world: zaia.World) -> None:
    before = world.snapshot()
    for rows in world.snapshot().values():
        for row in rows:
            row.clear()
    assert world.snapshot() == before


@pytest.mark.parametrize(
    "change",
    [
        *("take_over", "complete", "reopen", "reassign", "tag", "remove_ticket"),
        *("remove_chat", "new_message", "edit_message", "remove_message", "new_thread", "new_ticket"),
    ],
)
def test_what_is_not_there_cannot_change(world: zaia.World, change: str) -> None:
    before = world.snapshot(), world.now()
    with pytest.raises(KeyError):
        getattr(world, change)("nobody")
    assert (world.snapshot(), world.now()) == before


def test_the_clock_stands_still_until_something_changes(world: zaia.World) -> None:
    moment = world.now()
    world.rows("tickets")
    assert world.now() == moment
    world.clock.step = 0
    first, second = world.new_ticket(), world.new_ticket()
    assert world.row("tickets", first)["createdAt"] == world.row("tickets", second)["createdAt"]
    world.advance(5)
    assert (world.now() - moment).total_seconds() == 5


def test_a_live_world_follows_a_clock_but_never_stands_still() -> None:
    noon = datetime(2026, 7, 1, 12, tzinfo=UTC)
    world = zaia.World.seeded(seed=1, tickets=3, now=noon, live=lambda: datetime(2026, 7, 1, 13, tzinfo=UTC))
    first, second = world.row("tickets", world.new_ticket()), world.row("tickets", world.new_ticket())
    assert [first["createdAt"], second["createdAt"]] == [
        "2026-07-01T13:00:00.000Z",
        "2026-07-01T13:00:00.001Z",
    ]


def test_stirring_does_everything_in_time_and_the_server_shows_it(world: zaia.World, client: Client) -> None:
    done = [kind for number in range(40) for kind, _ in world.stir(Random(number))]
    assert set(done) == WEIGHTS.keys()
    assert by_id(client.shown()) == by_id(world.rows("tickets"))
    chats = by_id([row for page in client.walk("/chats", 100) for row in page])
    assert chats == by_id(world.rows("chats"))
    messages = [row for chat in chats for row in client.rows("/chat-messages", chatId=chat)]
    assert by_id(messages) == by_id(world.rows("chat_messages"))


def test_an_empty_world_can_be_stirred() -> None:
    world = zaia.World.seeded(seed=1, tickets=0)
    for number in range(30):
        world.stir(Random(number))
    assert world.rows("tickets")


@pytest.mark.dear
def test_who_is_in_charge_answers_while_the_ticket_is_theirs() -> None:
    world = zaia.World.seeded(seed=5, tickets=200)
    tickets = by_id(world.rows("tickets"))
    owners = {row["id"]: row["ownerId"] for row in world.rows("chats")}
    machines = by_id(world.rows("responders"))
    replies = [
        row
        for row in world.rows("chat_messages")
        if row["senderId"] not in machines and row["senderId"] != owners[row["chatId"]]
    ]
    assert len({row["ticketId"] for row in replies}) > 50
    for row in replies:
        assert row["ticketId"] in tickets
        assert any(
            one["ongoingAt"] <= row["createdAt"] <= (one["completedAt"] or "9999")
            for one in tickets.values()
            if (one["chatId"], one["assigneeId"]) == (row["chatId"], row["senderId"])
        )
    mine = [row for row in replies if tickets[row["ticketId"]]["assigneeId"] == row["senderId"]]
    for row in world.rows("chats"):
        said = [one["createdAt"] for one in world.rows("chat_messages") if one["chatId"] == row["id"]]
        assert row["lastChatMessageCreatedAt"] == max(said, default=None)
    for ident, ticket in tickets.items():
        if ticket["status"] != "completed":
            said = [one for one in world.rows("chat_messages") if one["ticketId"] == ident]
            last = max((number for number, one in enumerate(said, 1) if one in mine), default=0)
            assert ticket["pendingChatMessages"] == len(said) - last
