"""What the world holds, and reading it; `changes` changes it."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from copy import deepcopy
from datetime import datetime
from random import Random

from .clock import WorldClock
from .details import details
from .records import JSON, KEPT, LISTS, Ticket

MARKED = ("chats", "ticketing_teams")
"""The tables whose rows say whether they are removed."""


class Store:
    """Tickets and tables by id, oldest entry first. What is removed stays, so that tickets can go on naming it."""

    def __init__(self, workspace_id: str, clock: WorldClock, rng: Random) -> None:
        """Hold nothing yet; `rng` makes what changes bring."""
        self.lock = threading.RLock()
        self.workspace_id = workspace_id
        self.clock = clock
        self.rng = rng
        self.statuses: tuple[str, ...] = ("pending", "ongoing", "completed")
        """What the states are called."""
        self.tickets: dict[str, Ticket] = {}
        self.tables: dict[str, dict[str, JSON]] = {name: {} for name in KEPT}
        self.removed: set[str] = set()
        self._hanging: dict[tuple[str, str], list[str]] = {}
        self.written: dict[str, int] = {}
        """How many writes there had been when each id was written last; what was seeded and left alone has none."""
        self._writes = 0

    def write(self, *idents: str) -> str:
        """Move the clock on for a change of what has these ids; return its moment as text."""
        for ident in idents:
            self._writes += 1
            self.written[ident] = self._writes
        return self.clock.tick()

    def hold(self, name: str, row: JSON) -> str:
        """Have had a row in a table since before, and return its id."""
        ident = str(row["id"])
        self.tables[name][ident] = row
        if "chatId" in row:
            self._hanging.setdefault((name, row["chatId"]), []).append(ident)
        return ident

    def put(self, name: str, row: JSON) -> str:
        """Write a row into a table, and return its id."""
        self._writes += 1
        self.written[row["id"]] = self._writes
        return self.hold(name, row)

    def now(self) -> datetime:
        """Return the world's present, which is the moment of its last change."""
        return self.clock.now()

    def advance(self, seconds: float) -> None:
        """Move the world's present by `seconds`."""
        with self.lock:
            self.clock.advance(seconds)

    def rows(self, name: str, removed: bool = False) -> list[JSON]:
        """Return the rows of a list as the API shows them, oldest entry first; what is removed only if asked for.

        Raises:
            KeyError: There is no such list.
        """
        with self.lock:
            return [self.row(name, ident) for ident in self.ids(name, removed)]

    def ids(self, name: str, removed: bool = False) -> list[str]:
        """Return the ids of a list; KeyError if there is none of that name."""
        if name == "tickets":
            found = list(self.tickets)
        elif name == "responders":
            found = [*self.tables["agents"], *self.tables["squads"]]
        else:
            found = list(self.tables[name])
        return found if removed else self._left(name, found)

    def of_chat(self, name: str, chat_id: str, removed: bool = False) -> list[str]:
        """Return the ids of the threads or the messages of a chat."""
        found = self._hanging.get((name, chat_id), [])
        return list(found) if removed else self._left(name, found)

    def _left(self, name: str, idents: Iterable[str]) -> list[str]:
        return [ident for ident in idents if not self.is_gone(name, ident)]

    def is_gone(self, name: str, ident: str) -> bool:
        """Tell whether something is removed, by itself or with its chat."""
        if name == "tickets":
            return not self.removed.isdisjoint((ident, self.tickets[ident].chat_id))
        chat = self.tables[name][ident]["chatId"] if name in ("chat_threads", "chat_messages") else ident
        return not self.removed.isdisjoint((ident, chat))

    def row(self, name: str, ident: str) -> JSON:
        """Return one row of a list; KeyError if there is none."""
        if name == "tickets":
            return details(self, self.tickets[ident])
        if name == "responders":
            return self._responder(ident)
        row = deepcopy(self.tables[name][ident])
        return row | {"isRemoved": ident in self.removed} if name in MARKED else row

    def _responder(self, ident: str) -> JSON:
        row, entity = self.responder(ident)
        return {"id": ident, "entity": entity} | {
            name: row[name] for name in ("name", "picture", "createdAt")
        }

    def responder(self, ident: str) -> tuple[JSON, str]:
        """Return the agent or the squad that answers in a chat, and which of them it is."""
        if ident in self.tables["agents"]:
            return self.tables["agents"][ident], "agent"
        return self.tables["squads"][ident], "squad"

    def snapshot(self) -> dict[str, list[JSON]]:
        """Return the rows of every list."""
        with self.lock:
            return {name: self.rows(name) for name in LISTS}
