"""Compares the copy with a complete listing. What is gone from Pylon goes, after a second witness and a safety catch;
what the copy lacks, or holds otherwise, is mended.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pylon_elt.sources.pylon.api.client import Client
from pylon_elt.sources.pylon.catalog import (
    ABOUT_ISSUES,
    CHILDREN,
    ENDPOINTS,
    VERSIONS,
    Table,
    Versions,
)
from pylon_elt.sources.pylon.copy.contents import Contents
from pylon_elt.sources.pylon.copy.state import SourceState
from pylon_elt.sources.pylon.errors import Implausible
from pylon_elt.sources.pylon.lanes.departures import catches
from pylon_elt.sources.pylon.rows.rows import Row, misfits
from pylon_elt.sources.pylon.rows.versions import record, subjects
from pylon_elt.sources.pylon.upkeep.healing import Healing
from pylon_elt.sources.pylon.upkeep.reconcile import Gone, confirm, list_all, mending, removal

if TYPE_CHECKING:
    import dlt
    import pyarrow as pa

    from pylon_elt.sources.pylon.copy.copied import Copied
    from pylon_elt.sources.pylon.lanes.turn import Control
    from pylon_elt.sources.pylon.settings import Settings


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a reconciliation found: issues in the copy, issues listed, those removed, and those mended."""

    stored: int
    listed: int
    removed: int
    mended: int = 0


def reconcile(
    pipeline: dlt.Pipeline, settings: Settings, control: Control, copied: Copied, *, confirmed: bool = False
) -> Outcome:
    """Compare the copy's issues with a complete listing, mend what differs and remove those that are gone.

    Args:
        pipeline: Whose destination holds the copy; the caller has the lock.
        settings: How to read.
        control: The pace, where to note progress, and when the run ends: then ``TurnOver`` is raised, and nothing is
            removed.
        copied: What the copy holds.
        confirmed: Remove however many there are.

    Raises:
        Implausible: More would go than the safety catch lets pass; nothing was changed.
        PylonError: The listing could not be completed; nothing was changed.
    """
    contents = Contents(copied)
    # a killed load may have left what hangs on an issue without the issue
    strays = set[str]().union(
        *(contents.strays(name) for name in (*(child.name for child in CHILDREN), "issue_sync"))
    )
    healing = Healing(settings, copied, SourceState.of(pipeline))
    lane = control.report.lanes["reconcile"]
    lane.due = stored = len(healing.known)

    def see(rows: Sequence[Row], sent_at: datetime) -> None:
        lane.done += len(rows)
        healing.see(rows, sent_at)

    async def find() -> tuple[int, list[Gone]]:
        client = Client(settings, control.pacers, pause=control.budget.pause)
        try:
            page_size = settings.limit(ENDPOINTS["list_issues"])
            listing = await list_all(client, settings.start_date, page_size, see)
            missing = {id_ for ids in (healing.known, strays) for id_ in ids if id_ not in listing.ids}
            _catch(len(missing), stored, confirmed=confirmed)
            return len(listing.ids), await confirm(client, missing)
        finally:
            await client.close()

    listed, gone = asyncio.run(find())
    versions = [table for table in VERSIONS if table.read.watches == "issues" and contents.holds(table.name)]
    if (batch := healing.batch) is not None:
        records = [(table, _records(contents, table, batch)) for table in versions]
        for load in mending(batch, records, healing.note):
            pipeline.run(load)
        control.report.add_rows("issues", len(healing.ids))
        control.report.found_extra("issues", misfits(batch))
    ids = [one.issue_id for one in gone]
    held = [child for child in CHILDREN if contents.holds(child.name)]
    children = {child.name: contents.children(child.name, ids) for child in held}
    about = [table.name for table in ABOUT_ISSUES if contents.holds(table.name)]
    for load in removal(gone, children, about, datetime.now(UTC)):
        pipeline.run(load)
    return Outcome(stored, listed, len(gone), len(healing.ids))


def _records(contents: Contents, table: Table[Versions], batch: pa.Table) -> pa.Table:
    """Return the versions to be recorded of rows that are mended."""
    return record(table, batch, contents.recorded(table, set(subjects(table, batch))))


def _catch(missing: int, stored: int, *, confirmed: bool) -> None:
    if not confirmed and catches(missing, stored):
        raise Implausible("issues", missing, stored)
