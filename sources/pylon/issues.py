"""Which issues changed, and which there are: the two lanes that fill the table ``issues``."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from . import windows
from .answers import Answer
from .catalog import ENDPOINTS, Endpoint
from .client import Client
from .errors import PylonError, TurnOver, Unavailable
from .rows import Row, instant
from .turn import Turn
from .windows import Window

State = dict[str, Any]
"""The lanes' progress, kept in dlt's state: ISO 8601 instants in UTC."""

READINGS = 6
"""How often a list that does not fit one page is read until two readings agree."""

PROBES = 8
"""How many searches a stretch without issues may cost before it is read window by window."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows that were read, with the server's time at which they held."""

    rows: list[Row]
    sent_at: datetime


@dataclass(frozen=True, slots=True)
class Way:
    """One way to ask for the issues of a window: the endpoint, the request, and the field that it filters on."""

    endpoint: Endpoint
    request: Callable[[Window], dict[str, Any]]
    stamp: str


def _listing(window: Window) -> dict[str, Any]:
    start, end = window.asked
    return {"query": {"start_time": rfc3339(start), "end_time": rfc3339(end)}}


def _updated(window: Window) -> dict[str, Any]:
    start, end = window.asked
    values = [rfc3339(start), rfc3339(end)]
    return {"body": {"filter": {"field": "updated_at", "operator": "time_range", "values": values}}}


BY_CREATION = Way(ENDPOINTS["list_issues"], _listing, "created_at")
BY_UPDATE = Way(ENDPOINTS["search_issues"], _updated, "updated_at")


async def changes(turn: Turn, state: State) -> AsyncIterator[Batch]:
    """Read the issues that were updated since the watermark, oldest window first.

    The watermark ``changed_until`` moves only past windows that were read to their end. Each run begins a lookback
    before it, so that an edit that the search index shows late is not missed.
    """
    lookback = timedelta(seconds=turn.settings.lookback_seconds)
    start = _parse(state["changed_until"]) - lookback
    lane = turn.report.lanes["changes"]
    while True:
        window = windows.after(start)
        reached: datetime | None = None
        async for piece, batch in read_window(turn.client, BY_UPDATE, window, newest_first=False):
            yield batch
            lane.done += len(batch.rows)
            reached = min(piece.end, batch.sent_at)
            state["changed_until"] = _later(state["changed_until"], reached)
        if reached is None or reached < window.end:
            return
        start = window.end


async def history(turn: Turn, state: State) -> AsyncIterator[Batch]:
    """Read all issues by creation, newest window first, from the first run back to the start of the workspace."""
    lane = turn.report.lanes["history"]
    page_size = turn.settings.limit(BY_CREATION.endpoint)
    async for piece, batch in newest_to_oldest(turn.client, state, turn.settings.start_date, page_size):
        yield batch
        lane.done += len(batch.rows)
        lane.note = f"back to {piece.start:%Y-%m-%d}"
        turn.progress()


async def newest_to_oldest(
    client: Client, state: State, floor: datetime | None, page_size: int | None
) -> AsyncIterator[tuple[Window, Batch]]:
    """Read all issues that were created between ``floor`` and ``history_until``, and move that as it goes.

    Windows are as wide as a page probably holds; stretches without an issue are skipped.
    """
    while not history_done(state, floor):
        width = timedelta(seconds=state.get("history_width", windows.WIDEST.total_seconds()))
        window = windows.before(_parse(state["history_until"]), width, floor)
        count = 0
        async for piece, batch in read_window(client, BY_CREATION, window, newest_first=True):
            yield piece, batch
            count += len(batch.rows)
            state["history_until"] = piece.start.isoformat()
        state["history_width"] = windows.next_width(window, count, page_size or count).total_seconds()
        if count == 0 and not history_done(state, floor):
            await _skip_gap(client, state)


def history_done(state: State, floor: datetime | None) -> bool:
    """Say whether the history was read back to ``floor``, or to the start of the workspace."""
    if state.get("history_complete"):
        return True
    return floor is not None and _parse(state["history_until"]) <= floor


async def begin(turn: Turn, state: State) -> None:
    """Fix the moment that divides history from changes: the server's time at the first run."""
    if "changed_until" not in state:
        now = await turn.client.now()
        state["begun_at"] = state["changed_until"] = now.isoformat()
        state["history_until"] = (now + windows.PAD).isoformat()


async def _skip_gap(client: Client, state: State) -> None:
    """Jump to the newest issue that is older than what was read; without one, the history is complete.

    Which of the results comes first is undocumented, so it may be older than others: these are asked for, until none
    is left. Where that takes too long, nothing is skipped, and the next window is read as any other.
    """
    until = _parse(state["history_until"])
    newest: datetime | None = None
    for _ in range(PROBES):
        created = await _any_created(client, newest and newest + windows.PAD, until)
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
        state["history_complete"] = True
    else:
        state["history_until"] = min(until, newest + windows.PAD).isoformat()


async def _any_created(client: Client, after: datetime | None, before: datetime) -> datetime | None:
    """Return when some issue in a range was created, ``None`` if there is no issue.

    Raises:
        Unavailable: The server ignores the range.
    """
    condition: dict[str, Any] = {
        "field": "created_at",
        "operator": "time_is_before",
        "value": rfc3339(before),
    }
    if after is not None:
        later = {"field": "created_at", "operator": "time_is_after", "value": rfc3339(after)}
        condition = {"operator": "and", "subfilters": [condition, later]}
    page = await client.first_page(BY_UPDATE.endpoint, body={"filter": condition}, limit=1)
    if not page.rows:
        return None
    created = instant(page.rows[0].get("created_at"))
    if created is None or created > before + windows.PAD:
        raise Unavailable(
            f"{BY_UPDATE.endpoint.label} ignores its filter: asked for issues created before"
            f" {rfc3339(before)}, it gave one of {page.rows[0].get('created_at')}.",
            "Report it to Pylon.",
        )
    return created


def is_news(row: Row, newest: dict[str, datetime], floor: datetime | None) -> bool:
    """Say whether a row belongs into this load, and remember it.

    An index that trails may show an older version of an issue than the one already read in this turn; and the
    search finds issues that were created before the start date.
    """
    created = instant(row.get("created_at"))
    if floor is not None and created is not None and created < floor:
        return False
    updated, issue_id = instant(row.get("updated_at")), row.get("id")
    if updated is None or not isinstance(issue_id, str):
        return True
    if updated < newest.get(issue_id, updated):
        return False
    newest[issue_id] = updated
    return True


async def read_window(
    client: Client, way: Way, window: Window, *, newest_first: bool
) -> AsyncIterator[tuple[Window, Batch]]:
    """Read a window in pieces that each fit one page, so that no row can slip through between two pages.

    A result that changes between two of its pages can lose the row at the seam: an edited issue leaves the window,
    the rest move up. So a window whose rows do not fit is cut, and one that cannot be cut is read until two readings
    agree. The pieces come in order, without a gap.
    """
    stack = [window]
    while stack:
        piece = stack.pop()
        page = await client.first_page(way.endpoint, **way.request(piece))
        if not page.more:
            yield piece, Batch(page.rows, page.sent_at)
            continue
        stamps = [stamp for row in page.rows if (stamp := instant(row.get(way.stamp)))]
        _expect_filter(way, piece, stamps)
        at = windows.cut_point(piece, stamps, page.sent_at)
        if at is None:
            yield piece, await _settled(client, way, piece)
        else:
            older, newer = piece.cut(at)
            stack += [older, newer] if newest_first else [newer, older]


async def read_until_settled(read: Callable[[], AsyncIterator[Answer]], label: str) -> Batch:
    """Read a list of several pages until two readings in a row show the same rows; one page needs no second reading.

    Raises:
        Unavailable: It changes faster than it can be read.
    """
    before: object = None
    for _ in range(READINGS):
        pages = [page async for page in read()]
        rows = {_identity(row): row for page in pages for row in page.rows}
        if len(pages) == 1 or rows.keys() == before:
            return Batch([row for page in pages for row in page.rows], pages[0].sent_at)
        before = rows.keys()
    raise Unavailable(f"{label} changes faster than it can be read.", "Run again when less is going on.")


async def _settled(client: Client, way: Way, piece: Window) -> Batch:
    limit = way.endpoint.max_page_size
    return await read_until_settled(
        lambda: client.pages(way.endpoint, limit=limit, **way.request(piece)), way.endpoint.label
    )


def _identity(row: Row) -> tuple[Any, Any]:
    return row.get("id"), row.get("updated_at")


def _expect_filter(way: Way, piece: Window, stamps: list[datetime]) -> None:
    """A server that ignores the filter (an unknown field is ignored without a word) would be asked for ever."""
    if stamps and not any(piece.holds(stamp) for stamp in stamps):
        start, end = (rfc3339(bound) for bound in piece.asked)
        raise Unavailable(
            f"{way.endpoint.label} ignores its filter: no row of a full page has {way.stamp} from {start} to {end}.",
            "Report it to Pylon.",
        )


def rfc3339(instant_: datetime) -> str:
    """Format an instant as the API takes it, in UTC with ``Z``; the fraction only where there is one."""
    return instant_.isoformat().replace("+00:00", "Z")


def _parse(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _later(known: str, reached: datetime) -> str:
    return max(_parse(known), reached).isoformat()


async def side_by_side(turn: Turn, lanes: Mapping[str, AsyncIterator[Batch]]) -> AsyncGenerator[Batch, None]:
    """Merge lanes that each wait at their own endpoint's pace; one that stops does not stop the others.

    A lane goes on, and moves its state, only once its batch has been taken: what could not be stored is read again.
    """
    queue: asyncio.Queue[tuple[Batch, asyncio.Event] | None] = asyncio.Queue()

    async def drain(name: str, lane: AsyncIterator[Batch]) -> None:
        try:
            with turn.unit():
                async for batch in lane:
                    taken = asyncio.Event()
                    queue.put_nowait((batch, taken))
                    await taken.wait()
        except TurnOver:
            turn.control.unfinished = True
        except PylonError as error:
            turn.fail(name, error)
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
