"""What can happen to chats, and to what tickets and chats refer to."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from ..text import TAGS
from . import makers
from .records import COMPLETED, JSON, Ticket
from .store import Store

MAKERS: dict[str, Callable[[Random, str], JSON]] = {
    "ticketing_teams": makers.team,
    "tags": makers.tag,
    "agents": makers.agent,
    "channels": makers.channel,
    "external_users": makers.external_user,
    "users": makers.user,
}
"""The tables whose rows stand by themselves."""


class ChatChanges(Store):
    """What happens to chats, and to what tickets and chats refer to."""

    def new_chat(self) -> str:
        """Have a customer begin a chat, with a message."""
        with self.lock:
            owner = self._any("external_users") or self.add("external_users")
            channel = self.tables["channels"].get(self._any("channels") or "")
            responder = self.rng.choice(self.ids("responders"))
            chat = self.put("chats", makers.chat(self.rng, self.write(), owner, channel, responder))
            self.new_thread(chat)
            self.new_message(chat)
            return chat

    def new_thread(self, chat_id: str) -> str:
        """Begin another thread in a chat."""
        with self.lock:
            self.row("chats", chat_id)
            return self.put("chat_threads", makers.thread(self.rng, self.write(), chat_id))

    def new_message(self, chat_id: str) -> str:
        """Have the owner of a chat write into its newest thread; an open ticket of the chat counts it as waiting."""
        with self.lock:
            chat = self.tables["chats"][chat_id]
            threads = [
                self.tables["chat_threads"][one] for one in self.of_chat("chat_threads", chat_id, True)
            ]
            thread = max(threads, key=lambda one: one["createdAt"])
            ticket = self._open_in(chat_id)
            now = self.write(chat_id, *([ticket.id] if ticket else []))
            chat["lastChatMessageCreatedAt"] = now
            if ticket:
                ticket.pending_messages += 1
            ticket_id = ticket.id if ticket else None
            return self.put(
                "chat_messages", makers.message(self.rng, now, thread, chat["ownerId"], ticket_id)
            )

    def remove_chat(self, ident: str) -> str:
        """Remove a chat: its threads, messages and tickets go with it; `includeRemoved` still shows the tickets."""
        with self.lock:
            self.removed.add(self.tables["chats"][ident]["id"])
            self.write(ident)
            return ident

    def edit_message(self, ident: str) -> str:
        """Change what a message says; nothing else tells."""
        with self.lock:
            self.tables["chat_messages"][ident]["content"] += " (edited)"
            self.write(ident)
            return ident

    def remove_message(self, ident: str) -> str:
        """Remove a message; its chat does not tell."""
        with self.lock:
            self.removed.add(self.tables["chat_messages"][ident]["id"])
            self.write(ident)
            return ident

    def add(self, name: str) -> str:
        """Make a row of a table that stands by itself; KeyError for another."""
        with self.lock:
            return self.put(name, MAKERS[name](self.rng, self.write()))

    def rename(self, name: str, ident: str) -> str:
        """Rename a row of such a table: rows of tickets show the new name, and a team's `updatedAt` moves on."""
        with self.lock:
            row, now = self.tables[name][ident], self.write(ident)
            row["name"] = f"{self.rng.choice(TAGS)} {self.rng.getrandbits(24):06x}"
            if "updatedAt" in row:
                row["updatedAt"] = now
            return ident

    def remove(self, name: str, ident: str) -> str:
        """Remove a row of such a table from its list; tickets that name it go on doing so."""
        with self.lock:
            row = self.tables[name][ident]
            now = self.write(ident)
            self.removed.add(row["id"])
            if "updatedAt" in row:
                row["updatedAt"] = now
            return ident

    def _open_in(self, chat_id: str) -> Ticket | None:
        """Return the newest open ticket of a chat."""
        mine = [one for one in map(self.tickets.__getitem__, self.ids("tickets")) if one.chat_id == chat_id]
        return max((one for one in mine if one.state != COMPLETED), key=lambda one: one.created, default=None)

    def _any(self, name: str, but: str | None = None) -> str | None:
        """Return the id of any row of a table, if there is one, other than `but` if it can be."""
        found = self.ids(name)
        return self.rng.choice([one for one in found if one != but] or found) if found else None
