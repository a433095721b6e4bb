"""Which issues changed, and which there are: the two lanes that fill the table ``issues``."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from datetime import datetime, timedelta
from functools import partial

from ..api.filters import Request, before_and_after, rfc3339, time_range
from ..api.windows import Window
from ..catalog import ENDPOINTS, HANGING, ISSUES
from ..copy.state import Stretch
from ..errors import TurnOver
from ..rows.rows import Row, instant
from . import reading, shown_again
from .clocks import set_back
from .reading import Past
from .turn import Turn
from .ways import Batch, Reader, Way


def _listing(window: Window) -> Request:
    start, end = window.asked
    return {"query": {"start_time": rfc3339(start), "end_time": rfc3339(end)}}


BY_CREATION = Way(ENDPOINTS["list_issues"], _listing, "created_at")
BY_UPDATE = Way(
    ENDPOINTS["search_issues"], partial(time_range, "updated_at"), "updated_at", also="created_at"
)
PAST = Past(BY_CREATION, BY_UPDATE.endpoint, partial(before_and_after, "created_at"))


async def changes(turn: Turn, stretch: Stretch) -> AsyncIterator[Batch]:
    """Read the issues that were updated since the watermark, oldest window first."""
    lookback = timedelta(seconds=turn.settings.lookback_seconds)
    page_size = turn.settings.limit(BY_UPDATE.endpoint)
    lane, look = turn.report.lanes["changes"], turn.control.looks.of(ISSUES.name)
    again = look.done
    children = [name for name, child in HANGING.items() if child.read.is_of_issues and name in turn.lanes]
    read = sum(turn.report.lanes[name].done for name in children)
    if again and stretch.history_done(turn.settings.start_date) and not turn.control.looks.worthwhile(read):
        return
    try:
        async for batch in reading.changes(
            _reader(turn), BY_UPDATE, PAST, stretch, lookback, look, page_size
        ):
            yield batch
            lane.done += len(batch.rows)
            if again:
                turn.control.looks.added += len(batch.rows) * len(children)
    except TurnOver:
        if not again:
            raise


async def history(turn: Turn, stretch: Stretch) -> AsyncIterator[Batch]:
    """Read all issues by creation, newest window first, from the first run back to the start of the workspace."""
    lane = turn.report.lanes["history"]
    page_size = turn.settings.limit(BY_CREATION.endpoint)
    floor = turn.settings.start_date
    async for piece, batch in reading.newest_to_oldest(_reader(turn), PAST, stretch, floor, page_size):
        yield batch
        lane.done += len(batch.rows)
        if piece:
            lane.note = f"back to {piece.start:%Y-%m-%d}"
        turn.budget.progress()


def _reader(turn: Turn) -> Reader:
    return shown_again.reader(turn, ISSUES, BY_UPDATE.stamp)


async def begin(turn: Turn, stretch: Stretch) -> None:
    """Fix the moment that divides history from changes at the first run; later, see that the watermark is possible."""
    await set_back(turn, ISSUES, stretch, "created_at")
    if not stretch.begun:
        known = turn.control.answers.get("me")
        stretch.begin(known.sent_at if known else await turn.client.now())


def is_news(row: Row, newest: dict[str, datetime], floor: datetime | None) -> bool:
    """Say whether a row belongs into this load, and remember it; the search finds issues before the start date."""
    created = instant(row.get("created_at"))
    if floor is not None and created is not None and created < floor:
        return False
    return reading.is_news(row, newest)


async def side_by_side(turn: Turn, lanes: Mapping[str, AsyncIterator[Batch]]) -> AsyncGenerator[Batch, None]:
    """Merge lanes that each wait at their own endpoint's pace; one that stops does not stop the others.

    A lane goes on, and moves its state, only once its batch has been taken: what could not be stored is read again.
    """
    queue: asyncio.Queue[tuple[Batch, asyncio.Event] | None] = asyncio.Queue()

    async def drain(name: str, lane: AsyncIterator[Batch]) -> None:
        try:
            async with turn.noting(name):
                with turn.budget.unit():
                    async for batch in lane:
                        taken = asyncio.Event()
                        queue.put_nowait((batch, taken))
                        await taken.wait()
        finally:
            queue.put_nowait(None)

    tasks = [asyncio.create_task(drain(name, lane)) for name, lane in lanes.items()]
    try:
        for _ in tasks:
            while (waiting := await queue.get()) is not None:
                batch, taken = waiting
                yield batch
                taken.set()
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
