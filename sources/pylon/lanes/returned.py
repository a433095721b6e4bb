"""Rows that are written down as gone and are seen again: their records in ``deletions`` are taken back.

A record that outlived its row's return would be false, and would be taken for the evidence of the next departure.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import Any

import pyarrow as pa

from ..catalog import DELETIONS, PerParent, Table
from ..copy.contents import Contents
from ..rows.rows import keys_of, tombstones
from .written import Written

Place = tuple[str, str]
"""What ``deletions`` calls a row: ``id`` and ``parent_id``, of which the latter may be empty."""


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
        places = places_of(table, batch)
        found = places & self._contents.deleted_among(table.name, {id_ for id_, _ in places})
        if found:
            at = batch.column("_synced_at")[0].as_py()
            self._written.put(DELETIONS.name, taken_back(table.name, found, at))


def taken_back(table: str, places: Collection[Place], at: datetime) -> pa.Table:
    """Return what removes the records of some rows that were seen at an instant (UTC)."""
    keys = [{"table": table, "id": id_, "parent_id": parent} for id_, parent in sorted(places)]
    return tombstones(DELETIONS, keys, at)


def place(table: Table, key: Sequence[str]) -> Place:
    """Return what ``deletions`` calls a row of a collection: its id, and its parent's where that is part of the key."""
    named = dict(zip(table.key, key, strict=True))
    parent = named.pop(table.parent, "") if table.parent else ""
    return "/".join(named.values()), parent


def places_of(table: Table, batch: pa.Table) -> set[Place]:
    """Return what ``deletions`` calls each row of a batch; of what hangs on another row, its id and that's."""
    if not isinstance(table.read, PerParent):
        return {place(table, key) for key in keys_of(table, batch)}
    if "id" not in batch.column_names:
        return set()
    ids: list[Any] = batch.column("id").to_pylist()
    parents: list[Any] = batch.column(table.parent).to_pylist() if table.parent else [""] * len(ids)
    return set(zip(ids, parents, strict=True))
