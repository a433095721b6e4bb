"""Compares the copy with a complete listing. What is gone from Pylon goes, after a second witness and a safety catch;
what the copy lacks, or holds otherwise, is mended.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence, Sized
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

import dlt
import pyarrow as pa

from ..api.client import Client
from ..api.filters import rfc3339
from ..api.windows import Window
from ..catalog import ABOUT_ISSUES, CHILDREN, ENDPOINTS, ISSUES, VERSIONS, Table, Versions
from ..copy import known
from ..copy.contents import Contents
from ..copy.copied import Copied
from ..copy.state import SourceState
from ..errors import Implausible
from ..lanes.catch import catches
from ..lanes.turn import Control
from ..rows.rows import Row, misfits
from ..rows.versions import record, subjects
from ..settings import Settings
from .healing import Healing
from .hidden import after, part
from .listing import Gone, Listing, by_id, confirm, list_all, read_again, there
from .loads import mending, removal, taking_back
from .readings import MOMENT, again, told


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a reconciliation found: issues in the copy, issues listed, those removed, and those mended.

    ``before`` of those in the copy were created before the start date. They were not compared, and stay as they are.
    """

    stored: int
    listed: int
    removed: int
    mended: int = 0
    before: int = 0
    returned: int = 0
    """How many had been written down as gone, and are listed again."""

    @property
    def is_without_changes(self) -> bool:
        """Whether the copy was left as it was."""
        return not (self.removed or self.mended or self.returned)


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
    comparison = _Comparison(settings, control, Contents(copied), SourceState.of(pipeline), confirmed)
    listed, gone = asyncio.run(comparison.find())
    comparison.take_back(pipeline)
    comparison.mend(pipeline)
    comparison.remove(pipeline, gone)
    before, mended = comparison.healing.before, len(comparison.healing.ids)
    return Outcome(comparison.stored + before, listed, len(gone), mended, before, comparison.returned)


class _Comparison:
    def __init__(
        self, settings: Settings, control: Control, contents: Contents, state: SourceState, confirmed: bool
    ) -> None:
        self._settings = settings
        self._control = control
        self._contents = contents
        self._confirmed = confirmed
        self._compared_at = datetime.now(UTC)
        self._failing, self._left = state.known_to_fail, list[Window]()
        self._hidden = state.unshown
        self._lane = control.report.lanes["reconcile"]
        self.healing = Healing(settings, contents.copied, state, self._compared_at, self._again, self._one)
        self._client: Client | None = None
        self._lane.due = self.stored = self.healing.stored
        self._returned: set[str] = set()

    async def find(self) -> tuple[int, list[Gone]]:
        """List all issues, and ask for those that are missing; returns how many there are, and which are gone."""
        control = self._control
        self._client = client = Client(
            self._settings,
            control.pacers,
            pause=control.budget.pause,
            paging=control.paging,
            warn=control.report.warn,
            offset=control.offset,
        )
        try:
            page_size = self._settings.limit(ENDPOINTS["list_issues"])
            floor = self._settings.start_date
            listing = await list_all(
                client, floor, page_size, self._see, self.stored, in_part=True, failing=self._failing
            )
            self._left = list(listing.left)
            missing = self._missing(listing)
            if self._is_implausible(missing, listing.ids) and not self._confirmed:
                if await there(client, missing) != missing:
                    raise Implausible(ISSUES.name, len(missing), self.stored)
                control.report.warn(
                    f"{ENDPOINTS['list_issues'].label} lists all issues but {len(missing):,}, which stay in the copy:"
                    " those that were asked for by their ids are there. Report it to Pylon."
                )
                missing = set()
            deleted = self._contents.deleted(ISSUES.name)
            self._returned = {id_ for id_, _ in deleted if id_ in listing.ids}
            asked = part(missing, self._hidden)
            gone = await confirm(client, asked, listing, control.report.warn)
            self._hidden = after(len(missing), len(asked), len(gone), self._hidden)
            self._compared_at = await client.now()
            return len(listing.ids), gone
        finally:
            await client.close()

    @property
    def returned(self) -> int:
        """How many issues had been written down as gone, and are listed again."""
        return len(self._returned)

    def _is_implausible(self, missing: Collection[str], listed: Sized) -> bool:
        """Whether the listing is not to be believed; one that shows nothing at all may be of another workspace."""
        return catches(len(missing), self.stored) or (not len(listed) and self.stored > 0)

    async def _see(self, rows: Sequence[Row], sent_at: datetime) -> None:
        self._lane.done += len(rows)
        await self.healing.see(rows, sent_at, self._client.ahead if self._client else timedelta())

    async def _again(self, oldest: datetime, newest: datetime) -> Sequence[Row]:
        """Read issues a second time, a moment later; where that fails, it says nothing."""
        await self._control.budget.pause("", MOMENT)
        return await again(partial(read_again, self._client, oldest, newest)) if self._client else []

    async def _one(self, issue_id: str) -> Sequence[Row]:
        """Ask for an issue by its id; where that fails, it says nothing."""
        return await again(partial(by_id, self._client, issue_id)) if self._client else []

    def _missing(self, listing: Listing) -> set[str]:
        """Return the issues that the listing lacks although it would show them."""
        copied, floor = self._contents.copied, self._settings.start_date
        missing = known.missing(copied, listing.ids, floor, listing.untold)
        for since, until in listing.untold:
            self._control.report.warn(
                f"{ENDPOINTS['list_issues'].label} fails for what was created from {rfc3339(since)} to"
                f" {rfc3339(until)}. The issues of then are not compared, and stay in the copy."
            )
        if listing.untold:  # nor when strays were created is known
            return missing
        return missing | {id_ for id_ in self._strays() if id_ not in listing.ids}

    def _strays(self) -> set[str]:
        """Return the issues of which a killed load may have left what hangs on them, but not the issue."""
        tables = (*(child.name for child in CHILDREN), "issue_sync")
        return set[str]().union(*(self._contents.strays(name) for name in tables))

    def take_back(self, pipeline: dlt.Pipeline) -> None:
        """Remove the records of issues that were gone and are listed again."""
        if self._returned:
            pipeline.run(taking_back(self._returned))

    def mend(self, pipeline: dlt.Pipeline) -> None:
        """Load what the copy lacked or held otherwise."""
        if (batch := self.healing.batch) is None:
            return
        records = [
            (table, self._records(table, batch))
            for table in VERSIONS
            if table.read.watches == ISSUES.name and self._contents.holds(table.name)
        ]
        set_back = self.healing.set_back.ids if self._contents.holds("issue_sync") else ()
        for load in mending(batch, records, set_back, self.healing.note):
            pipeline.run(load)
        self._control.report.add_rows(ISSUES.name, len(self.healing.ids))
        self._control.report.found_extra(ISSUES.name, misfits(batch))

    def _records(self, table: Table[Versions], batch: pa.Table) -> pa.Table:
        """Return the versions to be recorded of rows that are mended."""
        paths = self.healing.readings.paths
        known = self._contents.recorded(table, set(subjects(table, batch)), paths)
        return record(table, batch, known, paths)

    def remove(self, pipeline: dlt.Pipeline, gone: Sequence[Gone]) -> None:
        """Remove issues, with all that the copy keeps of them; without any, note that it was compared."""
        ids = [one.issue_id for one in gone]
        held = [child.name for child in CHILDREN if self._contents.holds(child.name)]
        children = {name: self._contents.children(name, ids) for name in held}
        about = [table.name for table in ABOUT_ISSUES if self._contents.holds(table.name)]

        def note(state: SourceState) -> None:
            state.reconciled_at = self._compared_at
            if self._left or state.unlisted:
                state.unlisted = self._left
            if self._hidden != state.unshown:
                state.unshown = self._hidden
            self.healing.readings.note(state)

        for load in removal(gone, children, about, note):
            pipeline.run(load)
        if news := self.healing.readings.news:
            self._control.report.warn(told(ISSUES.name, news))
