"""How a row of each kind looks when it is made; where no reference has its columns, they are plausible ones."""

from __future__ import annotations

from random import Random

from ..text import COMPANIES, FIRST, LAST, SENTENCES, SUBJECTS, uuid
from .records import CHANNEL_TYPES, JSON

TEAMS = ("Support", "Billing & Kündigungen", "Vendas", "Second line ⭐")
AGENTS = ("Ava", "Leo", "Marta", "Assistente João")
COLOURS = ("#e11d48", "#0ea5e9", "#22c55e", None)


def person(rng: Random) -> str:
    """Return a name."""
    return f"{rng.choice(FIRST)} {rng.choice(LAST)}"


def _picture(rng: Random, kind: str) -> str | None:
    return f"https://files.zaia.invalid/{kind}/{rng.getrandbits(32):08x}.png" if rng.random() < 0.6 else None


def user(rng: Random, created: str) -> JSON:
    """Return a user of the platform, whom no list shows."""
    name = person(rng)
    email = f"{rng.getrandbits(24):06x}@desk.example"
    return {
        "id": uuid(rng),
        "name": name,
        "email": email,
        "picture": _picture(rng, "users"),
        "createdAt": created,
    }


def external_user(rng: Random, created: str) -> JSON:
    """Return a customer."""
    return {
        "id": uuid(rng),
        "name": person(rng) if rng.random() < 0.8 else None,
        "identifier": f"+55119{rng.randrange(10**8):08d}" if rng.random() < 0.9 else None,
        "isBlocked": rng.random() < 0.1,
        "createdAt": created,
    }


def team(rng: Random, created: str, name: str | None = None) -> JSON:
    """Return a ticketing team."""
    return {
        "id": uuid(rng),
        "name": name or f"{rng.choice(COMPANIES)} desk",
        "description": rng.choice(SENTENCES) if rng.random() < 0.5 else None,
        "picture": _picture(rng, "teams"),
        "createdAt": created,
        "updatedAt": created,
    }


def agent(rng: Random, created: str, name: str | None = None, versioned: bool = True) -> JSON:
    """Return an AI agent, or a squad of them; one that was never published has no version."""
    return {
        "id": uuid(rng),
        "name": name or rng.choice(FIRST),
        "picture": _picture(rng, "agents"),
        "versionId": uuid(rng) if versioned else None,
        "versionNumber": rng.randrange(1, 30) if versioned else None,
        "createdAt": created,
    }


def channel(rng: Random, created: str, kind: str | None = None) -> JSON:
    """Return a channel by which customers write."""
    found = kind or rng.choice(CHANNEL_TYPES)
    return {
        "id": uuid(rng),
        "name": f"{rng.choice(COMPANIES)} {found}",
        "type": found,
        "createdAt": created,
    }


def tag(rng: Random, created: str, name: str | None = None) -> JSON:
    """Return a tag."""
    return {
        "id": uuid(rng),
        "name": name or f"topic {rng.getrandbits(20):05x}",
        "color": rng.choice(COLOURS),
        "createdAt": created,
    }


def chat(rng: Random, created: str, owner_id: str, channel: JSON | None, responder_id: str) -> JSON:
    """Return a chat without threads and messages; one that a user tries out has no channel."""
    return {
        "id": uuid(rng),
        "ownerId": owner_id,
        "channelId": channel["id"] if channel else None,
        "channelType": channel["type"] if channel else None,
        "responderId": responder_id,
        "lastChatMessageCreatedAt": None,
        "createdAt": created,
    }


def thread(rng: Random, created: str, chat_id: str) -> JSON:
    """Return a thread of a chat."""
    return {"id": uuid(rng), "chatId": chat_id, "createdAt": created}


def message(rng: Random, created: str, thread: JSON, sender_id: str, ticket_id: str | None = None) -> JSON:
    """Return a message in a thread."""
    return {
        "id": uuid(rng),
        "chatId": thread["chatId"],
        "chatThreadId": thread["id"],
        "ticketId": ticket_id,
        "senderId": sender_id,
        "content": " ".join(rng.choices(SENTENCES, k=rng.randrange(1, 4))),
        "createdAt": created,
    }


def summary(rng: Random) -> str:
    """Return the summary of a ticket."""
    return rng.choice(SUBJECTS)
