"""Removes from the copy what is gone from Pylon: complete listing, second witness, safety catch, then the loads."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sources.pylon.catalog import CHILDREN, ENDPOINTS, HISTORIES
from sources.pylon.client import Client, Pause
from sources.pylon.departures import catches
from sources.pylon.ledger import Ledger
from sources.pylon.reading import history_done
from sources.pylon.reconcile import RECONCILED_AT, Gone, confirm, list_all, removal

from . import exits

if TYPE_CHECKING:
    import dlt

    from sources.pylon import Control
    from sources.pylon.settings import Settings


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a reconciliation found: issues in the copy, issues listed, and those removed."""

    stored: int
    listed: int
    removed: int


def is_due(state: dict[str, Any], settings: Settings, now: datetime) -> bool:
    """Say whether the interval since the last comparison has passed; it begins once the history is complete."""
    if settings.reconcile_hours == 0 or not history_done(_issues_state(state), settings.start_date):
        return False
    last = state.get(RECONCILED_AT) or _issues_state(state).get("begun_at")
    return last is None or datetime.fromisoformat(last) + timedelta(hours=settings.reconcile_hours) <= now


def reconcile(
    pipeline: dlt.Pipeline, settings: Settings, control: Control, pause: Pause, *, confirmed: bool = False
) -> Outcome:
    """Compare the copy's issues with a complete listing and remove those that are gone.

    Args:
        pipeline: Whose destination holds the copy; the caller has the lock.
        settings: How to read.
        control: The pace, and where to note progress.
        pause: How to wait; raises ``TurnOver`` when the run is to end, and then nothing is removed.
        confirmed: Remove however many there are.

    Raises:
        Problem: More would go than the safety catch lets pass (exit code 5); nothing was changed.
        PylonError: The listing could not be completed; nothing was changed.
    """
    ledger = Ledger(pipeline)
    stored = ledger.keys("issues")
    # a killed load may have left what hangs on an issue without the issue
    known = stored.union(
        *(ledger.parents(name) for name in (*(child.name for child in CHILDREN), "issue_sync"))
    )
    lane = control.report.lanes["reconcile"]
    lane.due = len(stored)

    def watch(count: int) -> None:
        lane.done = count

    async def find() -> tuple[set[str], list[Gone]]:
        client = Client(settings, control.pacers, pause=pause)
        try:
            page_size = settings.limit(ENDPOINTS["list_issues"])
            listing = await list_all(client, settings.start_date, page_size, watch)
            missing = known - listing.ids
            _catch(len(missing), len(stored), confirmed=confirmed)
            return listing.ids, await confirm(client, missing)
        finally:
            await client.close()

    listed, gone = asyncio.run(find())
    ids = [one.issue_id for one in gone]
    held = [child for child in CHILDREN if ledger.holds(child.name)]
    children = {child.name: ledger.children(child.name, ids) for child in held}
    histories = [table.name for table in HISTORIES if table.watches == "issues" and ledger.holds(table.name)]
    for load in removal(gone, children, histories, datetime.now(UTC).isoformat()):
        pipeline.run(load)
    return Outcome(len(stored), len(listed), len(gone))


def _catch(missing: int, stored: int, *, confirmed: bool) -> None:
    if not confirmed and catches(missing, stored):
        raise exits.Problem(
            f"{missing:,} of {stored:,} issues in the copy are not listed by Pylon any more. Nothing was removed.",
            "If that many were really deleted, confirm with: pylon reconcile --yes. If not, check that the token"
            " belongs to the same workspace.",
            exits.DATA_CHECK,
        )


def _issues_state(state: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = state.get("resources", {}).get("issues", {})
    return found
