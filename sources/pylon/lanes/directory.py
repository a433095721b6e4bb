"""Collections that are re-read whole at an interval: accounts, contacts, users and the rest."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime

import pyarrow as pa

from ..catalog import DIRECTORY, Table, Whole
from ..copy.intervals import Collection, reading_due_at
from ..copy.state import CollectionState, SourceState
from ..errors import PylonError
from ..rows.rows import tombstones
from ..settings import Settings
from . import whose
from .departures import may_go
from .turn import Turn
from .whole import Reading


def unless_at_rest(tables: Sequence[str], settings: Settings, state: SourceState) -> Sequence[str]:
    """Return the tables that take part in a turn: a collection that is not due would only cost dlt its resource.

    Where nothing is due, all of them do: the turn keeps what it learns.
    """
    now = datetime.now(UTC)
    resting = {
        table.name
        for table in DIRECTORY
        if reading_due_at(table, settings, state.collection(table.name), now) > now
    }
    return [name for name in tables if name not in resting] or tables


async def refresh(turn: Turn, table: Table[Whole], state: CollectionState) -> AsyncIterator[pa.Table]:
    """Read a collection whole, if it is due; once in a run.

    What a complete read lacks goes; a read cut short removes nothing. A collection of several pages can lose a row at
    the seam of two pages while it changes. So rows of the copy go only when two complete readings lack them.
    """
    endpoint, now, caught_up = table.read.endpoint, datetime.now(UTC), turn.control.caught_up
    due = table.name not in caught_up and reading_due_at(table, turn.settings, state, now) <= now
    if not due or turn.lacking.known([endpoint]):
        return
    turn.report.expect("directory", table.name)
    reading = Reading(turn, table)
    try:
        with turn.budget.unit(patient=True):
            # the first time, nothing tells that a row is missing
            async for batch in reading.read_surely(twice=state.refreshed_at is None):
                if table is whose.ORGANIZATION:
                    whose.require_same(turn, batch)
                yield batch
    except PylonError as error:
        if not await turn.lacking.is_so(endpoint, error, [table]):
            raise
        return
    turn.lacking.has(endpoint)
    reading.tell(state)
    gone, stored = reading.missing, reading.stored
    if gone and not await may_go(turn, table, gone, stored, reading.began):
        return
    caught_up.add(table.name)
    if gone:
        yield without(turn, table, gone, reading.began)
    if reading.finished:
        turn.report.lanes["directory"].done += 1
        state.refreshed_at = reading.began


def without(turn: Turn, table: Collection, gone: AbstractSet[tuple[str, ...]], began: datetime) -> pa.Table:
    """Return what removes rows of a collection; what hangs on them goes in another turn."""
    turn.left_behind(table)
    keys = [dict(zip(table.key, key, strict=True)) for key in sorted(gone)]
    return tombstones(table, keys, turn.stamp(began))
