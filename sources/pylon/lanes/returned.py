"""Rows that are written down as gone and are seen again: their records in ``deletions`` are taken back.

A record that outlived its row's return would be false, and would be taken for the evidence of the next departure.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import Any

import pyarrow as pa

from ..catalog import DELETIONS, PerParent, Table
from ..copy.contents import Contents
from ..rows.rows import tombstones
from .written import Written


class Returned:
    """Takes back the records of what one turn reads.

    Args:
        contents: What the destination holds.
        lanes: All lanes of the turn.
        written: Takes what removes the records.
    """

    def __init__(self, contents: Contents, lanes: AbstractSet[str], written: Written) -> None:
        self._contents = contents
        self._lanes = lanes
        self._written = written

    def see(self, table: Table, batch: pa.Table) -> None:
        """Look for records of rows that were read."""
        if DELETIONS.name not in self._lanes or not self._contents.has_deleted(table.name):
            return
        places = set(places_of(table, batch))
        found = places & self._contents.deleted_among(table.name, {id_ for id_, _ in places})
        if found:
            self._written.put(DELETIONS.name, taken_back(table.name, found, batch))


def taken_back(table: str, places: AbstractSet[tuple[str, str]], batch: pa.Table) -> pa.Table:
    """Return what removes the records of some rows; they were read when the batch was."""
    keys = [{"table": table, "id": id_, "parent_id": parent} for id_, parent in sorted(places)]
    return tombstones(DELETIONS, keys, batch.column("_synced_at")[0].as_py())


def places_of(table: Table, batch: pa.Table) -> list[tuple[str, str]]:
    """Return what ``deletions`` calls each row of a batch: its id, and the id of what it hangs on, or ""."""
    hangs = isinstance(table.read, PerParent) or table.parent in table.key
    parent = table.parent if hangs else None
    names = ["id"] if isinstance(table.read, PerParent) else [name for name in table.key if name != parent]
    if not set(names) <= set(batch.column_names):
        return []
    ids = ["/".join(parts) for parts in zip(*(batch.column(name).to_pylist() for name in names), strict=True)]
    parents: list[Any] = batch.column(parent).to_pylist() if parent else [""] * len(ids)
    return list(zip(ids, parents, strict=True))
