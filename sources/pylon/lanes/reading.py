"""Reading what lies in a stretch of time, window by window, so that no row is lost while the result changes.

Knows neither dlt nor which table it reads: the issues and every table with a time filter are read by it. It stands
with the lanes, not with the API, since it moves the watermark of what the copy holds.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ..api import unlisted, windows
from ..api.answers import Answer
from ..api.client import Client
from ..api.filters import Request, rfc3339
from ..api.windows import Window
from ..catalog import Endpoint
from ..copy.state import Stretch
from ..errors import LeftOut, Rejected, Unanswered, Unavailable
from ..rows.rows import Row, instant
from .bad import ELSEWHERE, LeavingOut, elsewhere, failure
from .looks import Look
from .moment import READINGS
from .pieces import Find, pieces
from .ways import Batch, Reader, Way, version

PROBES = 8
"""How many searches a stretch without rows may cost before it is read window by window."""


@dataclass(frozen=True, slots=True)
class Past:
    """How to go back in time: how to ask for a window, and how to find some row that is older than all read."""

    way: Way
    finder: Endpoint
    older: Callable[[datetime | None, datetime], Request]
    """The request for rows after an instant, where one is given, and before another."""


async def changes(
    reader: Reader,
    way: Way,
    past: Past,
    stretch: Stretch,
    lookback: timedelta,
    look: Look,
    page_size: int | None,
) -> AsyncIterator[Batch]:
    """Read what changed since the watermark, oldest window first, up to the present.

    The watermark ``changed_until`` moves only past windows that were read to their end. The first look of a run begins
    a lookback before it, so that an edit that the search index shows late is not missed. It moves by the earlier of two
    clocks, and reading goes on to the later one: whichever is wrong, nothing is passed over. What changes faster than
    it can be read is left to the next look: reading ends where the present was when it began. It ends for this run, and
    moves nothing, where the server does not tell what there is.
    """
    if not look.done and look.goal is None:
        for its, of_history in ((way, False), (past.way, True)):
            async for batch in _left(reader, its, past, stretch, of_history=of_history):
                yield batch
    start, goal = stretch.look(lookback, anew=not look.done), look.goal
    leaving = LeavingOut(reader, stretch, of_history=False)
    witness = _witness(reader.client, past, way.stamp)
    while True:
        behind, window = start, _readable(stretch, start)
        async for piece, batch in pieces(
            reader, way, window, stretch.forwards, newest_first=False, page_size=page_size, witness=witness
        ):
            yield replace(batch, again=True)
            leaving.see(piece, batch)
            present = batch.sent_at + reader.client.ahead
            goal = goal or present
            look.aim(goal)
            if piece is None:
                continue
            if not batch.whole and batch.error is None:  # the next run goes on from here
                look.end()
                return
            # a moment that is known to fail lies before it
            stretch.looked(Window(behind, piece.end), batch.sent_at, present, lookback)
            behind = piece.end
            if goal <= piece.end:
                stretch.end_look()
                look.end()
                return
        start = window.end


async def newest_to_oldest(
    reader: Reader, past: Past, stretch: Stretch, floor: datetime | None, page_size: int | None
) -> AsyncIterator[tuple[Window | None, Batch]]:
    """Read all rows between ``floor`` and ``history_until``, and move that as it goes.

    Windows are as wide as a page probably holds; stretches without a row are skipped. Yields as :func:`.pieces`. Where
    the server does not tell what there is, it ends before the history is done.
    """
    leaving = LeavingOut(reader, stretch, of_history=True)
    witness = _witness(reader.client, past, past.way.stamp)
    while not stretch.history_done(floor):
        going = stretch.backwards
        window = windows.before(stretch.history_until, going.width, floor)
        count = 0
        async for piece, batch in pieces(
            reader, past.way, window, going, newest_first=True, page_size=page_size, witness=witness
        ):
            leaving.see(piece, batch)
            if not batch.whole and batch.error is None:
                return
            yield piece, batch
            # what is no row is no sign of a past to be read
            count += sum(row.get("id") is not None for row in batch.rows)
            if piece:
                stretch.history_until = piece.start
        if count == 0 and not stretch.history_done(floor) and not await _skip_gap(reader, past, stretch):
            return


async def _left(
    reader: Reader, way: Way, past: Past, stretch: Stretch, *, of_history: bool
) -> AsyncIterator[Batch]:
    """Read what was left out before; what of a moment is told is left out no more, so that a turn may end amid it."""
    strict, witness = replace(reader, leave_out=None), _witness(reader.client, past, way.stamp)
    for window in stretch.left_out(of_history=of_history):
        rest = window
        try:
            if error := await failure(reader.client, way, window):
                raise error
            async for piece, batch in pieces(
                strict, way, window, stretch.late, newest_first=False, page_size=None, witness=witness
            ):
                yield replace(batch, again=True, left=True)
                if piece and batch.whole:
                    told, rest = rest, Window(piece.end, window.end)
                    others = [other for other in stretch.left_out(of_history=of_history) if other != told]
                    still = [rest] if rest.start < rest.end else []
                    stretch.leave_out([*others, *still], of_history=of_history)
        except (Unavailable, Rejected) as why:
            if reader.leave_out:
                reader.leave_out(LeftOut(why, *map(rfc3339, rest.asked)))
        stretch.late.stored.clear()


def _readable(stretch: Stretch, start: datetime) -> Window:
    """Return the widest window from an instant on, or from behind it, without a moment that is known to fail."""
    for left in sorted(stretch.changes_left, key=lambda left: left.start):
        if left.start <= start:
            start = max(start, left.end)
        else:
            return Window(start, min(left.start, windows.after(start).end))
    return windows.after(start)


def _any_row(past: Past, now: datetime) -> Request:
    """Return the request for all rows that there are, read or not."""
    return past.older(None, now + windows.WIDEST)


def _witness(client: Client, past: Past, stamp: str) -> Find:
    """Return what finds the time in a field of some row that there is."""

    async def find(now: datetime) -> datetime | None:
        page = await client.first_page(past.finder, **_any_row(past, now), limit=1)
        return next((at for row in page.rows if row and (at := instant(row.get(stamp)))), None)

    return find


async def _skip_gap(reader: Reader, past: Past, stretch: Stretch) -> bool:
    """Jump to the newest row that is older than what was read; without one, the history is complete.

    Returns:
        Whether it could be told.

    Which of the results comes first is undocumented, so it may be older than others: these are asked for, until none
    is left. Where that takes too long, nothing is skipped, and the next window is read as any other.
    """
    until = stretch.history_until
    newest: datetime | None = None
    for _ in range(PROBES):
        try:
            page = await _older(reader.client, past, newest and newest + windows.PAD, until)
        except Unanswered as error:
            if not reader.leave_out or until <= ELSEWHERE.end:
                raise
            request = past.older(ELSEWHERE.start, ELSEWHERE.end)
            await elsewhere(reader.client.first_page(past.finder, **request, limit=1), error)
            newest = until  # some row makes it fail, which a window will meet
            break
        if page is None:
            return False
        created = _time_of_some(past, page, until)
        if created is None:
            break
        # an older one again: the server minds no lower bound, so that the gap cannot be told
        newest = (
            until
            if newest and created < newest
            else max(created, newest + windows.PAD if newest else created)
        )
    else:
        newest = until
    if newest is None:
        stretch.history_complete = True
    else:
        stretch.history_until = min(until, newest + windows.PAD)
    return True


async def _older(client: Client, past: Past, after: datetime | None, before: datetime) -> Answer | None:
    """Return a page with some row in a range, if there is one; ``None``: that cannot be told."""

    async def ask(request: Request) -> Answer:
        return await client.first_page(past.finder, **request, limit=1)

    async def shows_rows() -> bool:
        return bool((await ask(_any_row(past, page.sent_at))).rows)

    wanted = past.older(after, before)
    page = await ask(wanted)
    return await unlisted.believed(page, lambda: ask(wanted), shows_rows, client.paging.of(past.finder.name))


def _time_of_some(past: Past, page: Answer, before: datetime) -> datetime | None:
    """Return the time of some row of a page, ``None`` if there is none.

    Raises:
        Unavailable: The server ignores the range.
    """
    rows = list(filter(None, page.rows))
    if not rows:
        return None
    stamp = past.way.stamp
    found = instant(rows[0].get(stamp))
    if found is None or found > before + windows.PAD:
        raise Unavailable(
            past.finder.label,
            f"ignores its filter: asked for {stamp} before {rfc3339(before)}, it gave one of"
            f" {rows[0].get(stamp)}",
            "Report it to Pylon.",
        )
    return found


def is_news(row: Row, newest: dict[str, datetime]) -> bool:
    """Say whether a row is no older than the one already read in this turn, and remember it.

    An index that trails may show an older version than the one that was read before.
    """
    updated, row_id = instant(row.get("updated_at")), row.get("id")
    if updated is None or not isinstance(row_id, str):
        return True
    if updated < newest.get(row_id, updated):
        return False
    newest[row_id] = updated
    return True


async def read_until_settled(read: Callable[[], AsyncIterator[Answer]], label: str) -> Batch:
    """Read a list of several pages until two readings in a row show the same rows; one page needs no second reading.

    Raises:
        Unavailable: It changes faster than it can be read.
    """
    before: object = None
    for _ in range(READINGS):
        pages = [page async for page in read()]
        found = [row for page in pages for row in page.rows]
        rows = {version(row) for row in found} if len(pages) > 1 else None
        if rows is None or rows == before:
            return Batch(found, pages[0].sent_at, all(page.whole for page in pages))
        before = rows
    raise Unavailable(label, "changes faster than it can be read", "Run again when less is going on.")
