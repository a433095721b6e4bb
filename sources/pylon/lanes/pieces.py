"""Reading a stretch of time in pieces, so that no row is lost while the result changes.

A result that changes between two of its pages can lose the row at the seam: an edited row leaves the window, the rest
move up. So a window whose rows do not fit one page is read from its newest row down (:mod:`.descent`), or cut until
they do; one that cannot be cut, a moment at which a great many rows were changed at once, is read until another reading
shows nothing new (:mod:`.moment`).

Whatever was found out, how wide a window may be and where in it the reading is, is kept in the state: a turn that ends
goes on in the next one.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ..api import unlisted, windows
from ..api.answers import Answer
from ..api.filters import rfc3339
from ..api.windows import Window
from ..copy.state import Amid, Down, Going
from ..errors import Rejected, Unanswered, Unavailable
from ..rows.rows import instant
from .bad import Search, narrowed
from .descent import Descent
from .moment import Moment, ShowsRows
from .order import begun
from .ways import Batch, Reader, Way

Find = Callable[[datetime], Awaitable[datetime | None]]
"""Returns a time of a row that there is now, by the field that windows filter on; ``None``: none is known."""


async def pieces(
    reader: Reader,
    way: Way,
    span: Window,
    going: Going,
    *,
    newest_first: bool,
    page_size: int | None,
    witness: Find | None = None,
) -> AsyncIterator[tuple[Window | None, Batch]]:
    """Read a span of time piece by piece, in order and without a gap.

    Args:
        reader: Who reads.
        way: How to ask for the rows of a window.
        span: What to read.
        going: How wide the next window is to be, and where the reading is; changed as it goes.
        newest_first: Whether to begin at its end.
        page_size: How many rows a page holds, if that is known.
        witness: Finds a row that there is: one that must be shown where others are said not to be there.

    Yields:
        A piece that was read to its end, with its rows; or ``None`` with some rows of one that was not yet. A piece of
        which nothing can be told comes with a batch that is not whole, and is the last. One that is left out comes with
        its error, where the reader lets it, and reading goes on behind it.

    Raises:
        Unavailable: The server ignores the filter, or a moment changes faster than it can be read.
    """
    reading = _Reading(reader, way, going, newest_first, page_size, witness)
    while span.start < span.end:
        async for piece, batch in reading.next(span):
            yield piece, batch
            if piece is None:
                continue
            if not batch.whole and batch.error is None:
                return
            span = Window(span.start, piece.start) if newest_first else Window(piece.end, span.end)


@dataclass
class _Reading:
    """What :func:`pieces` was told, and whether the window that is next is part of one that did not fit a page."""

    reader: Reader
    way: Way
    going: Going
    newest_first: bool
    page_size: int | None
    witness: Find | None
    cut_from: list[datetime] | None = None
    """The times on the page that the window before did not fit, so that the next is a part of it."""

    def __post_init__(self) -> None:
        self._bad = Search(self.reader.client, self.way, self.going, self.newest_first)

    async def next(self, span: Window) -> AsyncIterator[tuple[Window | None, Batch]]:
        """Read the next piece, or find out how wide it may be."""
        piece = self._piece(span)
        try:
            async for found in self._read(piece, span):
                yield found
        except Unanswered as error:
            if self.reader.leave_out is None:
                raise
            self.going.amid = self.going.down = self.cut_from = None
            if left_out := await self._bad.narrow(piece, error):
                yield piece, left_out
            # behind what is left out too: a request reaches beyond its window, and may meet the same once more
            self.going.width = self._bad.width or windows.NARROWEST
        except Rejected as error:
            await narrowed(self.reader.client, self.way, piece, error)
            self.going.amid = self.going.down = self.cut_from = None

    async def _read(self, piece: Window, span: Window) -> AsyncIterator[tuple[Window | None, Batch]]:
        going, page = self.going, None
        if not going.amid and not going.down:
            until = None if self.newest_first else span.end
            page = await self._shown(piece, until)
            if page is None:
                yield piece, Batch([], datetime.now(UTC), whole=False)
                return
        again, self.cut_from = self.cut_from is not None, None
        if page and not page.more:
            yield piece, Batch(page.rows, page.sent_at)
            going.width = self._wider(piece, len(page.rows))
        elif down := going.down or (
            page and begun(self.way, piece, page, going, None if self.newest_first else self._present(page))
        ):
            async for found in self._descend(down, page):
                yield found
        elif page and (
            at := _cut(
                self.way, piece, page, self._present(page), newest_first=self.newest_first, again=again
            )
        ):
            going.cut, self.cut_from = True, _stamps(self.way, page)
            going.width = piece.end - at if self.newest_first else at - piece.start
        else:
            async for found in self._moment(piece):
                yield found

    async def _shown(self, piece: Window, until: datetime | None) -> Answer | None:
        """Return the first page of a window; ``None``: the endpoint does not tell what there is.

        Where it reaches the present, nothing more is asked: the next run asks for the same in as many requests.
        """
        client, way = self.reader.client, self.way

        async def ask() -> Answer:
            return await client.first_page(
                way.endpoint, **way.request(piece), attempts=self._bad.attempts(piece)
            )

        page = await ask()
        if page.listed:
            return page
        if until == piece.end and until >= page.sent_at:
            return None
        shows_rows = _shows_rows(self.reader, way, self.witness)
        return await unlisted.believed(
            page,
            ask,
            lambda: shows_rows(page),
            client.paging.of(way.endpoint.name),
            rows_seen=any(map(piece.holds, self.cut_from or ())),
        )

    def _present(self, page: Answer) -> datetime:
        """Return when a page was asked for, by the later of two clocks."""
        return page.sent_at + self.reader.client.ahead

    def _piece(self, span: Window) -> Window:
        """Return the next piece to be read: the window or the moment that is being read, where that is next."""
        going = self.going
        if under_way := going.down or going.amid:
            if under_way.end == span.end if self.newest_first else under_way.start == span.start:
                return Window(under_way.start, under_way.end)
            going.amid = going.down = None
        widest = self.reader.client.paging.of(self.way.endpoint.name).widest
        width = going.width if widest is None else min(going.width, timedelta(seconds=widest))
        return span.newest(width) if self.newest_first else span.oldest(width)

    async def _descend(self, down: Down, page: Answer | None) -> AsyncIterator[tuple[Window | None, Batch]]:
        if page:
            yield None, Batch(page.rows, page.sent_at)
        shows_rows = _shows_rows(self.reader, self.way, self.witness)
        descent = Descent(self.reader, self.way, self.going, down, shows_rows, page)
        async for batch in descent.read():
            yield None, batch
        if descent.ordered:
            read = Window(down.start, down.end)
            yield read, Batch([], down.read_at, whole=descent.told)
            self._bad.read(read)
            self.going.cut, self.going.width = False, self._bad.width or windows.WIDEST
        self.going.amid = self.going.down = None

    async def _moment(self, piece: Window) -> AsyncIterator[tuple[Window | None, Batch]]:
        amid = self.going.amid or Amid(piece.start, piece.end)
        shows_rows = _shows_rows(self.reader, self.way, self.witness)
        request = self.way.request(piece)
        moment = Moment(self.reader, self.way.endpoint, request, self.going, amid, shows_rows)
        async for batch in moment.read():
            yield None, batch
        yield piece, Batch([], moment.read_at)
        self._bad.read(piece)
        self.going.amid, self.going.cut, self.going.width = None, False, self._bad.width or windows.WIDEST

    def _wider(self, piece: Window, rows: int) -> timedelta:
        """Return how wide the window after one that fitted a page may be: where rows come in order, it need not fit."""
        self._bad.read(piece)
        if self._bad.width:
            return self._bad.width
        most = self.reader.client.paging.limit(self.way.endpoint.name, self.page_size) or rows
        if not self.going.cut and rows <= most:
            return windows.WIDEST
        return windows.next_width(piece, rows, most)


def _stamps(way: Way, page: Answer) -> list[datetime]:
    return [stamp for row in page.rows if (stamp := instant(row.get(way.stamp)))]


def _shows_rows(reader: Reader, way: Way, witness: Find | None) -> ShowsRows:
    """Return what tells whether the endpoint shows a row that is there."""

    async def shows_rows(page: Answer) -> bool:
        at = await witness(page.sent_at) if witness else None
        if at is None:
            return False
        request = way.request(Window(at, at + windows.PAD))
        return bool((await reader.client.first_page(way.endpoint, **request)).rows)

    return shows_rows


def _cut(
    way: Way, piece: Window, page: Answer, now: datetime, *, newest_first: bool, again: bool
) -> datetime | None:
    """Say where to cut a piece whose rows do not fit one page, before or after the present; ``None``: nowhere.

    Raises:
        Unavailable: The server ignores the filter (as it does an unknown field, without a word), and would be asked
            for ever.
    """
    stamps = _stamps(way, page)
    if stamps and not any(piece.holds(stamp) for stamp in stamps):
        start, end = (rfc3339(bound) for bound in piece.asked)
        raise Unavailable(
            way.endpoint.label,
            f"ignores its filter: no row of a full page has {way.stamp} from {start} to {end}",
            "Report it to Pylon.",
        )
    return windows.cut_point(piece, stamps, now, newest_first=newest_first, again=again)
