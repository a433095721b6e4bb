"""What can happen to a workspace. Each change moves the world's clock on and returns the id of what it changed."""

from __future__ import annotations

from ..text import uuid
from . import makers
from .chat_changes import ChatChanges
from .records import COMPLETED, ONGOING, Ticket


class Changes(ChatChanges):
    """What happens to tickets, and to all else."""

    def new_ticket(self, chat_id: str | None = None) -> str:
        """Open a ticket in a chat, by default in any."""
        with self.lock:
            chat = chat_id or self._any("chats") or self.new_chat()
            self.row("chats", chat)
            ident = uuid(self.rng)
            ticket = Ticket(ident, chat, makers.summary(self.rng), self.write(ident))
            ticket.team_id = self.rng.choice([None, *self.ids("ticketing_teams")])
            self.tickets[ident] = ticket
            return ident

    def take_over(self, ident: str) -> str:
        """Have a user take a ticket over: it is ongoing from now on."""
        with self.lock:
            ticket, now = self.tickets[ident], self.write(ident)
            ticket.state, ticket.ongoing, ticket.completed = ONGOING, now, None
            ticket.assignee_id = self._any("users")
            return ident

    def complete(self, ident: str) -> str:
        """Complete a ticket."""
        with self.lock:
            ticket, now = self.tickets[ident], self.write(ident)
            ticket.state, ticket.completed, ticket.pending_messages = COMPLETED, now, 0
            return ident

    def reopen(self, ident: str) -> str:
        """Make a ticket ongoing again; since when it is ongoing stays as it was."""
        with self.lock:
            ticket, now = self.tickets[ident], self.write(ident)
            ticket.state, ticket.completed = ONGOING, None
            ticket.ongoing = ticket.ongoing or now
            return ident

    def reassign(self, ident: str) -> str:
        """Assign a ticket to another user and another team; no time in its row tells."""
        with self.lock:
            ticket = self.tickets[ident]
            self.write(ident)
            ticket.assignee_id = self._any("users", but=ticket.assignee_id)
            ticket.team_id = self._any("ticketing_teams", but=ticket.team_id)
            return ident

    def tag(self, ident: str, tag_id: str | None = None) -> str:
        """Put another tag on a ticket: its row does not show it, only the filter by `tagIds` does."""
        with self.lock:
            ticket = self.tickets[ident]
            self.write(ident)
            free = [one for one in self.ids("tags") if one not in ticket.tags]
            wanted = tag_id or (self.rng.choice(free) if free else None)
            if wanted is not None and wanted not in ticket.tags:
                ticket.tags.append(wanted)
            return ident

    def untag(self, ident: str, tag_id: str) -> str:
        """Take a tag from a ticket."""
        with self.lock:
            self.write(ident)
            self.tickets[ident].tags.remove(tag_id)
            return ident

    def remove_ticket(self, ident: str) -> str:
        """Remove a ticket; `includeRemoved` still shows it."""
        with self.lock:
            self.removed.add(self.tickets[ident].id)
            self.write(ident)
            return ident
