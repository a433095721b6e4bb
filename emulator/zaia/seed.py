"""A sample workspace."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random

from ..text import TAGS, uuid
from . import makers
from .clock import text
from .records import CHANNEL_TYPES, COMPLETED, ONGOING, Ticket
from .store import Store

Moment = Callable[[float], str]
"""The moment so far, from 0 to 1, into the workspace's life."""


def fill(world: Store, rng: Random, tickets: int, now: datetime, days: float) -> None:
    """Put a directory, chats with their messages, and so many tickets into an empty world, `days` old at `now`."""
    start = now - timedelta(days=days)

    def moment(part: float) -> str:
        return text(start + timedelta(seconds=round(part * days * 86_400 - 60, 3)))

    _directory(world, rng, moment, max(1, tickets * 2 // 3))
    for number in range(max(1, tickets * 4 // 5)):
        _chat(world, rng, moment, number)
    former: str | None = None
    for number in range(tickets):
        at = rng.uniform(0.05, 0.9)
        ticket = _ticket(world, rng, moment, at)
        # Some share their moment: an order by time alone does not settle in which order they come.
        if number % 9 == 8 and former is not None:
            ticket.created = min(former, ticket.ongoing or former, ticket.completed or former)
        former = ticket.created
        world.tickets[ticket.id] = ticket
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


def _chat(world: Store, rng: Random, moment: Moment, number: int) -> None:
    tables, inside = world.tables, number % 10 == 9
    at = rng.uniform(0.03, 0.5)
    owner = rng.choice(list(tables["users" if inside else "external_users"]))
    channel = None if inside else rng.choice(list(tables["channels"].values()))
    responder = rng.choice([*tables["agents"], *tables["squads"]])
    chat = makers.chat(rng, moment(at), owner, channel, responder)
    world.hold("chats", chat)
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        thread = makers.thread(rng, moment(at), chat["id"])
        world.hold("chat_threads", thread)
        for _ in range(0 if number % 12 == 11 else rng.choice((1, 2, 3, 5, 8, 13))):
            at = min(0.999, at + rng.random() / 60)
            message = makers.message(rng, moment(at), thread, rng.choice((owner, responder)))
            world.hold("chat_messages", message)
            chat["lastChatMessageCreatedAt"] = message["createdAt"]


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


def _count(world: Store) -> None:
    """Tell each message its ticket, the newest of its chat that there was by then, and each ticket what waits."""
    by_chat: dict[str, list[Ticket]] = {}
    for ticket in sorted(world.tickets.values(), key=lambda one: one.created):
        by_chat.setdefault(ticket.chat_id, []).append(ticket)
    for message in world.tables["chat_messages"].values():
        before = [one for one in by_chat.get(message["chatId"], []) if one.created <= message["createdAt"]]
        if before:
            message["ticketId"] = before[-1].id
            before[-1].pending_messages += before[-1].state != COMPLETED
