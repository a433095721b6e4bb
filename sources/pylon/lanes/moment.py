"""Reading a moment: a stretch too narrow to be cut, at which more rows were changed than a page holds.

Along its cursors the row at a seam is lost where another one leaves the result meanwhile. So it is read until a
reading shows nothing that none before it did: twice, where nothing else happens.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime

from ..api import unlisted
from ..api.answers import Answer
from ..api.client import Client
from ..api.filters import Request
from ..catalog import Endpoint
from ..copy.state import Amid, Going
from ..errors import Rejected, Unavailable
from ..rows.rows import Row
from .ways import Batch, Reader, Version, version

ShowsRows = Callable[[Answer], Awaitable[bool]]
"""Whether the endpoint shows a row that is there, at the time of an answer that showed none."""
READINGS = 6
"""How often a list that does not fit one page is read until nothing new is shown."""


class Moment:
    """The rows of one moment, read page by page until a reading shows nothing that none before it did.

    Args:
        reader: Who reads.
        endpoint: What is asked.
        request: The request for the rows of the moment.
        going: Where in it the reading is, is kept there.
        amid: The moment, and where in it to go on.
        shows_rows: How to tell an empty list from a slip.
    """

    def __init__(
        self,
        reader: Reader,
        endpoint: Endpoint,
        request: Request,
        going: Going,
        amid: Amid,
        shows_rows: ShowsRows,
    ) -> None:
        self._reader, self._endpoint, self._request, self._going = reader, endpoint, request, going
        self._shows_rows = shows_rows
        self._keep(amid)
        self._seen: set[Version] = set()
        self.read_at = datetime.max.replace(tzinfo=UTC)
        """When the reading under way, or the last one, began (UTC)."""

    async def read(self) -> AsyncIterator[Batch]:
        """Read until nothing new is shown; a page that is the only one needs no second reading.

        Raises:
            Unavailable: It changes faster than it can be read, or the server does not tell what is there.
        """
        for number in range(self._amid.readings, READINGS):
            resumed, count, listed = bool(self._amid.cursor), 0, False
            async for page in self._pages():
                count += 1
                listed |= page.listed
                if rows := self._news(page):
                    yield Batch(rows, page.sent_at)
                self._note(page, news=bool(rows))
            amid, self.read_at = self._amid, self._amid.read_at or self.read_at
            if listed and ((number == 0 and count == 1 and not resumed) or (number > 0 and not amid.news)):
                return
            if not listed and await self._is_empty(page):
                return
            self._keep(Amid(amid.start, amid.end, readings=number + 1, lasting=amid.lasting))
        self._going.amid = None
        raise Unavailable(
            self._endpoint.label,
            "changes faster than it can be read",
            "Run again when less is going on.",
        )

    async def _is_empty(self, page: Answer) -> bool:
        """Whether an answer without a list says that all rows have left the moment.

        Raises:
            Unavailable: The server does not tell.
        """

        async def ask() -> Answer:
            return await self._reader.client.first_page(self._endpoint, **self._request)

        habit = self._reader.client.paging.of(self._endpoint.name)
        found = await unlisted.believed(page, ask, lambda: self._shows_rows(page), habit)
        if found is None:
            self._going.amid = None
            raise Unavailable(
                self._endpoint.label,
                "gives no list where rows may be",
                "What the copy has stays as it is. Run again later.",
            )
        return not found.rows

    async def _pages(self) -> AsyncIterator[Answer]:
        """Walk along the pages from where the reading is; where its cursor has lapsed, from the first one."""
        fruitful = False
        if self._amid.cursor:
            try:
                async for page in self._walk(self._reader.client, self._amid.cursor):
                    if not page.rows and not fruitful:
                        break
                    fruitful = True
                    yield page
            except Rejected:
                if fruitful:
                    raise
            if not fruitful:
                self._keep(replace(self._amid, cursor="", read_at=None, lasting=False))
        if not fruitful:
            client = self._reader.client if self._amid.lasting else self._reader.patient
            async for page in self._walk(client, ""):
                yield page

    def _walk(self, client: Client, cursor: str) -> AsyncIterator[Answer]:
        limit = self._endpoint.max_page_size
        return client.pages(self._endpoint, limit=limit, cursor=cursor, **self._request)

    def _news(self, page: Answer) -> list[Row]:
        """Return the rows that no former reading has shown: neither in this turn, nor so that the copy holds them."""
        rows = page.rows
        if self._amid.readings:
            rows = [row for row in rows if version(row) not in self._seen]
            held = self._reader.held(rows) if rows else set()
            rows = [row for row in rows if version(row) not in held]
        self._seen.update(map(version, page.rows))
        return rows

    def _note(self, page: Answer, *, news: bool) -> None:
        amid = self._amid
        cursor, read_at = page.cursor if amid.lasting else "", amid.read_at or page.sent_at
        self._keep(replace(amid, cursor=cursor, read_at=read_at, news=amid.news or news))

    def _keep(self, amid: Amid) -> None:
        self._amid = self._going.amid = amid
