"""Reading a stretch of time in pieces that each fit one page, so that no row is lost while the result changes.

A result that changes between two of its pages can lose the row at the seam: an edited row leaves the window, the rest
move up. So a window whose rows do not fit is cut, and one that cannot be cut, a moment at which a great many rows were
changed at once, is read until another reading shows nothing new.

Whatever was found out, how wide a window may be and where in a moment the reading is, is kept in the state: a turn that
ends goes on in the next one.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from ..api import windows
from ..api.answers import Answer
from ..api.client import Client
from ..api.filters import Request, rfc3339
from ..api.windows import Window
from ..catalog import Endpoint
from ..copy.state import Amid, Going
from ..errors import Rejected, Unavailable
from ..rows.rows import Row, instant
from . import unlisted

READINGS = 6
"""How often a list that does not fit one page is read until nothing new is shown."""

Version = tuple[Any, Any]
"""The id of a row, and its ``updated_at`` as the API gives it."""
Held = Callable[[Sequence[Row]], set[Version]]
"""Returns which of some rows the copy holds as they are."""
Find = Callable[[datetime], Awaitable[datetime | None]]
"""Returns a time of a row that there is now, by the field that windows filter on; ``None``: none is known."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows that were read, with the server's time at which they held."""

    rows: list[Row]
    sent_at: datetime
    whole: bool = True
    """Whether what it does not show may count as missing."""
    again: bool = False
    """Whether the copy may hold some of its rows as they are."""


@dataclass(frozen=True, slots=True)
class Way:
    """One way to ask for the rows of a window: the endpoint, the request, and the field that it filters on."""

    endpoint: Endpoint
    request: Callable[[Window], Request]
    stamp: str


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads: a client that waits as long as the turn lasts, one that does as long as the run, and the copy."""

    client: Client
    patient: Client
    held: Held


def version(row: Row) -> Version:
    """Return what tells this version of a row from others."""
    return row.get("id"), row.get("updated_at")


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
        going: How wide the next window is to be, and the moment that is being read; changed as it goes.
        newest_first: Whether to begin at its end.
        page_size: How many rows a page holds, if that is known.
        witness: Finds a row that there is: one that must be shown where others are said not to be there.

    Yields:
        A piece that was read to its end, with its rows; or ``None`` with some rows of one that was not yet. A piece of
        which nothing can be told comes with a batch that is not whole, and is the last.

    Raises:
        Unavailable: The server ignores the filter, or a moment changes faster than it can be read.
    """
    again = False
    while span.start < span.end:
        piece = _next(span, going, newest_first=newest_first)
        page = None
        if not going.amid:
            page = await _shown(reader, way, piece, None if newest_first else span.end, witness)
            if page is None:
                yield piece, Batch([], datetime.now(UTC), whole=False)
                return
        if page and not page.more:
            yield piece, Batch(page.rows, page.sent_at)
            going.width = windows.next_width(piece, len(page.rows), page_size or len(page.rows))
        elif page and (at := _cut(way, piece, page, newest_first=newest_first, again=again)):
            going.width, again = piece.end - at if newest_first else at - piece.start, True
            continue
        else:
            moment = _Moment(reader, way, piece, going)
            async for batch in moment.read():
                yield None, batch
            yield piece, Batch([], moment.read_at)
            going.amid, going.width = None, windows.WIDEST
        again = False
        span = Window(span.start, piece.start) if newest_first else Window(piece.end, span.end)


async def _shown(
    reader: Reader, way: Way, piece: Window, until: datetime | None, witness: Find | None
) -> Answer | None:
    """Return the first page of a window; ``None``: the endpoint does not tell what there is.

    Where it reaches the present, nothing more is asked: the next run asks for the same in as many requests.
    """

    async def ask(window: Window = piece) -> Answer:
        return await reader.client.first_page(way.endpoint, **way.request(window))

    async def shows_rows() -> bool:
        at = await witness(page.sent_at) if witness else None
        return at is not None and bool((await ask(Window(at, at + windows.PAD))).rows)

    page = await ask()
    if page.listed:
        return page
    if until == piece.end and until >= page.sent_at:
        return None
    return await unlisted.believed(page, ask, shows_rows)


def _next(span: Window, going: Going, *, newest_first: bool) -> Window:
    """Return the next piece to be read: the moment that is being read, where that is next."""
    if amid := going.amid:
        if amid.end == span.end if newest_first else amid.start == span.start:
            return Window(amid.start, amid.end)
        going.amid = None
    return span.newest(going.width) if newest_first else span.oldest(going.width)


def _cut(way: Way, piece: Window, page: Answer, *, newest_first: bool, again: bool) -> datetime | None:
    """Say where to cut a piece whose rows do not fit one page; ``None``: nowhere.

    Raises:
        Unavailable: The server ignores the filter (as it does an unknown field, without a word), and would be asked
            for ever.
    """
    stamps = [stamp for row in page.rows if (stamp := instant(row.get(way.stamp)))]
    if stamps and not any(piece.holds(stamp) for stamp in stamps):
        start, end = (rfc3339(bound) for bound in piece.asked)
        raise Unavailable(
            way.endpoint.label,
            f"ignores its filter: no row of a full page has {way.stamp} from {start} to {end}",
            "Report it to Pylon.",
        )
    return windows.cut_point(piece, stamps, page.sent_at, newest_first=newest_first, again=again)


class _Moment:
    """The rows of one moment, read page by page until a reading shows nothing that none before it did."""

    def __init__(self, reader: Reader, way: Way, piece: Window, going: Going) -> None:
        self._reader, self._way, self._request, self._going = reader, way, way.request(piece), going
        self._keep(going.amid or Amid(piece.start, piece.end))
        self._seen: set[Version] = set()
        self.read_at = datetime.max.replace(tzinfo=UTC)
        """When the reading under way, or the last one, began (UTC)."""

    async def read(self) -> AsyncIterator[Batch]:
        """Read until nothing new is shown; a page that is the only one needs no second reading.

        Raises:
            Unavailable: It changes faster than it can be read.
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
            self._keep(Amid(amid.start, amid.end, readings=number + 1, lasting=amid.lasting))
        self._going.amid = None
        raise Unavailable(
            self._way.endpoint.label,
            "changes faster than it can be read",
            "Run again when less is going on.",
        )

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
        endpoint = self._way.endpoint
        return client.pages(endpoint, limit=endpoint.max_page_size, cursor=cursor, **self._request)

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
