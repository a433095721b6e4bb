"""Makes sure that a commit which is said to have failed was not made."""

from __future__ import annotations

from functools import wraps

from pyiceberg.catalog import Catalog
from pyiceberg.exceptions import CommitFailedException
from pyiceberg.table import CommitTableResponse, Table
from pyiceberg.table.update import AddSnapshotUpdate, TableRequirement, TableUpdate


def be_sure(catalog: Catalog) -> None:
    """Let a catalogue look at the table before it says that a commit failed.

    Where a gateway, having got no answer, asks a second time, a catalogue refuses what it did the first time. The
    files of a commit that failed are removed: of one that was made, these would be the table's own.
    """
    commit = catalog.commit_table

    @wraps(commit)
    def surely(
        table: Table, requirements: tuple[TableRequirement, ...], updates: tuple[TableUpdate, ...]
    ) -> CommitTableResponse:
        try:
            return commit(table, requirements, updates)
        except CommitFailedException:
            if (made := _made(catalog, table, updates)) is None:
                raise
            return made

    catalog.commit_table = surely  # type: ignore[method-assign]


def _made(catalog: Catalog, table: Table, updates: tuple[TableUpdate, ...]) -> CommitTableResponse | None:
    """Return a table that has the snapshots which were to be added, whose numbers nobody else draws."""
    added = {one.snapshot.snapshot_id for one in updates if isinstance(one, AddSnapshotUpdate)}
    if not added:
        return None
    now = catalog.load_table(table.name())
    if not added <= {one.snapshot_id for one in now.metadata.snapshots}:
        return None
    return CommitTableResponse.model_validate(
        {"metadata": now.metadata, "metadata-location": now.metadata_location}
    )
