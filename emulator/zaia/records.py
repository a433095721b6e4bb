"""What a world is made of: tickets, shown joined with what they refer to, and rows that are shown as they are."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

JSON = dict[str, Any]

PENDING, ONGOING, COMPLETED = range(3)
"""The states of a ticket; what the API calls them is a setting, since its reference does not spell it out."""

LISTS = (
    "tickets",
    "chats",
    "chat_threads",
    "chat_messages",
    "ticketing_teams",
    "tags",
    "agents",
    "channels",
    "external_users",
    "responders",
)
"""What the API lists."""

KEPT = (*(name for name in LISTS if name not in ("tickets", "responders")), "users", "squads")
"""The tables of rows; no list shows users and squads, but tickets name them."""

CHANNEL_TYPES = ("widget", "waha", "whatsapp", "instagram", "api")


@dataclass
class Ticket:
    """A ticket without what its row shows of others; times are texts."""

    id: str
    chat_id: str
    summary: str
    created: str
    state: int = PENDING
    ongoing: str | None = None
    completed: str | None = None
    assignee_id: str | None = None
    team_id: str | None = None
    pending_messages: int = 0
    tags: list[str] = field(default_factory=list)
