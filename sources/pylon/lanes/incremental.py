"""Tables with a time filter: what changed since the last run, all of it in the first, and now and then a whole listing.

A listing finds what the time filter cannot: rows that were deleted, and edits that move no time.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

import pyarrow as pa

from ..catalog import Configured, Feed, Table
from ..copy.intervals import reading_due_at
from ..copy.state import CollectionState
from ..errors import GONE, CredentialsError, PylonError, Rejected, Unavailable, is_lacking
from ..rows.rows import has_key
from .departures import may_go
from .directory import without
from .streams import Stream, Streams
from .turn import Turn
from .whole import Reading, asked_for, note_refused, parents

NOBODY = "00000000-0000-4000-8000-000000000000"
"""The id of a parent that there is not."""
REFUSED = GONE | {400}
"""How a search may answer that it knows no such parent."""


async def refresh(turn: Turn, table: Table[Feed], state: CollectionState) -> AsyncIterator[pa.Table]:
    """Read what changed, and the whole table where that is due; once in a run.

    Args:
        turn: The turn that it is part of.
        table: An incremental table.
        state: How far each of its parents was read, and when it was last listed whole.
    """
    if table.name in turn.control.caught_up or turn.lacking.known(table.endpoints):
        return
    turn.report.expect("directory", table.name)
    lane = _Lane(turn, table, state)
    async for batch in lane.read():
        yield batch
    if lane.finished:
        turn.report.lanes["directory"].done += 1
    if not lane.again:
        turn.control.caught_up.add(table.name)


class _Lane:
    def __init__(self, turn: Turn, table: Table[Feed], state: CollectionState) -> None:
        self._turn = turn
        self._table = table
        self._feed = table.read
        self._state = state
        self._streams = Streams(turn, table)
        self.again = False
        self.finished = True
        """Whether nothing was left that another run could read."""

    async def read(self) -> AsyncIterator[pa.Table]:
        """Read each parent up to the present; then list the table, if that is due.

        A workspace may lack the search, the list or both: what the one does not give, the other may.
        """
        began = datetime.now(UTC)
        named = await self._parents()
        if named is None:
            return
        if named and await self._searches():
            async for batch in self._changes(named):
                yield batch
        self._state.forget_all_but(named)
        if _setting(self._table) and not named:
            return
        if named and self._streams.whole >= set(named):
            self._state.refreshed_at = min(began, self._turn.control.began)
        elif self._is_to_be_listed(began):
            async for batch in self._listed():
                yield batch

    def _is_to_be_listed(self, began: datetime) -> bool:
        if self._turn.lacking.known([self._feed.endpoint]):
            return False
        return reading_due_at(self._table, self._turn.settings, self._state, began) <= began

    async def _parents(self) -> list[str] | None:
        """Return the parents to ask for; ``None`` where the workspace lacks what lists them."""
        try:
            return await parents(self._turn, self._table)
        except PylonError as error:
            for endpoint in self._table.endpoints:
                if not await self._turn.lacking.is_so(endpoint, error, [self._table]):
                    raise
            return None

    async def _searches(self) -> bool:
        """Whether the search can be asked; not where the workspace lacks it."""
        if self._turn.lacking.known([self._feed.search]):
            return False
        try:
            await self._expect_filter()
        except PylonError as error:
            if not await self._turn.lacking.is_so(self._feed.search, error, [self._table]):
                raise
            return False
        return True

    async def _changes(self, named: Sequence[str]) -> AsyncIterator[pa.Table]:
        """Read each parent up to the present. One that is refused costs its own rows, all of them the search."""
        refused: dict[str, PylonError] = {}
        for parent in named:
            with self._forgiving(parent, refused), self._turn.budget.unit():
                async for batch in self._streams.read(Stream(parent, self._state.stream(parent))):
                    yield batch
        if not refused:
            self._turn.lacking.has(self._feed.search)
            return
        error = next(iter(refused.values()))
        if len(refused) < len(named):
            self.finished = all(map(is_lacking, refused.values()))
            _tell(self._turn, self._table, self._state, refused)
        elif not await self._turn.lacking.is_so(self._feed.search, error, [self._table]):
            raise error

    @contextmanager
    def _forgiving(self, parent: str, refused: dict[str, PylonError]) -> Iterator[None]:
        try:
            yield
        except CredentialsError:
            raise
        except PylonError as error:
            refused[parent] = error

    async def _expect_filter(self) -> None:
        """A search that ignores its filter (as it does a misspelt one) would give every row to each parent.

        Raises:
            Unavailable: The search gives rows of a parent that there is not.
        """
        asked = asked_for(self._table, (), NOBODY)
        if "body" not in asked or self._state.filter_minded:
            return
        endpoint = self._feed.search
        try:
            page = await self._turn.client.first_page(endpoint, **asked, limit=1)
        except Rejected as error:
            if error.status not in REFUSED:
                raise
        else:
            if any(has_key(self._table, row) for row in page.rows):
                raise Unavailable(
                    endpoint.label,
                    f"ignores its filter: it gave a row of a {self._table.parent} that there is not",
                    f"Leave {self._table.name} out, and report it to Pylon.",
                )
        self._state.filter_minded = True

    async def _listed(self) -> AsyncIterator[pa.Table]:
        """List the table; what it lacks goes."""
        listing = Reading(self._turn, self._table)
        endpoint = self._feed.endpoint
        try:
            with self._turn.budget.unit(patient=True):
                async for batch in listing.read_surely(self._streams.seen):
                    yield batch
        except PylonError as error:
            if not await self._turn.lacking.is_so(endpoint, error, [self._table]):
                raise
            return
        self._turn.lacking.has(endpoint)
        listing.tell(self._state)
        if gone := listing.missing:
            if not await may_go(self._turn, self._table, gone, listing.stored, listing.began):
                self.again = self._table.name not in self._turn.report.stopped
                return
            yield without(self._turn, self._table, gone, listing.began)
        if listing.finished:
            self._state.refreshed_at = listing.began


def _tell(turn: Turn, table: Table[Feed], state: CollectionState, refused: Mapping[str, PylonError]) -> None:
    """Say which parents were refused: once, where the workspace lacks them."""
    setting = _setting(table)
    lacking = {parent for parent, error in refused.items() if is_lacking(error)}
    for parent in note_refused(turn, table, state, refused, lacking):
        where = f"{setting} names {parent!r}: " if setting else f"{table.name} of {parent}: "
        turn.report.warn(f"{where}{refused[parent].message} What the copy has of it stays as it is.")


def _setting(table: Table[Feed]) -> str:
    """Return the setting that names the parents, "" where the user does not."""
    return table.per.parents.setting if table.per and isinstance(table.per.parents, Configured) else ""
