"""What hangs on a chat, as Zaia shows it: all of its threads, or of its messages."""

from __future__ import annotations

from typing import Any

from .catalog import CHAT_THREADS, Table
from .errors import Unanswered, Unreadable
from .rows import identified, reference
from .run import Run

MOST = (1000, 250, 100)
"""Values of pagination.limit: the documented maximum and default, and less where that is refused."""


class Hanging:
    """One run's look at what hangs on chats.

    Args:
        run: What the resources share.
        table: What hangs on them.
    """

    def __init__(self, run: Run, table: Table) -> None:
        self._run = run
        self._table = table

    def rows(self, chat: str) -> tuple[list[Any], bool]:
        """Return the objects of a chat, and whether these are all.

        Raises:
            Unreadable: They could not be read.
        """
        lists, asked = self._run.lists, {"chatId": chat}
        if self._table is CHAT_THREADS:
            return self._threads(chat, asked)
        rows, cut = lists.whole(self._table.path, asked, "pagination.limit", MOST)
        if cut:
            rows, cut = self._by_thread(chat, rows)
        return self._own(chat, rows), not cut

    def _threads(self, chat: str, asked: dict[str, str]) -> tuple[list[Any], bool]:
        rows: list[Any] = []
        try:
            for page in self._run.lists.pages(self._table.path, asked):
                rows += page.rows
        except Unreadable as error:  # what came is copied all the same
            if not rows:
                raise
            self._run.given_up.add((self._table.name, chat))
            self._run.notes.failed(f"{self._table.name} of chat {chat}", error)
            return self._own(chat, rows), False
        return self._own(chat, rows), True

    def _by_thread(self, chat: str, rows: list[Any]) -> tuple[list[Any], bool]:
        """Return the messages of a chat thread by thread, since there may be more than one answer holds."""
        cut = False
        for page in self._run.lists.pages(CHAT_THREADS.path, {"chatId": chat}):
            for thread in identified(page.rows)[0]:
                asked = {"chatId": chat, "chatThreadId": thread["id"]}
                more, its = self._run.lists.whole(self._table.path, asked, "pagination.limit", MOST)
                rows, cut = rows + more, cut or its
        if cut:
            self._run.notes.warn(
                f"{self._table.name}: chat {chat} has a thread with more messages than one answer may hold. What the"
                " copy has of it stays, and what came is added."
            )
        return list({row["id"]: row for row in identified(rows)[0]}.values()), cut

    def _own(self, chat: str, rows: list[Any]) -> list[Any]:
        if any(isinstance(row, dict) and reference(row.get("chatId", chat)) != chat for row in rows):
            raise Unanswered(f"GET {self._table.path}?chatId={chat}", "it shows rows of other chats")
        return rows
