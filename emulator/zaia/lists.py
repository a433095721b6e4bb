"""What each list shows: which ids fit the request, in which order, and the page that is asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ..replies import bad_request, not_found
from ..times import parse_ns
from .endpoints import Endpoint
from .parameters import is_uuid
from .records import JSON
from .settings import Settings
from .world import World


@dataclass(frozen=True)
class Call:
    """A request that was let in, with what it asks for."""

    world: World
    settings: Settings
    endpoint: Endpoint
    asked: dict[str, Any]
    id: str = ""


@dataclass
class Page:
    """Rows, and how many there are in all."""

    rows: list[JSON]
    total: int


def single(call: Call) -> JSON:
    """Return one row, which is not removed; 404 if there is none, 400 if that is no id.

    Raises:
        ApiError: See above.
    """
    name = call.endpoint.name
    if not is_uuid(call.id):
        raise bad_request("id must be a UUID")
    ident = call.id.lower()
    if ident not in call.world.ids(name):
        raise not_found("entity")
    return _dressed(call, ident)


def page(call: Call) -> Page:
    """Return the page of a list that a request asks for.

    Raises:
        ApiError: 404, for what hangs on a chat that is not there, where the settings say so.
    """
    ids = _ordered(call, _CHOSEN.get(call.endpoint.name, _all)(call))
    start, size = _place(call, len(ids))
    return Page([_dressed(call, ident) for ident in ids[start : start + size]], len(ids))


def _place(call: Call, total: int) -> tuple[int, int]:
    if call.endpoint.name in call.settings.unpaged:
        return 0, total
    if "pagination.limit" in call.asked:
        return 0, call.asked["pagination.limit"]
    size = min(call.asked["pageSize"], call.settings.most)
    return (call.asked["pageNumber"] - 1) * size, size


def _all(call: Call) -> list[str]:
    return call.world.ids(call.endpoint.name, call.endpoint.name in call.settings.shows_removed)


def _tickets(call: Call) -> list[str]:
    world, asked = call.world, call.asked
    removed = bool(asked["includeRemoved"]) and call.settings.keeps_removed
    state = tuple(world.statuses).index(asked["status"]) if asked["status"] in world.statuses else None
    found = [one for one in world.ids("tickets", removed) if world.tickets[one].state == state]
    if asked["tagIds"]:
        found = [one for one in found if not set(asked["tagIds"]).isdisjoint(world.tickets[one].tags)]
    wanted = {
        "assigneeId": asked["assigneeIds"],
        "chatId": asked["chatIds"],
        "responderId": asked["responderIds"],
        "responderVersionId": asked["responderVersionIds"],
    }
    text = (asked["search"] or "").casefold()
    if not text and not any(wanted.values()):
        return found
    rows = {one: world.row("tickets", one) for one in found}
    return [one for one, row in rows.items() if _among(row, wanted) and text in _searched(row)]


def _searched(row: JSON) -> str:
    """Return what a search looks into; which columns that are is not documented."""
    names = ("summary", "ownerName", "ownerEmail", "ownerIdentifier", "assigneeName")
    return "\n".join(row[name] or "" for name in names).casefold()


def _among(row: JSON, wanted: dict[str, list[str]]) -> bool:
    return all(row[name] in values for name, values in wanted.items() if values)


def _chats(call: Call) -> list[str]:
    asked, table = call.asked, call.world.tables["chats"]
    wanted = {
        "channelId": asked["channelIds"],
        "ownerId": asked["ownerIds"],
        "channelType": asked["channelTypes"],
    }
    start, end = asked["lastChatMessageCreatedAtStart"], asked["lastChatMessageCreatedAtEnd"]
    return [
        one
        for one in _all(call)
        if _among(table[one], wanted) and _within(table[one]["lastChatMessageCreatedAt"], start, end)
    ]


def _within(moment: str | None, start: int | None, end: int | None) -> bool:
    """Tell whether a time lies between two, which belong to the range; a chat without messages has none."""
    if start is None and end is None:
        return True
    at = None if moment is None else parse_ns(moment)
    return at is not None and (start is None or at >= start) and (end is None or at <= end)


def _of_chat(call: Call) -> list[str]:
    name, chat = call.endpoint.name, call.asked["chatId"]
    if call.settings.unknown_chat == "missing" and chat not in call.world.ids("chats"):
        raise not_found("chat")
    thread = call.asked.get("chatThreadId")
    wanted: dict[str, list[str]] = {
        "chatId": [chat],
        "chatThreadId": [thread] if thread else [],
        "ticketId": call.asked.get("ticketIds") or [],
    }
    return [one for one in _all(call) if _among(call.world.tables[name][one], wanted)]


_CHOSEN: dict[str, Callable[[Call], list[str]]] = {
    "tickets": _tickets,
    "chats": _chats,
    "chat_messages": _of_chat,
    "chat_threads": _of_chat,
}


def _ordered(call: Call, ids: Sequence[str]) -> list[str]:
    if call.settings.order == "id":
        return sorted(ids)
    newest = call.settings.order == "newest"
    return sorted(ids, key=lambda one: (_created(call, one), one), reverse=newest)


def _created(call: Call, ident: str) -> str:
    world, name = call.world, call.endpoint.name
    if name == "tickets":
        return world.tickets[ident].created
    row = world.responder(ident)[0] if name == "responders" else world.tables[name][ident]
    return str(row["createdAt"])


def _dressed(call: Call, ident: str) -> JSON:
    """Return a row with what was asked to be joined, and with what the reference does not have."""
    world = call.world
    row = world.row(call.endpoint.name, ident)
    joins = call.asked.get("joins") or ()
    if "senders" in joins:
        row["sender"] = {"id": row["senderId"], "name": _sender(world, row["senderId"])}
    if "chat-message-follow-ups" in joins:
        row["chatMessageFollowUps"] = []
    if call.settings.extra:
        row |= {"slaMinutes": len(ident), "labels": {"origin": ident[:4], "beta": True}}
    return row


def _sender(world: World, ident: str) -> str | None:
    for name in ("external_users", "users", "agents", "squads"):
        if ident in world.tables[name]:
            return world.tables[name][ident]["name"]  # type: ignore[no-any-return]
    return None
