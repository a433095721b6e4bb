"""Tickets that no reading shows any more: which of them are gone, and which are only somewhere else."""

from __future__ import annotations

from collections.abc import Collection, Generator, Mapping
from typing import Any
from urllib.parse import quote

from .catalog import TICKETS
from .changes import Changes
from .errors import Refused, Unanswered, Unreadable
from .rows import reference
from .run import Run

CONFIRMED = 50
"""So many missing tickets are looked for in the lists of their chats and by their ids too, before more are believed."""


class Missing:
    """Looks for tickets that are missing.

    Args:
        run: What the resources share.
        changes: What the copy makes of tickets.
        failed: What could not be read, by status; it grows while lists are read.
    """

    def __init__(self, run: Run, changes: Changes, failed: Mapping[str, Unreadable]) -> None:
        self._run = run
        self._lists = run.lists
        self._changes = changes
        self._failed = failed

    @property
    def unread(self) -> bool:
        """Whether nothing can be said of tickets that no list has shown."""
        refused = [status for status, error in self._failed.items() if _is_no_status(error)]
        return len(refused) < len(self._failed) or len(refused) == len(self._run.settings.statuses)

    def give_up(self, missing: Collection[str], evidence: str) -> Generator[Any, None, set[str]]:
        """Take tickets out that no reading shows, unless the lists of their chats do; return which."""
        if not missing or self.unread or not self._run.may_go(self._changes, len(missing)):
            return set()
        asked = sorted(missing) if self._failed else sorted(missing)[:CONFIRMED]
        gone = set()
        for ticket, chat in self._changes.copy.chats_of(asked).items():
            if (yield from self._is_gone(ticket, chat)):
                gone.add(ticket)
        if len(gone) == CONFIRMED < len(missing) and not self._failed:
            gone = set(missing)
        else:
            evidence = f"{evidence}, nor in those of its chat"
        yield from self._changes.leave(gone, evidence)
        return gone

    def _is_gone(self, ticket: str, chat: str) -> Generator[Any, None, bool]:
        """Look for a ticket in the lists of its chat, which have no seams, and return whether it is in none."""
        for status in self._run.settings.statuses if chat else ():
            if status in self._failed:
                continue
            try:
                for page in self._lists.pages(TICKETS.path, {"status": status, "chatIds": chat}):
                    if any(
                        not isinstance(row, dict) or reference(row.get("chatId")) != chat for row in page.rows
                    ):
                        return False  # the filter is not what it is taken for
                    ids, items = self._changes.take(page.rows)
                    yield from items
                    if ticket in ids:
                        return False
            except Unreadable:
                return False
        return (yield from self._is_in_no_other_list(ticket))

    def _is_in_no_other_list(self, ticket: str) -> Generator[Any, None, bool]:
        """Ask for a ticket by its own id: it may be in a status whose list is refused, or that nobody asks for."""
        try:
            found = self._lists.one(own_path(ticket))
        except Refused as error:
            return error.status in {404, 410} or (error.is_lacking and not self._failed)
        except Unanswered:
            return False
        if not isinstance(found, dict) or reference(found.get("id")) != ticket:
            return False
        status = found.get("status")
        if self._is_listed(status):  # it is shown by its id though it was removed
            return not self._failed
        _, items = self._changes.take([found])
        yield from items
        self.warn_of(status)
        return False

    def _is_listed(self, status: Any) -> bool:
        return str(status).casefold() in {one.casefold() for one in self._run.settings.statuses}

    def warn_of(self, status: Any) -> None:
        """Tell of tickets in a status of which no list is read."""
        if isinstance(status, str) and not self._is_listed(status):
            self._run.notes.warn(
                f"{TICKETS.name}: there are some in status {status[:50]!r}, of which no list is read. Add it to"
                " statuses."
            )


def own_path(ticket: str) -> str:
    """Return the address of a ticket by itself."""
    return f"{TICKETS.path.partition('/')[0]}/{quote(ticket, safe='')}/details"


def _is_no_status(error: Unreadable) -> bool:
    return isinstance(error, Refused) and error.status in {400, 422}
