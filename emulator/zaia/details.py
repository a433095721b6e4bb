"""A ticket's row: the ticket joined with its chat, whom it is assigned to, who owns the chat and who answers in it.

Of what it shows of others nothing tells in the row when it changed: a rename shows in the rows of old tickets too.
"""

from __future__ import annotations

from typing import Protocol

from .records import JSON, Ticket


class Joined(Protocol):
    """What a ticket is joined with."""

    workspace_id: str
    statuses: tuple[str, ...]
    tables: dict[str, dict[str, JSON]]
    removed: set[str]

    def responder(self, ident: str) -> tuple[JSON, str]:
        """Return the agent or the squad of an id, and which of them it is."""
        ...


def details(world: Joined, ticket: Ticket) -> JSON:
    """Return the row that the API shows of a ticket, by the reference page of the Tickets resource."""
    chat = world.tables["chats"][ticket.chat_id]
    own = {
        "id": ticket.id,
        "workspaceId": world.workspace_id,
        "status": world.statuses[ticket.state],
        "summary": ticket.summary,
        "createdAt": ticket.created,
        "ongoingAt": ticket.ongoing,
        "completedAt": ticket.completed,
        "pendingChatMessages": ticket.pending_messages,
        "chatId": chat["id"],
        "chatIsRemoved": chat["id"] in world.removed,
    }
    return (
        own | _assigned(world, ticket) | _channel(world, chat) | _owner(world, chat) | _responder(world, chat)
    )


def _assigned(world: Joined, ticket: Ticket) -> JSON:
    user = world.tables["users"].get(ticket.assignee_id or "", {})
    team = world.tables["ticketing_teams"].get(ticket.team_id or "", {})
    return {
        "assigneeId": ticket.assignee_id,
        "assigneeEmail": user.get("email"),
        "assigneeName": user.get("name"),
        "assigneePicture": user.get("picture"),
        "ticketingTeamId": ticket.team_id,
        "ticketingTeamName": team.get("name"),
        "ticketingTeamPicture": team.get("picture"),
    }


def _channel(world: Joined, chat: JSON) -> JSON:
    channel = world.tables["channels"].get(chat["channelId"] or "", {})
    return {
        "channelId": chat["channelId"],
        "channelName": channel.get("name"),
        "channelType": chat["channelType"],
    }


def _owner(world: Joined, chat: JSON) -> JSON:
    outside = world.tables["external_users"].get(chat["ownerId"])
    owner = world.tables["users"][chat["ownerId"]] if outside is None else outside
    return {
        "chatOwnerId": chat["ownerId"],
        "ownerEntity": "user" if outside is None else "external-user",
        "ownerName": owner["name"],
        "ownerEmail": owner["email"] if outside is None else None,
        "ownerIdentifier": owner.get("identifier"),
        "isOwnerBlocked": owner.get("isBlocked"),
    }


def _responder(world: Joined, chat: JSON) -> JSON:
    responder, entity = world.responder(chat["responderId"])
    return {
        "responderId": chat["responderId"],
        "responderEntity": entity,
        "responderName": responder["name"],
        "responderPicture": responder["picture"],
        "responderVersionId": responder.get("versionId"),
        "responderVersionNumber": responder.get("versionNumber"),
    }
