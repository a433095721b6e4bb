"""The rows of a table with a time filter, parent by parent: what changed since the last run, all of it in the first."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa

from ..api.answers import Answer
from ..api.filters import Request, before_and_after, joined, rfc3339, time_range
from ..api.windows import Window
from ..catalog import Feed, Table
from ..copy.state import Stretch
from ..errors import PylonError, Unanswered
from ..rows.rows import distinct, keys_of, to_arrow
from . import reading, shown_again
from .clocks import set_back
from .looks import Look
from .reading import Past
from .turn import Turn, keyed
from .ways import Batch, Reader, Way
from .whole import asked_for


@dataclass
class Stream:
    """The rows of one parent, or of the whole table where it has none."""

    parent: str
    stretch: Stretch
    newest: dict[str, datetime] = field(default_factory=dict)


class Streams:
    """Reads the streams of one table up to the present.

    Args:
        turn: The turn that it is part of.
        table: An incremental table.
    """

    def __init__(self, turn: Turn, table: Table[Feed]) -> None:
        self._turn = turn
        self._table = table
        self._feed = table.read
        self.seen: set[tuple[str, ...]] = set()
        """The keys of all rows that were read."""
        self.whole = turn.control.at_once[table.name]
        """The parents of which this run has read all rows at once."""

    async def read(self, stream: Stream) -> AsyncIterator[pa.Table]:
        """Read the rows of one parent up to the present; once in a run."""
        client, stretch = self._turn.client, stream.stretch
        if stretch.history_complete and self._look(stream).done:
            return
        await set_back(self._turn, self._table, stretch, self._feed.created, stream.parent)
        if not stretch.begun:
            page = await self._first(stream)
            if page and not page.listed:
                return  # that it holds nothing, or was not told: the next run begins here too
            if page and not page.more:
                if batch := await self._news(stream, Batch(page.rows, page.sent_at)):
                    yield batch
                self.whole.add(stream.parent)
            stretch.begin(page.sent_at if page else await client.now())
            stretch.history_complete = page is not None and not page.more
        else:
            async for found in self._changes(stream):
                if batch := await self._news(stream, found):
                    yield batch
        past, reader = self._past(stream), self._reader(stream, self._feed.created)
        page_size = self._turn.settings.limit(self._feed.search)
        async for _, found in reading.newest_to_oldest(reader, past, stretch, None, page_size):
            if batch := await self._news(stream, found):
                yield batch
            self._turn.budget.progress()

    def _changes(self, stream: Stream) -> AsyncIterator[Batch]:
        settings, feed = self._turn.settings, self._feed
        lookback = timedelta(seconds=max(settings.lookback_seconds, feed.lookback_seconds))
        reader, way = self._reader(stream, feed.changed), self._way(stream, feed.changed)
        page_size = settings.limit(feed.search)
        past = self._past(stream)
        return reading.changes(reader, way, past, stream.stretch, lookback, self._look(stream), page_size)

    def _look(self, stream: Stream) -> Look:
        return self._turn.control.looks.of(self._table.name, stream.parent)

    def _reader(self, stream: Stream, stamp: str) -> Reader:
        return shown_again.reader(self._turn, self._table, stamp, stream.parent)

    async def _first(self, stream: Stream) -> Answer | None:
        """Return the first page of the list, which may be all there is; ``None`` where the search does without it."""
        endpoint = self._feed.endpoint
        if endpoint is not self._feed.search and self._turn.lacking.known([endpoint]):
            return None
        try:
            return await self._turn.client.first_page(endpoint, **self._asked(stream))
        except PylonError as error:
            if endpoint is self._feed.search:
                raise
            if await self._turn.lacking.is_so(endpoint, error, [self._table]):
                return None
            if isinstance(error, Unanswered):  # one row may make it fail, and the search shows all others
                return None
            raise

    async def _news(self, stream: Stream, found: Batch) -> pa.Table | None:
        known = keyed(self._turn, self._table, found.rows)
        rows = distinct(self._table, [row for row in known if reading.is_news(row, stream.newest)])
        return await self._batch(stream, replace(found, rows=rows)) if rows else None

    async def _batch(self, stream: Stream, found: Batch) -> pa.Table | None:
        """Turn rows into a batch, and tell those who hang on them."""
        table = self._table
        given: dict[str, Any] = {"_synced_at": self._turn.stamp(found.sent_at)}
        if table.parent:
            given[table.parent] = stream.parent
        batch = to_arrow(table, found.rows, given, self._turn.settings.masks)
        self.seen |= keys_of(table, batch)
        await self._turn.stock.offer(table.name, found.rows, found.sent_at)
        news = shown_again.changed(self._turn, table, batch) if found.again else batch
        return self._turn.count(table, news, news.num_rows) if news else None

    # -- how to ask ------------------------------------------------------------------------------------------------

    def _asked(self, stream: Stream) -> Request:
        return asked_for(self._table, (), stream.parent)

    def _way(self, stream: Stream, column: str) -> Way:
        def request(window: Window) -> Request:
            if self._feed.bounds is None:
                return joined(time_range(column, window), self._asked(stream))
            query = dict(zip(self._feed.bounds, map(rfc3339, window.asked), strict=True))
            return joined({"query": query}, self._asked(stream))

        also = self._feed.created if self._feed.bounds is None else ""
        return Way(self._feed.search, request, column, also if also != column else "")

    def _past(self, stream: Stream) -> Past:
        def older(after: datetime | None, before: datetime) -> Request:
            if self._feed.bounds is None:
                stretch = before_and_after(self._feed.created, after, before)
                return joined(stretch, self._asked(stream))
            instants = zip(self._feed.bounds, (after, before), strict=True)
            query = {name: rfc3339(bound) for name, bound in instants if bound}
            return joined({"query": query}, self._asked(stream))

        return Past(self._way(stream, self._feed.created), self._feed.search, older)
