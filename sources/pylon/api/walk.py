"""The walk along the pages of a list, with what it takes to tell its end for certain."""

from __future__ import annotations

from dataclasses import replace

from ..catalog import Endpoint
from ..errors import Rejected, Unavailable
from .answers import Answer
from .pages import Ask, Pages, last
from .paging import USUAL_LIMIT, Habit, Seam, seam

TRIES = 2
"""How often a page that contradicts itself is asked for again."""

EMPTY_PAGES = 20
"""How many pages without a row that was not shown before may follow each other."""


class Walk:
    """Gives the pages of one list, one after the other.

    Args:
        ask: How to ask for a page, and what to expect of it.
        endpoint: Whose list it is.
        limit: How many rows to ask for; ``None``: none is sent.
        habit: How the endpoint was seen to page; what is learnt is noted there.
        first: Whether only the first page is wanted: then what cannot be told counts as more.
        cursor: Where to begin, "" for the first page.
    """

    def __init__(
        self,
        ask: Ask,
        endpoint: Endpoint,
        limit: int | None,
        habit: Habit,
        *,
        first: bool = False,
        cursor: str = "",
    ) -> None:
        self._pages = Pages(ask, endpoint, limit, habit)
        self._label, self._first = endpoint.label, first
        self._limit, self._habit = limit, habit
        self._most = endpoint.max_page_size if habit.most is None else habit.most
        self._cursor, self._used = cursor, {"", cursor}
        self._ahead: Answer | None = None
        self._before: Answer | None = None
        self._before_at = cursor
        self._is_capped = False  # whether rows have followed a page that was shorter than asked for

    async def next(self) -> Answer:
        """Return the next page; ``more`` tells for certain whether another one follows.

        Raises:
            Unavailable: That cannot be told.
        """
        page = self._ahead or await self._next()
        self._ahead = None
        found = self._seam(page)
        if found is Seam.AGAIN:
            page = await self._pages.ask(self._limit, self._cursor)
            found = self._seam(page)
            ends_so = found is Seam.AGAIN and page.listed
            self._habit.ends_without_cursor = self._habit.ends_without_cursor or ends_so
        if found is Seam.DOUBT:
            page = await self._resolved(page)
        elif found is not Seam.MORE:
            page = last(page)
        elif self._first and self._limit != 1 and self._is_short(page):
            page = await self._followed(page)
        else:
            self._habit.longest = max(self._habit.longest, len(page.rows))
        self._before_at, self._cursor, self._before = self._cursor, page.cursor, page
        self._used.add(page.cursor)
        return page

    async def _next(self) -> Answer:
        """Ask for the next page; a short one may have announced it at a cursor that the server does not take.

        Raises:
            Rejected: The cursor is not taken although rows may follow, as one that has lapsed.
        """
        before = self._before
        try:
            page = await self._pages.ask(self._limit, self._cursor)
        except Rejected as error:
            if before is None or error.status != 400 or not self._is_short(before):
                raise
            if self._is_capped or await self._pages.is_cut(before, self._before_at, self._used):
                raise
            return replace(before, data=[], more=False, cursor="")
        if before is not None and self._is_short(before):
            self._is_capped = self._is_capped or bool(page.names - before.names)
        return page

    def _seam(self, page: Answer) -> Seam:
        return seam(page, self._limit, self._used, self._habit)

    def _is_short(self, page: Answer) -> bool:
        """Whether a page holds fewer rows than were asked for."""
        return len(page.rows) < (self._limit or USUAL_LIMIT)

    async def _followed(self, page: Answer) -> Answer:
        """Look whether a short page that is wanted alone is really followed by rows, as it says."""
        try:
            rest = await self._pages.ask(self._limit, page.cursor)
        except Rejected:
            cut = await self._pages.is_cut(page, self._cursor, self._used)
            return page if cut else last(page)
        if rest.names - page.names or rest.more_at(page.cursor):
            return page
        return last(page)

    async def _resolved(self, page: Answer, tries: int = TRIES) -> Answer:
        """Read the same stretch in pages of one row less: if the list is as long as the page, one row is left."""
        count = len(page.rows)
        smaller = await self._pages.shorter(page, self._cursor)
        if len(smaller.rows) >= count:
            return last(smaller)  # it minds no limit, and so gave all
        if seam(smaller, count - 1, self._used, self._habit) is not Seam.MORE:
            return await self._insisted(page, smaller, tries)
        rest = await self._pages.ask(count - 1, smaller.cursor)
        if len(rest.rows) <= 1 and not rest.more_at(*self._used, smaller.cursor):
            self._habit.longest = max(self._habit.longest, count)
            return last(page)
        if self._limit and count < self._limit:
            self._habit.cap = count
        self._limit, self._ahead = count - 1, rest
        return smaller

    async def _insisted(self, page: Answer, smaller: Answer, tries: int) -> Answer:
        """Find out what follows a page where cursors do not tell, or rows came and went between two answers.

        Raises:
            Unavailable: It cannot be found out.
        """
        if len(smaller.rows) < len(page.rows) - 1 and not smaller.more:
            return last(smaller)  # rows went while it was read
        while tries:
            tries -= 1
            again = await self._pages.ask(self._limit, self._cursor)
            found = self._seam(again)
            if found is Seam.MORE:
                return again
            if len(again.rows) < len(page.rows) and not again.more:
                return again  # it is shorter than what was in doubt
            if found is Seam.DOUBT and not again.more and not smaller.more:
                return await self._resolved(again, tries)
        if self._first:
            return replace(page, more=True, cursor="")
        return await self._longer(page)

    async def _longer(self, page: Answer) -> Answer:
        """Ask for more rows at once, until they are fewer than asked for."""
        limit, count = self._limit or USUAL_LIMIT, len(page.rows)
        while self._most and limit < self._most:
            limit = min(limit * 2, self._most)
            page = await self._pages.ask(limit, self._cursor)
            if len(page.rows) < limit:
                return last(page)
        raise Unavailable(
            self._label,
            f"gives pages of {count:,} rows and does not say whether, and where, another follows",
            "What the copy has stays as it is. Report it to Pylon.",
        )


class Patience:
    """Bears some pages without anything new: a cursor may advance for ever and bring the same rows again and again.

    Args:
        label: The endpoint as users see it.
    """

    def __init__(self, label: str) -> None:
        self._label = label
        self._seen: set[int] = set()
        self._in_vain = 0

    def spend(self, page: Answer) -> None:
        """Look at a page that announces another one.

        Raises:
            Unavailable: Too many in a row have shown nothing new.
        """
        known = len(self._seen)
        self._seen.update(map(hash, page.names))
        self._in_vain = 0 if len(self._seen) > known else self._in_vain + 1
        if self._in_vain > EMPTY_PAGES:
            raise Unavailable(
                self._label, "gives one page after another with nothing new", "Report it to Pylon."
            )
