"""Every answer and every parameter against the digest of Zaia's reference page."""

from __future__ import annotations

import re
from collections import Counter
from datetime import datetime
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker  # type: ignore[import-untyped]
from support import zaia_published as published

from pylon_elt.emulator import zaia
from pylon_elt.emulator.text import uuid
from pylon_elt.emulator.zaia.endpoints import ENDPOINTS, PREFIX

from .conftest import STATUSES, Client

FORMATS = FormatChecker(formats=())


@FORMATS.checks("uuid")
def is_uuid(value: Any) -> bool:
    return not isinstance(value, str) or bool(
        re.fullmatch(r"[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}", value)
    )


@FORMATS.checks("date-time", raises=ValueError)
def is_moment(value: Any) -> bool:
    return not isinstance(value, str) or (value.endswith("Z") and datetime.fromisoformat(value) is not None)


TICKET = Draft202012Validator(published.schema(), format_checker=FORMATS)
TYPES = {
    "uuid": "string:uuid",
    "number": "number",
    "boolean": "boolean?",
    "moment": "string:date-time",
    "text": "string",
    "choice": "string:enum",
}


def as_digest(parameter: Any) -> Any:
    """Return a parameter of the emulator in the form of the digest."""
    if parameter.kind in ("uuids", "choices"):
        one = TYPES[parameter.kind.removesuffix("s")]
        return {"is": [one], "or": one, "default": []}
    bounds = {"min": parameter.low, "max": parameter.high, "default": parameter.default}
    given = {name: value for name, value in bounds.items() if value is not None}
    return {"is": TYPES[parameter.kind], **given} if given else TYPES[parameter.kind]


def test_the_emulator_serves_what_reads_with_its_parameters() -> None:
    served = {
        f"GET {PREFIX}{endpoint.path}": {
            one.name + "!" * one.required: as_digest(one) for one in endpoint.parameters
        }
        for endpoint in ENDPOINTS
    }
    assert served == published.queries()


def test_the_validator_would_find_what_is_wrong(client: Client) -> None:
    row = client.tickets("completed")[0]
    wrong = [
        {"summary": None}, {"id": "17"}, {"createdAt": "yesterday"}, {"pendingChatMessages": "1"}, {"more": 1},
    ]  # fmt: skip
    assert TICKET.is_valid(row)
    assert [TICKET.is_valid(row | change) for change in wrong] == [False] * len(wrong)
    assert not TICKET.is_valid({name: value for name, value in row.items() if name != "assigneeId"})


@pytest.mark.parametrize("status", STATUSES)
def test_lists_of_tickets_conform(client: Client, status: str) -> None:
    rows = client.tickets(status, includeRemoved="true")
    assert rows
    assert [error.message for row in rows for error in TICKET.iter_errors(row)] == []
    assert {row["status"] for row in rows} == {status}


def test_a_single_ticket_conforms_and_is_as_in_the_list(client: Client) -> None:
    for row in client.tickets("ongoing"):
        alone = client.get(f"/tickets/{row['id']}/details").raise_for_status().json()
        assert alone == row
        TICKET.validate(alone)


def test_every_column_occurs_with_a_value_and_each_nullable_one_without() -> None:
    rows = zaia.World.seeded(seed=1, tickets=60).rows("tickets")
    valued = {name for row in rows for name, value in row.items() if value is not None}
    null = {name for row in rows for name, value in row.items() if value is None}
    assert valued == published.schema()["properties"].keys()
    assert null == published.nullable()


def test_tickets_are_of_every_kind() -> None:
    rows = zaia.World.seeded(seed=1, tickets=60).rows("tickets")
    kinds = {name: {row[name] for row in rows} for name in ("channelType", "ownerEntity", "responderEntity")}
    assert kinds["channelType"] == {None, "widget", "waha", "whatsapp", "instagram", "api"}
    assert kinds["ownerEntity"] == {"user", "external-user"}
    assert kinds["responderEntity"] == {"agent", "squad"}
    assert min(Counter(row["status"] for row in rows).values()) > 3
    assert {row["isOwnerBlocked"] for row in rows} == {True, False, None}


def test_undocumented_fields_come_only_when_asked_for(serve: Any, connect: Any) -> None:
    client = connect(serve(extra=True))
    row = client.tickets("ongoing")[0]
    assert set(row) - set(published.schema()["properties"]) == {"slaMinutes", "labels"}
    assert "slaMinutes" in client.rows("/tags")[0]


def queries() -> list[tuple[str, str, Any]]:
    return [
        (label, name.rstrip("!"), kind)
        for label, found in published.queries().items()
        for name, kind in found.items()
    ]


def wrong_values(kind: Any) -> list[str]:
    """Return what a parameter must not be."""
    if not isinstance(kind, dict):
        plain = kind.rstrip("?")
        found = {"string": [], "boolean": ["yes", "2"], "string:date-time": ["yesterday", "2026-07-01"]}
        return found.get(plain, ["none", ""])
    if kind["is"] == "number":
        least = [str(kind["min"] - 1), "-1", "many", ""]
        return [*least, str(kind["max"] + 1)] if "max" in kind else least
    return ["none", ""]


def asked(label: str, client: Client) -> tuple[str, dict[str, Any]]:
    """Return the path of an operation and what it must be given."""
    found: dict[str, Any] = {}
    if "status!" in published.queries()[label]:
        found["status"] = "completed"
    if "chatId!" in published.queries()[label]:
        found["chatId"] = client.rows("/chats")[0]["id"]
    return label.removeprefix("GET /api/v1"), found


@pytest.mark.parametrize(("label", "name", "kind"), queries())
def test_what_a_parameter_must_not_be_is_refused(client: Client, label: str, name: str, kind: Any) -> None:
    path, given = asked(label, client)
    assert client.get(path, params=given).status_code == 200
    for value in wrong_values(kind):
        answer = client.get(path, params=given | {name: value})
        assert (answer.status_code, name in answer.json()["message"]) == (400, True), value


@pytest.mark.parametrize(("label", "name"), [(label, name) for label, name, _ in queries()])
def test_a_required_parameter_is_required_and_no_other_is(client: Client, label: str, name: str) -> None:
    path, given = asked(label, client)
    given.pop(name, None)
    required = f"{name}!" in published.queries()[label]
    assert client.get(path, params=given).status_code == (400 if required else 200)


@pytest.mark.parametrize(
    ("label", "name", "kind"),
    [one for one in queries() if isinstance(one[2], dict) and one[2]["is"] == "number"],
)
def test_the_bounds_of_a_number_belong_to_it(client: Client, label: str, name: str, kind: Any) -> None:
    path, given = asked(label, client)
    for number in (kind["min"], kind.get("max", 10**6)):
        assert client.get(path, params=given | {name: number}).status_code == 200


def test_defaults_are_the_documented_ones(client: Client) -> None:
    assert client.rows("/tickets/details", status="completed") == client.tickets("completed")[:10]
    assert len(client.rows("/chats")) == 10
    chat = client.rows("/chats")[0]["id"]
    assert client.rows("/chat-messages", chatId=chat) == client.rows(
        "/chat-messages", chatId=chat, **{"pagination.limit": 1000}
    )


@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("assigneeIds", "assigneeId"),
        ("chatIds", "chatId"),
        ("responderIds", "responderId"),
        ("responderVersionIds", "responderVersionId"),
    ],
)
def test_tickets_are_filtered_by_ids(client: Client, name: str, column: str) -> None:
    everything = client.tickets("completed")
    found = list(dict.fromkeys(row[column] for row in everything if row[column]))
    for wanted in ([found[0]], found[:2]):
        expected = [row for row in everything if row[column] in wanted]
        assert len(expected) < len(everything)
        assert client.tickets("completed", **{name: wanted}) == expected
    assert client.tickets("completed", **{name: client_less(found)}) == []


def client_less(known: list[str]) -> str:
    """Return an id that nothing has."""
    from random import Random

    fresh = uuid(Random("nobody"))
    assert fresh not in known
    return fresh


def test_tickets_are_filtered_by_tag_and_by_what_they_say(client: Client, world: zaia.World) -> None:
    tagged = [one for one in world.tickets.values() if one.tags and one.state == 2]
    tag = tagged[0].tags[0]
    expected = {one.id for one in tagged if tag in one.tags}
    assert {row["id"] for row in client.tickets("completed", tagIds=tag)} == expected
    everything = client.tickets("completed")
    word = everything[0]["summary"].split()[0]
    found = client.tickets("completed", search=word.upper())
    assert everything[0] in found
    assert len(found) < len(everything)
    assert client.tickets("completed", search="nothing says so") == []


def test_chats_are_filtered(client: Client, world: zaia.World) -> None:
    everything = client.rows("/chats", pageSize=100)
    assert {row["id"] for row in everything} == {row["id"] for row in world.rows("chats")}
    for name, column in (
        ("channelIds", "channelId"),
        ("ownerIds", "ownerId"),
        ("channelTypes", "channelType"),
    ):
        wanted = next(row[column] for row in everything if row[column])
        expected = [row for row in everything if row[column] == wanted]
        assert client.rows("/chats", pageSize=100, **{name: wanted}) == expected
        assert len(expected) < len(everything)


def test_chats_are_filtered_by_their_last_message_bounds_included(client: Client) -> None:
    everything = client.rows("/chats", pageSize=100)
    moments = sorted(row["lastChatMessageCreatedAt"] for row in everything if row["lastChatMessageCreatedAt"])
    assert len(moments) < len(everything)
    start, end = moments[5], moments[12]
    found = client.rows(
        "/chats", pageSize=100, lastChatMessageCreatedAtStart=start, lastChatMessageCreatedAtEnd=end
    )
    assert sorted(row["lastChatMessageCreatedAt"] for row in found) == moments[5:13]


def test_messages_and_threads_are_those_of_their_chat(client: Client, world: zaia.World) -> None:
    for chat in world.ids("chats"):
        for path, name in (("/chat-messages", "chat_messages"), ("/chat-threads", "chat_threads")):
            expected = {row["id"] for row in world.rows(name) if row["chatId"] == chat}
            assert {row["id"] for row in client.rows(path, chatId=chat)} == expected


def test_messages_are_filtered_and_joined(client: Client, world: zaia.World) -> None:
    message = next(row for row in world.rows("chat_messages") if row["ticketId"])
    chat = message["chatId"]
    for name, column in (("chatThreadId", "chatThreadId"), ("ticketIds", "ticketId")):
        found = client.rows("/chat-messages", chatId=chat, **{name: message[column]})
        assert message["id"] in {row["id"] for row in found}
        assert {row[column] for row in found} == {message[column]}
    assert client.rows("/chat-messages", chatId=chat, ticketIds=client_less([])) == []
    joined = client.rows("/chat-messages", chatId=chat, joins=["senders", "chat-message-follow-ups"])
    assert {row["sender"]["id"] == row["senderId"] for row in joined} == {True}
    assert "sender" not in client.rows("/chat-messages", chatId=chat)[0]
    assert len(client.rows("/chat-messages", chatId=chat, **{"pagination.limit": 1})) == 1


@pytest.mark.parametrize(
    "name", ["ticketing_teams", "tags", "external_users", "agents", "channels", "responders"]
)
def test_directories_are_what_the_world_holds(client: Client, world: zaia.World, name: str) -> None:
    path = next(endpoint.path for endpoint in ENDPOINTS if endpoint.name == name)
    found = {row["id"]: row for page in client.walk(path) for row in page}
    assert found == {row["id"]: row for row in world.rows(name)}
    assert found


def test_tickets_are_what_the_world_holds(client: Client, world: zaia.World) -> None:
    found = {row["id"]: row for row in client.shown()}
    assert found == {row["id"]: row for row in world.rows("tickets")}
    assert len(found) == 60


@pytest.mark.parametrize(
    ("ident", "status"), [("none", 400), ("17", 400), ("0eaea3be-ba62-4d6e-a606-7c7a3afd9c66", 404)]
)
def test_a_ticket_that_is_not_there_is_missing(client: Client, ident: str, status: int) -> None:
    assert client.get(f"/tickets/{ident}/details").status_code == status


@pytest.mark.parametrize("key", ["", "wrong", "Bearer zaia_test", "zaia_test2"])
def test_only_the_bare_key_is_let_in(serve: Any, connect: Any, key: str) -> None:
    server = serve()
    assert connect(server, key).get("/tags").status_code == 401
    assert connect(server).get("/tags").status_code == 200


def test_other_paths_and_methods_are_refused(client: Client) -> None:
    assert client.get("/squads").status_code == 404
    assert client.post("/tickets/details").status_code == 405
    assert client.get("/tickets/details/").status_code == 404
