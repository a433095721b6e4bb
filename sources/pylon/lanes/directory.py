"""Collections that are re-read whole at an interval: accounts, contacts, users and the rest."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from ..api.answers import Answer, list_problem
from ..catalog import COLLECTED, Configured, Listed, RowsOf, Table, Whole
from ..copy.intervals import Collection, reading_due_at
from ..copy.state import CollectionState
from ..errors import GONE, NoSecondPage, PermissionDenied, Rejected
from ..rows.rows import Row, to_arrow, tombstones
from .departures import may_go
from .turn import Turn


async def refresh(turn: Turn, table: Table[Whole], state: CollectionState) -> AsyncIterator[pa.Table]:
    """Read a collection whole, if it is due. What a complete read lacks goes; a read cut short removes nothing.

    A collection of several pages can lose a row at the seam of two pages while it changes. So rows of the copy go only
    when two complete readings lack them.
    """
    if reading_due_at(table, turn.settings, state) > datetime.now(UTC):
        return
    turn.report.expect("directory", table.name)
    reading = Reading(turn, table)
    try:
        with turn.budget.unit(patient=True):
            async for batch in reading.read():
                yield batch
            known = turn.contents.row_keys(table.name)
            # the first time, nothing tells that a row is missing
            if reading.seams and (state.refreshed_at is None or reading.missing(known)):
                async for batch in reading.read():
                    yield batch
            gone = reading.missing(known)
            if gone and not await may_go(turn, table, gone, len(known), reading.began):
                return
    except PermissionDenied as error:
        turn.report.warn(f"{table.name} is not read: {error}")
        return
    yield tombstones(table, [{}], reading.began) if table.scope == "whole" else reading.parents()
    if gone:
        turn.left_behind(table)
    turn.report.lanes["directory"].done += 1
    state.refreshed_at = reading.began


class Reading:
    """One or two complete readings of a collection.

    Args:
        turn: The turn that it is part of.
        table: What to read.
    """

    def __init__(self, turn: Turn, table: Collection) -> None:
        self._turn = turn
        self._table = table
        self._listed = table.per is not None and isinstance(table.per.parents, Listed)
        self._complete: list[str] = []
        self._keys: set[tuple[str, ...]] = set()
        self.seams = False
        self.began = datetime.now(UTC)

    def missing(self, known: set[tuple[str, ...]]) -> set[tuple[str, ...]]:
        """Return which of some keys no reading has shown, although their parent was read to the end."""
        missing = known - self._keys
        if self._table.parent not in self._table.key:
            return missing
        place = self._table.key.index(self._table.parent)
        return {key for key in missing if key[place] in self._complete}

    async def read(self) -> AsyncIterator[pa.Table]:
        """Read all pages of all parents.

        Raises:
            Rejected: A parent was refused that should be there, or all of them were.
        """
        refused: Rejected | None = None
        for parent in await parents(self._turn, self._table):
            try:
                async for batch in self._pages(parent):
                    yield batch
                self._complete.append(parent)
            except Rejected as error:
                # a parent that has just been deleted has no rows; older servers know fewer object types
                if error.status not in GONE and not self._listed:
                    raise
                refused = error
        if refused and self._listed and not self._complete:
            raise refused

    def parents(self) -> pa.Table:
        """Return a tombstone for each parent that was read to the end."""
        keys = [{column: parent} for parent in self._complete if (column := self._table.parent)]
        return tombstones(self._table, keys, self.began)

    async def _pages(self, parent: str) -> AsyncIterator[pa.Table]:
        async for number, page in self._answers(parent):
            self.seams = self.seams or number > 0
            if not page.rows:
                continue
            yield self._batch(page.rows, page.sent_at, parent)
            await self._turn.stock.offer(self._table.name, page.rows, page.sent_at)

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
            yield 0, await _all_there_is(self._turn, table)
        elif _is_parent(table):
            for number, page in enumerate(await whole(self._turn, table)):
                yield number, page
        else:
            number = 0
            async for page in client.pages(endpoint, **asked_for(table, endpoint.query, parent)):
                yield number, page
                number += 1


def keys_of(table: Table, batch: pa.Table) -> set[tuple[str, ...]]:
    """Return the keys of a batch's rows."""
    return set(zip(*(batch.column(name).to_pylist() for name in table.key), strict=True))


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
    if table.per is None:
        return [""]
    match table.per.parents:
        case Listed(values):
            return list(values)
        case Configured(setting):
            return list(getattr(turn.settings, setting))
        case RowsOf(name):
            pages = await whole(turn, COLLECTED[name])
            return list(dict.fromkeys(row["id"] for page in pages for row in page.rows))


def _is_parent(table: Table) -> bool:
    return any(other.parent_table == table.name for other in COLLECTED.values())


async def whole(turn: Turn, table: Collection) -> list[Answer]:
    """Read a small collection that others hang on, once in a turn."""

    async def read() -> list[Answer]:
        return [page async for page in turn.patient_client.pages(table.read.endpoint)]

    pages: list[Answer] = await turn.once(table.name, read)
    return pages


async def _object(turn: Turn, table: Collection) -> Answer:
    """Ask for the one object that is the whole table."""

    def check(answer: Answer) -> str | None:
        return None if isinstance(answer.data, dict) else "data is no object"

    answer = turn.control.answers.get(table.read.endpoint.name)
    answer = answer or await turn.patient_client.ask(table.read.endpoint, check=check)
    return Answer([answer.data], answer.sent_at)


async def _all_there_is(turn: Turn, table: Collection) -> Answer:
    """Ask for as many rows as can be had at once, where there is no second page.

    Raises:
        NoSecondPage: There may be more.
    """
    endpoint = table.read.endpoint
    most = endpoint.max_page_size or 0
    answer = await turn.patient_client.ask(
        endpoint, body={"limit": most}, check=lambda answer: list_problem(answer, "", set())
    )
    if len(answer.rows) >= most:
        raise NoSecondPage(endpoint.label, most, table.name)
    return answer
