"""A sample workspace."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random

from ..text import TAGS, uuid
from . import makers
from .clock import text
from .records import CHANNEL_TYPES, COMPLETED, JSON, ONGOING, Ticket
from .store import Store

Moment = Callable[[float], str]
"""The moment so far, from 0 to 1, into the workspace's life."""


def fill(world: Store, rng: Random, tickets: int, now: datetime, days: float) -> None:
    """Put a directory, chats with their messages, and so many tickets into an empty world, `days` old at `now`."""
    start = now - timedelta(days=days)

    def moment(part: float) -> str:
        return text(start + timedelta(seconds=round(part * days * 86_400 - 60, 3)))

    _directory(world, rng, moment, max(1, tickets * 2 // 3))
    said = [
        message for number in range(max(1, tickets * 4 // 5)) for message in _chat(world, rng, moment, number)
    ]
    former: str | None = None
    for number in range(tickets):
        at = rng.uniform(0.05, 0.9)
        ticket = _ticket(world, rng, moment, at)
        # Some share their moment: an order by time alone does not settle in which order they come.
        if number % 9 == 8 and former is not None:
            ticket.created = min(former, ticket.ongoing or former, ticket.completed or former)
        former = ticket.created
        world.tickets[ticket.id] = ticket
    for ticket in world.tickets.values():
        said += _replies(world, rng, ticket, moment(0.999))
    for message in sorted(said, key=lambda one: str(one["createdAt"])):
        world.hold("chat_messages", message)
        world.tables["chats"][message["chatId"]]["lastChatMessageCreatedAt"] = message["createdAt"]
    _count(world)


def _directory(world: Store, rng: Random, moment: Moment, customers: int) -> None:
    for _ in range(6):
        world.hold("users", makers.user(rng, moment(0)))
    for name in makers.TEAMS:
        world.hold("ticketing_teams", makers.team(rng, moment(rng.random() / 20), name))
    for number, name in enumerate(makers.AGENTS):
        world.hold("agents", makers.agent(rng, moment(rng.random() / 20), name, versioned=number > 0))
    world.hold("squads", makers.agent(rng, moment(rng.random() / 20), "Squad A"))
    for kind in CHANNEL_TYPES:
        world.hold("channels", makers.channel(rng, moment(rng.random() / 20), kind))
    for name in TAGS:
        world.hold("tags", makers.tag(rng, moment(rng.random() / 2), name))
    for _ in range(customers):
        world.hold("external_users", makers.external_user(rng, moment(rng.random())))


def _chat(world: Store, rng: Random, moment: Moment, number: int) -> list[JSON]:
    """Put a chat and its threads into the world, and return what its owner and its responder say there."""
    tables, inside = world.tables, number % 10 == 9
    at = rng.uniform(0.03, 0.5)
    owner = rng.choice(list(tables["users" if inside else "external_users"]))
    channel = None if inside else rng.choice(list(tables["channels"].values()))
    responder = rng.choice([*tables["agents"], *tables["squads"]])
    chat = makers.chat(rng, moment(at), owner, channel, responder)
    world.hold("chats", chat)
    said = []
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        thread = makers.thread(rng, moment(at), chat["id"])
        world.hold("chat_threads", thread)
        for _ in range(0 if number % 12 == 11 else rng.choice((1, 2, 3, 5, 8, 13))):
            at = min(0.999, at + rng.random() / 60)
            said.append(makers.message(rng, moment(at), thread, rng.choice((owner, responder))))
    return said


def _ticket(world: Store, rng: Random, moment: Moment, at: float) -> Ticket:
    chat = rng.choice(list(world.tables["chats"]))
    ticket = Ticket(uuid(rng), chat, makers.summary(rng), moment(at))
    ticket.team_id = rng.choice([None, *world.tables["ticketing_teams"]])
    ticket.tags = rng.sample(list(world.tables["tags"]), rng.choice((0, 0, 1, 1, 2, 3)))
    drawn = rng.random()
    if drawn < 0.85:
        ticket.state = ONGOING if drawn < 0.2 else COMPLETED
        ticket.assignee_id = rng.choice(list(world.tables["users"]))
        ticket.ongoing = moment(at + rng.random() / 30)
    if ticket.state == COMPLETED:
        ticket.completed = moment(at + rng.uniform(1 / 30, 1 / 12))
    return ticket


def _replies(world: Store, rng: Random, ticket: Ticket, now: str) -> list[JSON]:
    """Return what a ticket's assignee writes from when it is theirs until it is completed; not in their own chat."""
    chat = world.tables["chats"][ticket.chat_id]
    if ticket.ongoing is None or ticket.assignee_id in (None, chat["ownerId"]):
        return []
    begin, end = (datetime.fromisoformat(one) for one in (ticket.ongoing, ticket.completed or now))
    thread = world.tables["chat_threads"][world.of_chat("chat_threads", ticket.chat_id)[-1]]
    moments = [text(begin + rng.random() * (end - begin)) for _ in range(rng.choice((0, 1, 1, 2, 3)))]
    return [makers.message(rng, one, thread, str(ticket.assignee_id)) for one in sorted(moments)]


def _count(world: Store) -> None:
    """Tell each message its ticket, the newest of its chat that there was by then, and each ticket what waits."""
    chats = world.tables["chats"]
    by_chat: dict[str, list[Ticket]] = {}
    for ticket in sorted(world.tickets.values(), key=lambda one: one.created):
        by_chat.setdefault(ticket.chat_id, []).append(ticket)
    for message in world.tables["chat_messages"].values():
        before = [one for one in by_chat.get(message["chatId"], []) if one.created <= message["createdAt"]]
        if before:
            message["ticketId"] = before[-1].id
            answered = message["senderId"] == before[-1].assignee_id != chats[message["chatId"]]["ownerId"]
            waiting = 0 if answered else before[-1].pending_messages + 1
            before[-1].pending_messages = waiting if before[-1].state != COMPLETED else 0
