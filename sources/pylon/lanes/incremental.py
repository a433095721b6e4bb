"""Tables with a time filter: what changed since the last run, all of it in the first, and now and then a whole listing.

A listing finds what the time filter cannot: rows that were deleted, and edits that move no time.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa

from ..api.filters import Request, before_and_after, joined, rfc3339, time_range
from ..api.windows import Window
from ..catalog import Configured, Feed, Table
from ..copy.intervals import reading_due_at
from ..copy.state import CollectionState, Stretch
from ..errors import GONE, PermissionDenied, Rejected, Unavailable
from ..rows.rows import to_arrow, tombstones
from . import reading
from .clocks import set_back
from .departures import may_go
from .directory import Reading, asked_for, keys_of, parents
from .reading import Batch, Past, Way
from .turn import Turn

NOBODY = "00000000-0000-4000-8000-000000000000"
"""The id of a parent that there is not."""
REFUSED = GONE | {400}
"""How a search may answer that it knows no such parent."""


async def refresh(turn: Turn, table: Table[Feed], state: CollectionState) -> AsyncIterator[pa.Table]:
    """Read what changed, and the whole table where that is due; once in a run.

    Args:
        turn: The turn that it is part of.
        table: An incremental table.
        state: How far each of its parents was read, and when it was last listed whole.
    """
    if table.name in turn.control.caught_up:
        return
    turn.report.expect("directory", table.name)
    lane = _Lane(turn, table, state)
    try:
        async for batch in lane.read():
            yield batch
    except PermissionDenied as error:
        turn.report.warn(f"{table.name} is not read: {error}")
    else:
        turn.report.lanes["directory"].done += 1
    if not lane.again:
        turn.control.caught_up.add(table.name)


@dataclass
class _Stream:
    """The rows of one parent, or of the whole table where it has none."""

    parent: str
    stretch: Stretch
    newest: dict[str, datetime] = field(default_factory=dict)


class _Lane:
    def __init__(self, turn: Turn, table: Table[Feed], state: CollectionState) -> None:
        self._turn = turn
        self._table = table
        self._feed = table.read
        self._setting = ""
        """Names the parents, where the user does."""
        if table.per and isinstance(table.per.parents, Configured):
            self._setting = table.per.parents.setting
        self._state = state
        self._seen: set[tuple[str, ...]] = set()
        self._whole: set[str] = set()
        self.again = False

    async def read(self) -> AsyncIterator[pa.Table]:
        """Read each parent up to the present; then list the table, if that is due."""
        began = datetime.now(UTC)
        await self._expect_filter()
        named = await parents(self._turn, self._table)
        for parent in named:
            with self._forgiving(parent), self._turn.budget.unit():
                async for batch in self._stream(_Stream(parent, self._state.stream(parent))):
                    yield batch
        self._state.forget_all_but(named)
        if self._setting and not named:
            return
        if named and self._whole >= set(named):
            self._state.refreshed_at = began
        elif reading_due_at(self._table, self._turn.settings, self._state, began) <= began:
            with self._turn.budget.unit(patient=True):
                async for batch in self._listing():
                    yield batch

    async def _expect_filter(self) -> None:
        """A search that ignores its filter (as it does a misspelt one) would give every row to each parent.

        Raises:
            Unavailable: The search gives rows of a parent that there is not.
        """
        asked = asked_for(self._table, (), NOBODY)
        if "body" not in asked or self._state.filter_minded:
            return
        endpoint = self._feed.search
        try:
            page = await self._turn.client.first_page(endpoint, **asked, limit=1)
        except Rejected as error:
            if error.status not in REFUSED:
                raise
        else:
            if page.rows:
                raise Unavailable(
                    endpoint.label,
                    f"ignores its filter: it gave a row of a {self._table.parent} that there is not",
                    f"Leave {self._table.name} out, and report it to Pylon.",
                )
        self._state.filter_minded = True

    @contextmanager
    def _forgiving(self, parent: str) -> Iterator[None]:
        """A parent that is not there has no rows."""
        try:
            yield
        except Rejected as error:
            if error.status not in GONE:
                raise
            if self._setting:
                self._turn.report.warn(f"{self._setting} names {parent!r}, which Pylon does not know.")

    async def _stream(self, stream: _Stream) -> AsyncIterator[pa.Table]:
        client, stretch = self._turn.client, stream.stretch
        await set_back(self._turn, self._table, stretch, self._feed.created, stream.parent)
        if not stretch.begun:
            page = await client.first_page(self._feed.endpoint, **self._asked(stream))
            if not page.more:
                if page.rows:
                    yield await self._batch(stream, Batch(page.rows, page.sent_at))
                self._whole.add(stream.parent)
            stretch.begin(page.sent_at)
            stretch.history_complete = not page.more
        else:
            seconds = max(self._turn.settings.lookback_seconds, self._feed.lookback_seconds)
            way = self._way(stream, self._feed.changed)
            async for _, found in reading.changes(client, way, stretch, timedelta(seconds=seconds)):
                if batch := await self._news(stream, found):
                    yield batch
        page_size = self._turn.settings.limit(self._feed.search)
        async for _, found in reading.newest_to_oldest(client, self._past(stream), stretch, None, page_size):
            if batch := await self._news(stream, found):
                yield batch
            self._turn.budget.progress()

    async def _news(self, stream: _Stream, found: Batch) -> pa.Table | None:
        rows = [row for row in found.rows if reading.is_news(row, stream.newest)]
        return await self._batch(stream, Batch(rows, found.sent_at)) if rows else None

    async def _batch(self, stream: _Stream, found: Batch) -> pa.Table:
        """Turn rows into a batch, and tell those who hang on them."""
        table = self._table
        given: dict[str, Any] = {"_synced_at": self._turn.stamp(found.sent_at)}
        if table.parent:
            given[table.parent] = stream.parent
        batch = to_arrow(table, found.rows, given, self._turn.settings.masks)
        self._seen |= keys_of(table, batch)
        await self._turn.stock.offer(table.name, found.rows, found.sent_at)
        return self._turn.count(table, batch, len(found.rows))

    async def _listing(self) -> AsyncIterator[pa.Table]:
        """List the table; what it lacks goes. Where rows can slip through between pages, two listings must lack it."""
        listing = Reading(self._turn, self._table)
        async for batch in listing.read():
            yield batch
        known = self._turn.contents.row_keys(self._table.name) | self._seen
        if listing.seams and listing.missing(known):
            async for batch in listing.read():
                yield batch
        if gone := listing.missing(known):
            if not await may_go(self._turn, self._table, gone, len(known), listing.began):
                self.again = self._table.name not in self._turn.report.stopped
                return
            keys = [dict(zip(self._table.key, key, strict=True)) for key in sorted(gone)]
            yield tombstones(self._table, keys, self._turn.stamp(listing.began))
            self._turn.left_behind(self._table)
        self._state.refreshed_at = listing.began

    # -- how to ask ------------------------------------------------------------------------------------------------

    def _asked(self, stream: _Stream) -> Request:
        return asked_for(self._table, (), stream.parent)

    def _way(self, stream: _Stream, column: str) -> Way:
        def request(window: Window) -> Request:
            if self._feed.bounds is None:
                return joined(time_range(column, window), self._asked(stream))
            query = dict(zip(self._feed.bounds, map(rfc3339, window.asked), strict=True))
            return joined({"query": query}, self._asked(stream))

        return Way(self._feed.search, request, column)

    def _past(self, stream: _Stream) -> Past:
        def older(after: datetime | None, before: datetime) -> Request:
            if self._feed.bounds is None:
                stretch = before_and_after(self._feed.created, after, before)
                return joined(stretch, self._asked(stream))
            instants = zip(self._feed.bounds, (after, before), strict=True)
            query = {name: rfc3339(bound) for name, bound in instants if bound}
            return joined({"query": query}, self._asked(stream))

        return Past(self._way(stream, self._feed.created), self._feed.search, older)
