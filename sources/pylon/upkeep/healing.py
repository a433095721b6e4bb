"""What a complete listing mends: issues that the copy lacks, holds in an older version, or holds otherwise.

A listing is asked for once a day to find what was deleted, and its rows come for the same price. They show what the
search showed later than the lookback, and edits that moved no ``updated_at``. What differs at each reading is no edit:
before the first rows of that kind are loaded, their page is read again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa

from ..catalog import ISSUES, TABLES
from ..copy import known
from ..copy.comparing import typed
from ..copy.copied import Copied
from ..copy.leaving import Leaving
from ..copy.state import SourceState
from ..lanes import late
from ..rows.rows import Row, instant, to_arrow
from ..settings import Settings
from .readings import Readings, Typed
from .set_back import SetBack
from .slim import One, SlimListing

Again = Callable[[datetime, datetime], Awaitable[Sequence[Row]]]
"""Lists the issues that were created from one time to another (UTC) once more; none, where that fails."""

_TICK = timedelta(microseconds=1)


class Healing:
    """Compares what is listed with the copy and keeps what has to be loaded anew.

    Args:
        settings: The reader's settings.
        copied: What the copy holds.
        state: How far the issues have been read, since what is yet to be read is not missing; when the copy was last
            compared with a complete listing; and what differs at each reading.
        now: The present (UTC).
        again: How to read issues once more.
        one: How to ask for one of them.
    """

    def __init__(
        self, settings: Settings, copied: Copied, state: SourceState, now: datetime, again: Again, one: One
    ) -> None:
        stretch = state.issues
        self._copied = copied
        self._masks = settings.masks
        self.before = known.count(copied, before=settings.start_date) if settings.start_date else 0
        """How many issues of the copy were created before the start date: no listing shows them, and they stay."""
        self.stored = known.count(copied) - self.before
        """How many issues of the copy were not."""
        self._lookback = timedelta(seconds=settings.lookback_seconds)
        self._passed = stretch.changed_until if stretch.begun else None
        self._compared = state.reconciled_at or stretch.begun_at
        self._floor = settings.start_date
        if stretch.begun and not stretch.history_done(settings.start_date):
            self._floor = stretch.history_until
        self._batches: list[pa.Table] = []
        self._last: datetime | None = None
        self._overdue = 0
        self._again = again
        self._slim = SlimListing(one, Leaving.of(state, ISSUES.read.endpoint.name).left_out.keys())
        self.set_back = SetBack(one, self._lookback)
        self.readings = Readings(TABLES["issues"], state, now)
        """What differs at each reading."""
        self._mended: dict[str, datetime | None] = {}

    @property
    def ids(self) -> Collection[str]:
        """The issues that have to be loaded anew."""
        return self._mended.keys()

    @property
    def batch(self) -> pa.Table | None:
        """What has to be loaded into ``issues``; ``None``: nothing."""
        return pa.concat_tables(self._batches) if self._batches else None

    async def see(self, rows: Sequence[Row], sent_at: datetime, ahead: timedelta) -> None:
        """Compare rows that were listed; ``ahead``: how far the server's clock is ahead of this time."""
        if self._passed is None:
            return  # nothing has been read yet
        self._slim.see(rows)
        wanted = [row for row in rows if self._is_ours(row)]
        held = self._known(wanted)
        news = {row["id"]: row for row in wanted if _is_newer(row, held)}
        edited = await self._edited([row for row in wanted if row["id"] not in news], held)
        back = await self.set_back.among(wanted, held, sent_at + ahead)
        if not (found := [*await self._whole(news), *edited, *back]):
            return
        self._overdue += sum(self._came_too_late(row) for row in news.values())
        self._last = max(sent_at, self._last + _TICK) if self._last else sent_at
        self._batches.append(to_arrow(TABLES["issues"], found, {"_synced_at": self._last}, self._masks))
        self._mended |= {row["id"]: instant(row.get("updated_at")) for row in found}

    async def _whole(self, news: Mapping[str, Row]) -> list[Row]:
        """Return rows of a newer version, with what the list leaves out of them."""
        copies = {row["id"]: row for row in self._copied.rows(TABLES["issues"], "id", list(news))}
        found = [await self._slim.whole(row, copies.get(id_, {})) for id_, row in news.items()]
        return list(filter(None, found))

    def note(self, state: SourceState) -> None:
        """Write into the source's state how many issues were later than the lookback."""
        if self._last:
            late.remember(state, [self._lookback.total_seconds()] * self._overdue, self._last, beyond=True)

    def _is_ours(self, row: Row) -> bool:
        created = instant(row.get("created_at"))
        return not (self._floor and created and created < self._floor)

    def _known(self, rows: Sequence[Row]) -> dict[str, datetime | None]:
        """Return up to when each of some issues is known, or will be once :attr:`batch` is loaded, by its id.

        They are looked up by their time: a page is a stretch of it, and databases skip what lies outside.
        """
        created = [at for row in rows if (at := instant(row.get("created_at")))]
        found = known.updates_between(self._copied, min(created), max(created)) if created else {}
        # what is new, and what the copy holds with another time
        others = [row["id"] for row in rows if row["id"] not in found]
        mended = {row["id"]: self._mended[row["id"]] for row in rows if row["id"] in self._mended}
        return {**found, **known.updates_of(self._copied, others), **mended}

    def _came_too_late(self, row: Row) -> bool:
        """Whether no later search would have shown it.

        What bears an older time than the last comparison was not late: an import wrote it since, with times of old.
        """
        updated = instant(row.get("updated_at"))
        if updated is None or self._passed is None or self._compared is None:
            return False
        return self._compared <= updated < self._passed - self._lookback

    async def _edited(self, rows: Sequence[Row], known: Mapping[str, datetime | None]) -> list[Row]:
        """Return the rows of the version that the copy holds which it holds otherwise."""
        # a row without a time may have been edited at any
        same = [row for row in rows if instant(row.get("updated_at")) in (None, known[row["id"]])]
        created = [at for row in same if (at := instant(row.get("created_at")))]
        if not created:
            return []
        copies = self._copied.between(TABLES["issues"], "created_at", min(created), max(created))
        held = {row["id"]: row for row in copies}
        seen = {row["id"]: row for row in typed(TABLES["issues"], same, self._masks)}

        def edited() -> list[Row]:
            ours = (row for row in same if row["id"] in held)
            return [row for row in ours if self.readings.differing(seen[row["id"]], held[row["id"]])]

        found = edited()
        while found and self.readings.open:
            await self._read_again(found, seen)
            found = edited()
            # two readings of a short list are in the same order often enough, which says nothing
            if not any(self.readings.shuffled(seen[row["id"]], held[row["id"]]) for row in found):
                break
        return await self._completed(found, seen, held)

    async def _completed(
        self, found: Sequence[Row], seen: Mapping[str, Typed], held: Mapping[str, Typed]
    ) -> list[Row]:
        """Return those of some rows that differ from the copy, with what the list leaves out of them."""
        edited = []
        for row in found:
            copy = held[row["id"]]
            whole = await self._slim.whole(row, copy, self.readings.differing(seen[row["id"]], copy))
            if whole is row or (whole and self._differs(whole, copy)):
                edited.append(whole)
        return edited

    def _differs(self, row: Row, held: Typed) -> bool:
        (wanted,) = typed(TABLES["issues"], [row], self._masks)
        return bool(self.readings.differing(wanted, held))

    async def _read_again(self, rows: Sequence[Row], seen: Mapping[str, Mapping[str, Any]]) -> None:
        """Find out what differs although nobody changed it."""
        created = [at for row in rows if (at := instant(row.get("created_at")))]
        again = await self._again(min(created), max(created))
        twice = typed(TABLES["issues"], again, self._masks)
        self.readings.learn([(seen[row["id"]], row) for row in twice if row["id"] in seen])


def _is_newer(row: Row, held: Mapping[str, datetime | None]) -> bool:
    if row["id"] not in held:
        return True
    updated, known = instant(row.get("updated_at")), held[row["id"]]
    return updated is not None and (known is None or updated > known)
