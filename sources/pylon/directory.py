"""Collections that are re-read whole at an interval: accounts, contacts, users and the rest."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa

from .answers import Answer
from .catalog import TABLES, Table
from .errors import PermissionDenied, Rejected
from .rows import to_arrow, tombstones
from .settings import Settings
from .turn import Turn

State = dict[str, Any]

GONE = frozenset({404, 410})


def is_due(table: Table, settings: Settings, state: State, now: datetime) -> bool:
    """Say whether the interval since the last complete read has passed."""
    if "refreshed_at" not in state:
        return True
    hours = settings.interval_hours(table.name, table.refresh_hours or 0.0)
    return datetime.fromisoformat(state["refreshed_at"]) + timedelta(hours=hours) <= now


async def refresh(turn: Turn, table: Table, state: State) -> AsyncIterator[pa.Table]:
    """Read a collection whole, if it is due. What a complete read lacks goes; a read cut short removes nothing.

    A collection of several pages can lose a row at the seam of two pages while it changes. So rows of the copy go only
    when two complete readings lack them.
    """
    if not is_due(table, turn.settings, state, datetime.now(UTC)):
        return
    turn.report.expect("directory", table.name)
    reading = _Reading(turn, table)
    try:
        with turn.unit(patient=True):
            async for batch in reading.read():
                yield batch
            # the first time, nothing tells that a row is missing
            if reading.seams and ("refreshed_at" not in state or turn.ledger.keys(table.name) - reading.keys):
                async for batch in reading.read():
                    yield batch
    except PermissionDenied as error:
        turn.report.warn(f"{table.name} is not read: {error}")
        return
    yield tombstones(table, [{}], reading.began) if table.scope == "whole" else reading.parents()
    turn.report.lanes["directory"].done += 1
    state["refreshed_at"] = reading.began.isoformat()


class _Reading:
    """One or two complete readings of a collection."""

    def __init__(self, turn: Turn, table: Table) -> None:
        self._turn = turn
        self._table = table
        self._complete: list[str] = []
        self.keys: set[str] = set()
        self.seams = False
        self.began = datetime.now(UTC)

    async def read(self) -> AsyncIterator[pa.Table]:
        """Read all pages of all parents.

        Raises:
            Rejected: A parent was refused that should be there, or all of them were.
        """
        refused: Rejected | None = None
        for parent in await self._parents():
            try:
                async for batch in self._pages(parent):
                    yield batch
                self._complete.append(parent)
            except Rejected as error:
                # a parent that has just been deleted has no rows; older servers know fewer object types
                if error.status not in GONE and not self._table.parents:
                    raise
                refused = error
        if refused and self._table.parents and not self._complete:
            raise refused

    def parents(self) -> pa.Table:
        """Return a tombstone for each parent that was read to the end."""
        column = self._table.parent or ""
        return tombstones(self._table, [{column: parent} for parent in self._complete], self.began)

    async def _parents(self) -> list[str]:
        if self._table.parents:
            return list(self._table.parents)
        if self._table.parent_table is None:
            return [""]
        pages = await whole(self._turn, TABLES[self._table.parent_table])
        return [row["id"] for page in pages for row in page.rows]

    async def _pages(self, parent: str) -> AsyncIterator[pa.Table]:
        async for number, page in self._answers(parent):
            self.seams = self.seams or number > 0
            if not page.rows:
                continue
            given = {"_synced_at": self._turn.stamp(page.sent_at)}
            if self._table.parent:
                given[self._table.parent] = parent  # type: ignore[assignment]
            batch = to_arrow(self._table, page.rows, given)
            self.keys.update(str(key) for key in batch.column(self._table.key[0]).to_pylist())
            yield self._turn.count(self._table, batch, len(page.rows))

    async def _answers(self, parent: str) -> AsyncIterator[tuple[int, Answer]]:
        table, column = self._table, self._table.parent
        if _is_parent(table):
            for number, page in enumerate(await whole(self._turn, table)):
                yield number, page
            return
        query = {column: parent} if column in table.endpoint.query else None
        ids = {column: parent} if column and query is None else None
        number = 0
        async for page in self._turn.patient_client.pages(table.endpoint, query=query, ids=ids):
            yield number, page
            number += 1


def _is_parent(table: Table) -> bool:
    return any(other.parent_table == table.name for other in TABLES.values() if other.kind == "directory")


async def whole(turn: Turn, table: Table) -> list[Answer]:
    """Read a small collection that others hang on, once in a turn."""

    async def read() -> list[Answer]:
        return [page async for page in turn.patient_client.pages(table.endpoint)]

    pages: list[Answer] = await turn.once(table.name, read)
    return pages
