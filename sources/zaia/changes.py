"""Which rows the copy has not yet, and which it has to give up: what a resource yields to dlt."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

import dlt

from .catalog import DELETIONS, Table
from .copy import Copy, Known
from .errors import Implausible
from .notes import Notes
from .rows import Row, digest, identified, to_row, tombstone, zoned

CATCH_ROWS, CATCH_SHARE = 10, 0.25
"""More than this many rows of a table, and more than that share of them, do not leave at once without being told to."""


class Stamps:
    """Times for ``_synced_at``: each later than the one before, since of two states of a row the later is kept.

    Args:
        now: Gives the present, with its zone.
    """

    def __init__(self, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._now = now
        self._last = datetime.min.replace(tzinfo=UTC)

    def next(self) -> datetime:
        """Return the present, or the moment after what was returned last."""
        self._last = max(self._now(), self._last + timedelta(microseconds=1))
        return self._last


class Changes:
    """Compares what is read of a table with what the copy has, and with what this run has read before.

    Args:
        table: The table.
        copy: The copy.
        notes: Where to tell what is odd.
        stamps: The times of the rows.
        zone: In which times are meant that come without a zone.
    """

    def __init__(
        self, table: Table, copy: Copy, notes: Notes, stamps: Stamps, zone: tzinfo | None = None
    ) -> None:
        self.table = table
        self.copy = copy
        self.before: Known = {}
        self.now: Known = {}
        """What this run has read that the copy does not have so."""
        self.whole = True
        """Whether every entry could be told from others."""
        self._notes = notes
        self._stamps = stamps
        self._zone = zone
        self._everything = False

    def know_all(self) -> Known:
        """Ask the copy for all of its rows at once, as a complete reading compares them, and return them."""
        if not self._everything:
            self.before, self._everything = self.copy.known(self.table), True
        return self.before

    def take(self, entries: list[Any]) -> tuple[set[str], list[Any]]:
        """Return the ids of what was read, and what there is to load of it: rows that are new or have changed."""
        sources, odd = identified(entries)
        sources = [zoned(self.table, source, self._zone) for source in sources]
        self.whole = self.whole and not odd
        self._notes.odd(self.table.name, odd)
        self._look_up({source["id"] for source in sources})
        news = [source for source in sources if self._is_news(source)]
        items: list[Any] = []
        if news:
            stamp = self._stamps.next()
            items.append([to_row(self.table, source, stamp) for source in news])
            self._notes.read[self.table.name] += len(news)
        unknown = [source["id"] for source in news if source["id"] not in self.before]
        if unknown and (records := self.copy.recorded(self.table, unknown)):
            items.append(
                _deletions([_record(self.table, *record) | {"_removed": True} for record in records])
            )
        return {source["id"] for source in sources}, items

    def count(self, status: str | None = None) -> int:
        """Return how many rows the copy will have with what this run has read, of tickets perhaps in one status."""
        stored = self.copy.count(self.table, status)
        gained = sum(status in {None, its} for _, its in self.now.values())
        lost = sum(key in self.before and status in {None, self.before[key][1]} for key in self.now)
        return stored + gained - lost

    def leave(self, gone: Iterable[str], evidence: str, parent: str = "") -> Iterator[Any]:
        """Take rows out of the copy, and write down in ``deletions`` that and why."""
        rows = sorted(gone)
        if not rows:
            return
        at = self._stamps.next()
        self._notes.removed[self.table.name] += len(rows)
        if not self.table.parent:  # else the scope of the parent does it
            yield [tombstone(row) for row in rows]
        given = {"detected_at": at, "evidence": evidence}
        yield _deletions([_record(self.table, row, parent) | given for row in rows])

    def _look_up(self, ids: Collection[str]) -> None:
        if not self._everything and (asked := [one for one in ids if one not in self.before]):
            self.before |= self.copy.known(self.table, asked)

    def _is_news(self, source: Row) -> bool:
        status = source.get("status")
        state = digest(self.table, source), status if isinstance(status, str) and self._has_status else None
        if self.now.get(source["id"], self.before.get(source["id"])) == state:
            return False
        self.now[source["id"]] = state
        return True

    @property
    def _has_status(self) -> bool:
        return any(column.name == "status" for column in self.table.columns)


def caught(missing: int, stored: int) -> bool:
    """Say whether more is missing than can be believed: all there was, or too great a part of it."""
    return missing > 0 and (missing >= stored or (missing > CATCH_ROWS and missing > stored * CATCH_SHARE))


def implausible(missing: int, stored: int) -> Implausible:
    """Return what to tell where the safety catch holds."""
    return Implausible(f"{missing:,} of {stored:,} rows are not shown by Zaia any more. None was removed.")


def _deletions(rows: list[Row]) -> Any:
    return dlt.mark.with_table_name(rows, DELETIONS.name)


def _record(table: Table, row_id: str, parent_id: str) -> Row:
    return {"table": table.name, "id": row_id, "parent_id": parent_id}
