"""The pages of a list, each asked for until it has rows or it is known that it has none."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from dataclasses import replace

from ..catalog import Endpoint
from ..errors import Rejected, Unavailable
from . import unlisted
from .answers import Answer, Check, first_page_problem, list_problem
from .paging import LIMIT_REFUSED, Habit, ends_empty

Ask = Callable[[int | None, str, Check], Awaitable[Answer]]
"""Asks for the page at a cursor, "" for the first one, with a limit in rows or none, and with what to expect of it."""


class Pages:
    """Asks for pages of one list.

    Args:
        send: How to ask for a page, and what to expect of it.
        endpoint: Whose list it is.
        limit: How many rows are asked for; ``None``: no limit is sent.
        habit: How the endpoint was seen to page; what is learnt is noted there.
    """

    def __init__(self, send: Ask, endpoint: Endpoint, limit: int | None, habit: Habit) -> None:
        self._send, self._label, self._paged = send, endpoint.label, endpoint.paged
        self._limit, self._habit = limit, habit
        self._shown = 0  # rows, on the longest page

    async def ask(self, limit: int | None, cursor: str) -> Answer:
        """Ask for a page, until it has a list, or it is known that an empty one is meant.

        Raises:
            Unavailable: The page never comes.
        """
        page = await self._at_cursor(limit, cursor) if cursor else await self._at_first(limit)
        self._shown = max(self._shown, len(page.rows))
        return page

    async def shorter(self, page: Answer, cursor: str) -> Answer:
        """Ask for a page once more, with one row less; the page itself where the list takes no limit at all.

        Raises:
            Rejected: It is refused for another reason.
            Unavailable: The page never comes.
        """
        try:
            return await self.ask(len(page.rows) - 1, cursor)
        except Rejected as error:
            if self._limit or page.more or error.status not in LIMIT_REFUSED:
                raise
            return page

    async def is_cut(self, page: Answer, cursor: str, used: Collection[str]) -> bool:
        """Say whether rows may follow a page whose cursor is not taken: of pages of one row less, the second tells.

        Args:
            page: The page.
            cursor: Where it was asked for.
            used: The cursors that were sent before.

        Raises:
            Unavailable: A page never comes.
        """
        count = len(page.rows)
        if count < 2:
            return False
        smaller = await self.ask(count - 1, cursor)
        if len(smaller.rows) >= count or not smaller.more_at(*used):
            return False  # it minds no limit, and so gave all; or says itself that nothing follows
        try:
            rest = await self.ask(count - 1, smaller.cursor)
        except Rejected:  # it takes no cursor at all
            return True
        shows_others = bool(rest.names - page.names)
        if shows_others or not rest.more_at(*used, page.cursor, smaller.cursor):
            return shows_others
        try:
            beyond = await self.ask(count - 1, rest.cursor)
        except Rejected:  # it was given just now, so that it has not lapsed: there is nothing behind it
            return False
        return bool(beyond.names - page.names)

    async def _at_first(self, limit: int | None) -> Answer:
        """Ask for the first page. Where last pages all announce another one, one without data is an empty list."""
        page = await self._send(limit, "", first_page_problem)
        if page.listed or not page.more or ends_empty(page, self._habit, paged=self._paged):
            return page if page.listed else last(page)
        try:
            return await self._send(limit, "", list_problem)
        except Unavailable:  # other lists may have shown in the meantime what it means
            if not ends_empty(page, self._habit, paged=self._paged):
                raise
            return last(page)

    async def _at_cursor(self, limit: int | None, cursor: str) -> Answer:
        """Ask for the page at a cursor. Without data it is no end of a list that has shown rows, until it is sure.

        A cursor that was kept may have lapsed: who resumes a walk there looks for himself what it still shows.
        """

        async def ask() -> Answer:
            return await self._send(limit, cursor, list_problem)

        page = await ask()
        if page.listed or not self._shown:
            return page
        if found := await unlisted.believed(page, ask, self._shows_rows, self._habit):
            return found
        raise Unavailable(
            self._label,
            "gives a page without a list where rows may follow",
            "What the copy has stays as it is. Run again later.",
        )

    async def _shows_rows(self) -> bool:
        """Whether the list still has its rows, or is empty; of two rows that were shown, the other one at a cursor."""
        limit = self._limit and 1
        page = await self._send(limit, "", first_page_problem)
        if 0 < len(page.rows) < self._shown and page.more_at():
            page = await self._send(limit, page.cursor, first_page_problem)
        return page.listed


def last(page: Answer) -> Answer:
    """Return a page as one that no other follows."""
    return replace(page, more=False, cursor="") if page.more else page
