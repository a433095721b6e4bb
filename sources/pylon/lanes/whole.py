"""Reading a collection whole, parent by parent: what it shows, and what it shows no more."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from ..api.answers import Answer, object_problem
from ..catalog import COLLECTED, Configured, Listed, RowsOf, Table
from ..copy.intervals import Collection
from ..copy.state import CollectionState
from ..errors import CredentialsError, PermissionDenied, PylonError, Rejected, is_lacking
from ..rows.rows import Row, keys_of, to_arrow
from . import unpaged
from .turn import Turn, keyed

FAILURES = 3
"""After so many parents in a row that gave no proper answer, the others are not asked."""


class Reading:
    """One or two complete readings of a collection.

    One parent that is refused costs the rows of that parent: they are neither read nor removed.

    Args:
        turn: The turn that it is part of.
        table: What to read.
    """

    def __init__(self, turn: Turn, table: Collection) -> None:
        self._turn = turn
        self._table = table
        self._keys: set[tuple[str, ...]] = set()
        self._asked: list[str] = []
        self._complete: set[str] = set()
        self._refused: dict[str, PylonError] = {}
        self._lists_parents = False
        self._known: dict[tuple[str, ...], str] = {}
        self._seams = self._anew = False
        self._without_list: set[str] = set()
        self._capped_at = 0
        self.began = datetime.now(UTC)

    async def read_surely(
        self, seen: Iterable[tuple[str, ...]] = (), *, twice: bool = False
    ) -> AsyncIterator[pa.Table]:
        """Read all pages of all parents, and once more where rows are missing that a seam could have swallowed.

        Args:
            seen: Keys of rows that were read otherwise, and may not have been loaded yet.
            twice: Read again although nothing is missing, if there are seams.

        Raises:
            PylonError: All parents were refused.
        """
        async for batch in self.read():
            yield batch
        self._known = {**self._turn.contents.row_keys(self._table.name), **dict.fromkeys(seen, "")}
        if self._seams and (twice or self.missing):
            self._anew = True
            async for batch in self.read():
                yield batch

    @property
    def stored(self) -> int:
        """How many rows the copy had."""
        return len(self._known)

    @property
    def missing(self) -> set[tuple[str, ...]]:
        """The keys of rows that no reading has shown, although a list that must hold them was read to its end."""
        lacking = {key: parent for key, parent in self._known.items() if key not in self._keys}
        return {key for key, parent in lacking.items() if self._tells_of(parent)}

    @property
    def finished(self) -> bool:
        """Whether nothing is left that another run could read."""
        return all(map(is_lacking, self._refused.values()))

    def _tells_of(self, parent: str) -> bool:
        if parent in self._asked:
            return parent in self._complete
        return self._lists_parents

    async def read(self) -> AsyncIterator[pa.Table]:
        """Read all pages of all parents.

        Raises:
            PylonError: All parents were refused.
        """
        self._asked, self._lists_parents = await _parents(self._turn, self._table)
        self._complete, self._refused, failures = set(), {}, 0
        for parent in self._asked:
            try:
                async for batch in self._pages(parent):
                    yield batch
                failures = 0
            except CredentialsError:
                raise
            except PylonError as error:
                self._refused[parent] = error
                failures += not isinstance(error, Rejected | PermissionDenied)
                if failures >= FAILURES:
                    raise
        if self._refused and len(self._refused) == len(self._asked):
            raise next(iter(self._refused.values()))

    def tell(self, state: CollectionState) -> None:
        """Say which parents were refused; those that a workspace lacks once, those that failed each time."""
        lacking = {parent for parent, error in self._refused.items() if self._is_lacking(error)}
        if news := note_refused(self._turn, self._table, state, self._refused, lacking):
            self._turn.report.warn(
                f"{self._table.name}: {len(lacking):,} of {len(self._asked):,} {self._table.parent}s are refused"
                f" ({self._refused[news[0]].message}) What the copy has of them stays as it is."
            )
        if self._capped_at:
            self._turn.report.warn(unpaged.told(self._table, self._capped_at))
        unseen = [parent for key, parent in self._known.items() if key not in self._keys]
        if doubtful := sum(parent in self._without_list for parent in unseen):
            label = f"{self._table.read.endpoint.label} gave no list, which says nothing about rows"
            self._turn.report.warn(f"{label}: {doubtful:,} of {self._table.name} stay in the copy.")

    def _is_lacking(self, error: PylonError) -> bool:
        # an older server knows fewer kinds of object, and says in its own way that it does not know one
        listed = self._table.per is not None and isinstance(self._table.per.parents, Listed)
        return is_lacking(error) or (listed and isinstance(error, Rejected))

    async def _pages(self, parent: str) -> AsyncIterator[pa.Table]:
        whole = True
        async for number, page in self._answers(parent):
            self._seams = self._seams or number > 0
            rows = keyed(self._turn, self._table, page.rows)
            whole = whole and page.whole and len(rows) == len(page.rows)
            if page.data is None:
                self._without_list.add(parent)
            if not rows:
                continue
            yield self._batch(rows, page.sent_at, parent)
            await self._turn.stock.offer(self._table.name, rows, page.sent_at)
        if whole and not self._capped_at:
            self._complete.add(parent)

    def _batch(self, rows: list[Row], sent_at: datetime, parent: str) -> pa.Table:
        """Turn rows of one parent into a batch, and note that they are there."""
        given: dict[str, Any] = {"_synced_at": self._turn.stamp(sent_at)}
        if self._table.parent:
            given[self._table.parent] = parent
        batch = to_arrow(self._table, rows, given, self._turn.settings.masks)
        self._keys |= keys_of(self._table, batch)
        return self._turn.count(self._table, batch, len(rows))

    async def _answers(self, parent: str) -> AsyncIterator[tuple[int, Answer]]:
        table, client = self._table, self._turn.patient_client
        endpoint = table.read.endpoint
        if endpoint.single:
            yield 0, await _object(self._turn, table)
        elif not endpoint.paged and endpoint.max_page_size:
            async for number, page, capped_at in unpaged.pages(self._turn, table):
                self._capped_at = capped_at
                yield number, page
        elif _is_parent(table):
            for number, page in enumerate(await whole(self._turn, table, anew=self._anew)):
                yield number, page
        else:
            number = 0
            async for page in client.pages(endpoint, **asked_for(table, endpoint.query, parent)):
                yield number, page
                number += 1


def note_refused(
    turn: Turn,
    table: Table,
    state: CollectionState,
    refused: Mapping[str, PylonError],
    lacking: AbstractSet[str],
) -> list[str]:
    """Keep which parents the workspace lacks, note what failed of the others, and return those that are new.

    Args:
        turn: The turn that it is part of.
        table: The collection.
        state: What is kept of it.
        refused: What was refused, by parent.
        lacking: The parents of which that is how a workspace lacks something.
    """
    news = [parent for parent in refused if parent in lacking and parent not in state.refused]
    now = datetime.now(UTC)
    state.refused = {parent: state.refused.get(parent, now) for parent in refused if parent in lacking}
    for parent, error in refused.items():
        if parent not in lacking:
            turn.fail(table.name, error, stops=False)
    return news


def asked_for(table: Collection, query: tuple[str, ...], parent: str) -> dict[str, Any]:
    """Return where a request names the parent: in its query, in its path, or as what a search filters by."""
    if not table.parent:
        return {}
    if table.parent in query:
        return {"query": {table.parent: parent}}
    if f"{{{table.parent}}}" in table.read.endpoint.path:
        return {"ids": {table.parent: parent}}
    return {"body": {"filter": {"field": table.parent, "operator": "equals", "value": parent}}}


async def parents(turn: Turn, table: Collection) -> list[str]:
    """Return the parents to ask for; one that is empty where a table has none."""
    return (await _parents(turn, table))[0]


async def _parents(turn: Turn, table: Collection) -> tuple[list[str], bool]:
    """Return the parents to ask for, and whether that are all there are."""
    if table.per is None:
        return [""], True
    match table.per.parents:
        case Listed(values):
            return list(values), False
        case Configured(setting):
            return list(getattr(turn.settings, setting)), False
        case RowsOf(name):
            pages = turn.control.parents.get(name) or await whole(turn, COLLECTED[name])
            ids = [row["id"] for page in pages for row in page.rows if isinstance(row.get("id"), str)]
            whole_list = all(page.whole for page in pages) and len(ids) == sum(
                len(page.rows) for page in pages
            )
            return list(dict.fromkeys(ids)), whole_list


def _is_parent(table: Table) -> bool:
    return any(other.parent_table == table.name for other in COLLECTED.values())


async def whole(turn: Turn, table: Collection, *, anew: bool = False) -> list[Answer]:
    """Read a small collection that others hang on: once in a turn, unless it is to be read anew."""

    async def read() -> list[Answer]:
        return [page async for page in turn.patient_client.pages(table.read.endpoint)]

    pages: list[Answer] = await turn.once(table.name, read, anew=anew)
    turn.control.parents[table.name] = pages
    return pages


async def _object(turn: Turn, table: Collection) -> Answer:
    """Ask for the one object that is the whole table."""
    answer = turn.control.answers.get(table.read.endpoint.name)
    answer = answer or await turn.patient_client.ask(table.read.endpoint, check=object_problem)
    return Answer([answer.data], answer.sent_at)
