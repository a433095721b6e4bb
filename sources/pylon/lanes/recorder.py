"""What records versions: former states of rows, of which the API tells only the present one."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Set as AbstractSet

import pyarrow as pa

from ..catalog import VERSIONS, Table, Versions
from ..copy.contents import Contents
from ..rows.versions import Recorded, Subject, record, subjects
from ..rows.volatile import Paths
from .written import Written


class Recorder:
    """Records the versions of what one turn reads.

    Args:
        contents: What the destination holds already.
        lanes: All lanes of the turn.
        written: Takes what is recorded.
        postponed: Takes, by table of versions, what is to be recorded by a turn in which it takes part.
        volatile: Tells what differs at each reading in a table; it makes no version alone.
    """

    def __init__(
        self,
        contents: Contents,
        lanes: AbstractSet[str],
        written: Written,
        postponed: dict[str, list[pa.Table]],
        volatile: Callable[[str], Paths],
    ) -> None:
        self._contents = contents
        self._lanes = lanes
        self._written = written
        self._postponed = postponed
        self._volatile = volatile
        self._recorded: dict[str, dict[Subject, Recorded]] = {table.name: {} for table in VERSIONS}

    def see(self, table: str, batch: pa.Table) -> None:
        """Record what is new in rows that were read."""
        for versions in VERSIONS:
            if versions.read.watches != table:
                continue
            if versions.name in self._lanes:
                self._record(versions, batch)
            elif versions.name in self._postponed:
                self._postponed[versions.name].append(batch)

    def record_postponed(self, versions: Table[Versions]) -> None:
        """Record what was read in a turn in which the versions took no part."""
        for batch in self._postponed.pop(versions.name, []):
            self._record(versions, batch)

    def _record(self, versions: Table[Versions], batch: pa.Table) -> None:
        known, volatile = self._recorded[versions.name], self._volatile(versions.read.watches)
        known |= self._contents.recorded(versions, set(subjects(versions, batch)) - known.keys(), volatile)
        if (rows := record(versions, batch, known, volatile)).num_rows:
            self._written.put(versions.name, rows)
