"""Lists that stand by themselves: from both ends on each run, whole at an interval or where the count disagrees."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import dlt

from .catalog import Table
from .errors import Hopeless, ZaiaError
from .readings import Readings, both_ends
from .run import ListState, Run


def directory(run: Run, table: Table) -> Iterator[Any]:
    """Read a list, and yield what there is to load of it.

    Args:
        run: What the resources share.
        table: The table that it fills.
    """
    yield dlt.mark.materialize_table_schema()
    changes, state = run.changes(table), ListState(table.name)
    if not state.is_due(run.settings.full_read_hours) and changes.copy.count(table):
        try:
            extent = yield from both_ends(run.lists, changes, {}, state.pages())
        except Hopeless:
            raise
        except ZaiaError as error:
            run.notes.failed(table.name, error)
            return
        state.keep(extent)
        if state.agrees(extent, changes.count()):
            return
    stored = changes.know_all()
    readings = Readings(run.lists, changes, {"": {}})
    yield from readings.read()
    if stored.keys() - readings.seen:
        yield from readings.read(at_least=2)
    for error in readings.failed.values():
        run.notes.failed(table.name, error)
        return
    gone = stored.keys() - readings.seen if changes.whole else set()
    if not run.may_go(changes, len(gone)):
        gone = set()
    yield from changes.leave(gone, f"not in {readings.times} complete readings of {table.path}")
    state.keep_whole(readings.extents[""], changes.count() - len(gone))
