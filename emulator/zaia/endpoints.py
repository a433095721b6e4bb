"""Every served endpoint once: the list it reads, its path below `/api/v1`, and what it takes.

Those of tickets are as the reference page of that resource has them; the others as other public pages of it do, and
where these leave something open, like those of tickets.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from .parameters import Parameter
from .records import CHANNEL_TYPES

PREFIX = "/api/v1"
PAGE = (
    Parameter("pageNumber", "number", low=1, default=1),
    Parameter("pageSize", "number", low=1, high=100, default=10),
)


@dataclass(frozen=True)
class Endpoint:
    """One operation: the list it reads, or, with an id in its path, one row of it."""

    name: str
    path: str
    parameters: tuple[Parameter, ...] = PAGE

    @property
    def single(self) -> bool:
        """Whether it answers with one row."""
        return "{id}" in self.path

    def known(self, most: int, refuse_above: bool) -> tuple[Parameter, ...]:
        """Return what it takes where pages have at most so many rows; larger ones are refused, or cut later."""
        high = most if refuse_above else None
        return tuple(replace(one, high=high) if one.name == "pageSize" else one for one in self.parameters)


ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        "tickets",
        "/tickets/details",
        (
            Parameter("assigneeIds", "uuids"),
            Parameter("chatIds", "uuids"),
            Parameter("includeRemoved", "boolean"),
            *PAGE,
            Parameter("responderIds", "uuids"),
            Parameter("responderVersionIds", "uuids"),
            Parameter("search", "text"),
            Parameter("status", "choice", required=True),
            Parameter("tagIds", "uuids"),
        ),
    ),
    Endpoint("tickets", "/tickets/{id}/details", ()),
    Endpoint(
        "chats",
        "/chats",
        (
            Parameter("channelIds", "uuids"),
            Parameter("ownerIds", "uuids"),
            Parameter("channelTypes", "choices", values=CHANNEL_TYPES),
            Parameter("lastChatMessageCreatedAtStart", "moment"),
            Parameter("lastChatMessageCreatedAtEnd", "moment"),
            *PAGE,
        ),
    ),
    Endpoint(
        "chat_messages",
        "/chat-messages",
        (
            Parameter("chatId", "uuid", required=True),
            Parameter("chatThreadId", "uuid"),
            Parameter("ticketIds", "uuids"),
            Parameter("joins", "choices", values=("chat-message-follow-ups", "senders")),
            Parameter("pagination.limit", "number", low=1, high=1000, default=250),
        ),
    ),
    Endpoint("chat_threads", "/chat-threads", (Parameter("chatId", "uuid", required=True), *PAGE)),
    Endpoint("ticketing_teams", "/ticketing-teams"),
    Endpoint("tags", "/tags"),
    Endpoint("external_users", "/external-users"),
    Endpoint("responders", "/super-identities/responders"),
    Endpoint("agents", "/agents"),
    Endpoint("channels", "/channels"),
)
