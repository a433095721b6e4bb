"""Reading a window from its newest row down: each page is asked for from where the one before it ended.

So there is no seam at which a row could be lost while others leave, and no page is read twice. It takes a server that
gives its results newest first, by a field that can be filtered on: undocumented, though seen. So it is not believed.
What lies above the end of the first page is asked for once more, and must be what that page showed. Where rows come in
order by two fields, as after edits in the order of creation, what follows is asked for so that it may be either. Where
a page is out of order, nothing of this counts, and the window is read in another way.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime

from ..api import unlisted
from ..api.answers import Answer
from ..api.filters import Request
from ..api.windows import PAD, Window
from ..copy.state import Amid, Down, Going
from ..errors import Rejected
from . import order
from .moment import Moment, ShowsRows
from .ways import Batch, Reader, Version, Way, version


class Descent:
    """A window that is read so, from where the reading of it is.

    Args:
        reader: Who reads.
        way: How to ask.
        going: Where the reading is, is kept there.
        down: The window, and where in it to go on.
        shows_rows: How to tell an empty list from a slip.
        before: The page that was read last, if that was in this turn.
    """

    def __init__(
        self,
        reader: Reader,
        way: Way,
        going: Going,
        down: Down,
        shows_rows: ShowsRows,
        before: Answer | None = None,
    ) -> None:
        self._reader, self._way, self._going = reader, way, going
        self._shows_rows = shows_rows
        self._close = True
        self._shown = _versions(before) if before else set[Version]()
        self._before: set[Version] = set()
        self._sure = False  # that the first page showed all there is above its end, by one field
        self._below_first = 0  # so many rows were shown that it did not
        self._keep(down)
        self.told = True
        """Whether the server told what there is."""
        self.ordered = True
        """Whether all pages came in order; else nothing of the window counts as read."""

    async def read(self) -> AsyncIterator[Batch]:
        """Read to the end of the window, or as far as the server tells.

        Raises:
            Unavailable: A moment of it changes faster than it can be read.
        """
        if self._down.above and not await self._is_all_above():
            return
        if amid := self._going.amid:
            async for batch in self._moment(amid):
                yield batch
        while self._is_left:
            page = await self._below()
            if page is None:
                self.told = not self.ordered
                return
            known = order.known_of(page, self._fields)
            leads = order.leads_on(self._way, self._down, known)
            if page.more and (not known or (len(known) > 1 and not leads)):
                self._disorder(*self._fields)
                return
            yield Batch(page.rows, page.sent_at)
            self._learn(page)
            if not page.more:
                return
            self._before = _versions(page)
            self._keep(order.taken(self._way, self._down, known))
            if not leads:
                async for batch in self._moment(order.dense(*known.values())):
                    yield batch

    @property
    def _fields(self) -> list[str]:
        """The fields by which rows may come in order."""
        return list(order.bounds(self._way, self._down))

    def _disorder(self, *fields: str) -> None:
        for field in fields:
            self._going.disorder(field)
        self.ordered = False

    def _learn(self, page: Answer) -> None:
        """Know of the windows to come too that rows come in order, once enough lay below the first page.

        Of a window with a row or two more than a page, those may be the oldest by chance, whatever its order is.
        """
        self._below_first += len(_versions(page) - self._shown)
        if self._sure and self._below_first >= order.FEW:
            self._going.ordered_by = self._fields[0]

    async def _is_all_above(self) -> bool:
        """Whether the first page showed all there is above its end, as it does where rows come in order."""
        page = await self._listed(self._between(order.above_it(self._down), self._down.end))
        if page is None:
            self.told = not self.ordered
            return False
        strange = _versions(page) - self._shown
        if strange:
            strange -= self._reader.held(page.rows)
        if not page.rows or page.more or strange or len(page.rows) > self._down.above:
            self._disorder(self._fields[0])
            return False
        self._sure = len(self._fields) == 1
        self._keep(replace(self._down, above=0))
        return True

    @property
    def _is_left(self) -> bool:
        """Whether there may be more; a window by another field than its own has no end that is known."""
        return bool(self._down.also_until) or order.last(self._down) >= self._down.start

    async def _below(self) -> Answer | None:
        """Return the page that follows; ``None``: the server does not tell.

        Whether a bound is inclusive, or cut to whole seconds, is undocumented. A row that was shown before, and is so
        again, tells that nothing lies between the pages. Of the first page only what lies in the seconds above its last
        one is known.
        """
        down = self._down
        if down.until and down.also_until:
            return await self._listed(self._way.below(_window(down), down.until + PAD, down.also_until + PAD))
        if self._close and self._before:
            page = await self._listed(self._between(None, order.last(down)))
            if page is None or self._before & _versions(page):
                return page
            self._close = False  # nor will it be for the pages to come
        return await self._listed(self._between(None, order.last(down) + PAD))

    async def _listed(self, request: Request) -> Answer | None:
        async def ask() -> Answer:
            return await self._reader.client.first_page(self._way.endpoint, **request)

        try:
            page = await ask()
        except Rejected:  # of two fields it may not take a filter
            self._disorder(*self._fields)
            return None
        habit = self._reader.client.paging.of(self._way.endpoint.name)
        return await unlisted.believed(page, ask, lambda: self._shows_rows(page), habit)

    def _between(self, after: datetime | None, before: datetime) -> Request:
        return self._way.between(_window(self._down), self._fields[0], after, before)

    async def _moment(self, amid: Amid) -> AsyncIterator[Batch]:
        request = self._between(amid.start - PAD, amid.end + PAD)
        moment = Moment(self._reader, self._way.endpoint, request, self._going, amid, self._shows_rows)
        async for batch in moment.read():
            yield batch
        self._going.amid, self._before = None, set()
        down = self._down
        self._keep(replace(down, until=amid.start) if down.until else replace(down, also_until=amid.start))

    def _keep(self, down: Down) -> None:
        self._down = self._going.down = down


def _window(down: Down) -> Window:
    return Window(down.start, down.end)


def _versions(page: Answer) -> set[Version]:
    return {version(row) for row in page.rows}
