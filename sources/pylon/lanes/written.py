"""Rows that a lane writes into a table of another: into the ledgers, the versions, and the deletions."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from collections.abc import Set as AbstractSet

import pyarrow as pa

from ..catalog import DELETIONS, HANGING, READ, VERSIONS, WRITTEN


class Written:
    """Such rows of one turn, on their way to the lane of their table. That lane ends once all that write there have.

    Args:
        lanes: All lanes of the turn.
    """

    def __init__(self, lanes: AbstractSet[str]) -> None:
        self._queues: dict[str, asyncio.Queue[pa.Table | None]] = {
            table.name: asyncio.Queue() for table in WRITTEN
        }
        self._writers = {table.name: _writers(table.name) & lanes for table in WRITTEN}

    def put(self, table: str, rows: pa.Table) -> None:
        """Write rows into a table."""
        self._queues[table].put_nowait(rows)

    def leave(self, lane: str) -> None:
        """Note that a lane writes no more."""
        for table, writers in self._writers.items():
            if lane in writers:
                writers.discard(lane)
                if not writers:
                    self._queues[table].put_nowait(None)

    async def rows(self, table: str) -> AsyncIterator[pa.Table]:
        """Hand out what is written into a table, until nobody writes there."""
        queue = self._queues[table]
        if not self._writers[table]:
            queue.put_nowait(None)
        while (rows := await queue.get()) is not None:
            yield rows


def _writers(table: str) -> set[str]:
    """Return the lanes that write into a table."""
    if table == DELETIONS.name:
        return {read.name for read in READ}
    watched = {versions.read.watches for versions in VERSIONS if versions.name == table}
    return watched | {name for name, child in HANGING.items() if child.read.ledger == table}
