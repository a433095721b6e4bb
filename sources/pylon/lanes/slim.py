"""Lists of issues whose rows lack fields that the issues have: what is left out is asked for by the issue's id.

A field that is empty in all rows of an answer, or that none has, may be empty in all of these issues: some servers do
not write what is empty, and some write null where they leave out. Where the copy holds it, or nobody has looked lately,
some of these issues are asked for by their ids. If one of them has it, the list leaves it out, and each issue that is
news is asked for, until a row of the list has the field.
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property, partial
from typing import Any

import pyarrow as pa

from ..api.answers import object_problem
from ..catalog import ENDPOINTS, ISSUES, Endpoint
from ..copy import held
from ..copy.comparing import typed
from ..copy.leaving import Leaving
from ..copy.state import SourceState
from ..errors import CredentialsError, PermissionDenied, Rejected, Unavailable
from ..rows import exact
from ..rows.rows import Row, has_key
from . import shown_again
from .turn import Turn
from .ways import Batch, Copies

SOME = 3
"""So many issues are asked for to see whether fields are left out."""
ENOUGH = 20
"""Of so many, some should have each field."""
AT_ONCE = 8
"""How many are asked for at a time; the pacer decides how many there are in a minute."""
TRIES = 2
"""How often each is tried: where it fails, the copy keeps what it has."""

FULL = frozenset({"title", "body_html", "state", "requester", "created_at", "link"})
"""Fields that are empty in hardly any issue. Of others, many workspaces use none: that all are null tells nothing, but
where the copy knows better, or one of these is null in all of so many too."""
MOST_IN_VAIN = 3
"""So many times in a turn some may be asked for of which none is given."""

COLUMNS = defaultdict[str, list[str]](list)
"""The columns that each field of an issue fills."""
for _column in ISSUES.columns:
    if not _column.given:
        COLUMNS[_column.source[0]].append(_column.name)

EMPTY: tuple[Any, ...] = (None, "", [], {}, "[]", "{}", '""', "null")
"""What says nothing, in a row of the API or of the copy."""


@dataclass
class _Shown:
    """Rows of one answer, and the copy of each, as far as it is of use."""

    rows: Sequence[Row]
    absent: AbstractSet[str]
    """The fields that have no value in any row."""
    unwritten: AbstractSet[str]
    """Those of them that no row has at all."""
    at: datetime
    copies: Copies
    compare: Callable[[], Mapping[str, Collection[str]]]

    @cached_property
    def news(self) -> Mapping[str, Collection[str]]:
        """The columns in which each row that is news differs from its copy; all of them, where there is none."""
        return self.compare()

    def copy(self, id_: str) -> Mapping[str, Any]:
        """Return the copy of an issue; empty, where there is none."""
        return self.copies.get((id_,), {})

    @property
    def wanted(self) -> dict[str, list[str]]:
        """The issues of which the copy holds an absent field, by field."""
        found = defaultdict[str, list[str]](list)
        for id_ in dict.fromkeys(row["id"] for row in self.rows) if self.copies else ():
            copy = self.copy(id_)
            for name in self.absent:
                if any(copy.get(column) not in EMPTY for column in COLUMNS[name]) and id_ in self.news:
                    found[name].append(id_)
        return dict(found)

    @property
    def fullest(self) -> list[str]:
        """The issues of which the most is given."""
        given = {row["id"]: sum(value not in EMPTY for value in row.values()) for row in self.rows}
        return sorted(self.news, key=lambda id_: given[id_], reverse=True)[:SOME]

    def incomplete(self, missing: Collection[str]) -> set[str]:
        """Return the issues that are news beyond what is missing of them."""
        columns = {column for name in missing for column in COLUMNS[name]}
        return {id_ for id_, differing in self.news.items() if not columns.issuperset(differing)}


class SlimLane:
    """Completes what one list of issues leaves out of its rows.

    Args:
        turn: The turn.
        endpoint: The list, or the search.
    """

    def __init__(self, turn: Turn, endpoint: Endpoint) -> None:
        self._turn = turn
        self._endpoint = endpoint
        self._leaving = Leaving.of(SourceState.current(), endpoint.name)
        self._in_vain = 0
        self._listed = Leaving.of(SourceState.current(), ISSUES.read.endpoint.name)

    async def whole(self, batches: AsyncIterator[Batch]) -> AsyncIterator[Batch]:
        """Pass on what is read, with all fields; what had been left out comes from either list, and is as it is.

        Raises:
            TurnOver: The turn ended before all were asked for; what was passed on need not be asked for again.
        """
        async for batch in batches:
            rows = [] if batch.left else [row for row in batch.rows if has_key(ISSUES, row)]
            absent = COLUMNS.keys() - given_by(rows)
            unwritten = absent - set().union(*rows)
            if rows:
                # null is a value too, but where it stands for what is left out
                not_told = _doubted(rows, absent, unwritten) | absent & self._leaving.left_out.keys()
                self._leaving.give(COLUMNS.keys() - not_told, batch.sent_at)
            if not rows or not absent:
                yield batch
                continue
            beside = batch
            if batch.again or self._leaving.left_out:
                copies = held.rows(self._turn.contents, ISSUES, [row["id"] for row in rows])
                beside = replace(batch, copies=copies)
            # what a list writes for no value is no edit of another one that says as little, where it leaves out
            compare = partial(self._compared, beside, rows, absent if self._leaving.left_out else unwritten)
            shown = _Shown(rows, absent, unwritten, batch.sent_at, beside.copies or {}, compare)
            found, kept = await self._looked_at(shown)
            if not kept and not self._leaving.left_out.keys() & absent:
                yield beside
                continue
            async for one in self._completed(beside, shown, found, kept):
                yield one

    def _compared(
        self, batch: Batch, rows: Sequence[Row], silent: AbstractSet[str]
    ) -> Mapping[str, Collection[str]]:
        news: dict[str, Collection[str]] = {row["id"]: ISSUES.column_names for row in rows}
        if copies := batch.copies:
            columns = {column for name in silent for column in COLUMNS[name]}
            for row in typed(ISSUES, rows, self._turn.settings.masks):
                if copy := copies.get((row["id"],)):
                    shown = {**row, "_synced_at": batch.sent_at}
                    news[row["id"]] = [
                        name
                        for name in shown_again.in_what(self._turn, ISSUES, shown, copy)
                        if name not in columns or copy.get(name) not in EMPTY
                    ]
        return {id_: differing for id_, differing in news.items() if differing}

    async def _looked_at(self, shown: _Shown) -> tuple[dict[str, Row], set[str]]:
        """Find out what is meant by fields that are absent, where nobody knows.

        Returns:
            The issues that were asked for, and the fields of which the copy keeps what it has, since nothing was told.
        """
        wanted, leaving = shown.wanted, self._leaving
        doubted = _doubted(shown.rows, shown.absent, shown.unwritten)
        doubtful = self._listed.untold(doubted) if doubted and not self._is_telling(shown) else doubted
        due = {name for name in {*doubtful, *wanted} if leaving.is_due(name, shown.at, wanted=name in wanted)}
        if not due or not shown.news or self._in_vain >= MOST_IN_VAIN:
            return {}, due & wanted.keys()
        ids = _telling({name: wanted[name] for name in sorted(due & wanted.keys())})
        found = await self._by_id(
            list(dict.fromkeys([*ids, *(shown.fullest if due - wanted.keys() else [])]))
        )
        if not found:  # nothing was told; the next page may tell
            self._in_vain += 1
            self._turn.report.warn(
                f"Whether {self._endpoint.label} leaves fields out of its rows could not be seen, since"
                f" {ENDPOINTS['get_issue'].label} gave none of its issues. What the copy has of these fields stays."
            )
            return {}, due & wanted.keys()
        versions = {row["id"]: row.get("updated_at") for row in shown.rows}
        left_out = {
            name
            for name in due
            for id_, row in found.items()
            if row.get(name) not in EMPTY
            # what came since was not left out
            and (id_ in wanted.get(name, ()) or row.get("updated_at") == versions[id_])
        }
        untold = {name for name in due & wanted.keys() if not found.keys() & set(wanted[name])} - left_out
        leaving.empty(due - left_out - untold, shown.at, wanted)
        if left_out:
            leaving.leave(left_out, shown.at)
            self._turn.report.warn(
                f"{self._endpoint.label} leaves out {', '.join(sorted(left_out))}. Each issue that it shows anew is"
                " asked for by its id; what was read before may lack them."
            )
        return found, untold

    def _is_telling(self, shown: _Shown) -> bool:
        """Whether it is odd that no row has some field: a search shows a few, and the list completes them later."""
        return self._endpoint is ISSUES.read.endpoint or len(shown.news) >= ENOUGH

    async def _completed(
        self, batch: Batch, shown: _Shown, found: dict[str, Row], kept: Collection[str]
    ) -> AsyncIterator[Batch]:
        left_out = self._leaving.left_out.keys() & shown.absent
        missing = left_out | set(kept)
        incomplete = shown.incomplete(missing)
        rows = {row["id"]: row for row in shown.rows if row["id"] in incomplete}
        yield replace(batch, rows=[row for row in batch.rows if not has_key(ISSUES, row)])
        ids = list(rows)
        for some in (ids[start : start + AT_ONCE] for start in range(0, len(ids), AT_ONCE)):
            if left_out:
                found |= await self._by_id([id_ for id_ in some if id_ not in found])
            columns = [column for name in missing for column in COLUMNS[name]]
            as_held = {id_: {name: shown.copy(id_).get(name) for name in columns} for id_ in some}
            yield replace(
                batch,
                rows=[found.get(id_, rows[id_]) for id_ in some],
                kept={id_: values for id_, values in as_held.items() if id_ not in found},
            )

    async def _by_id(self, ids: Sequence[str]) -> dict[str, Row]:
        """Ask for issues by their ids; those that are not given are left out."""
        found = await asyncio.gather(*map(self._one, ids))
        return {id_: row for id_, row in zip(ids, found, strict=True) if row}

    async def _one(self, id_: str) -> Row | None:
        try:
            answer = await self._turn.client.ask(
                ENDPOINTS["get_issue"], ids={"issue_id": id_}, check=object_problem, attempts=TRIES
            )
        except (
            CredentialsError,
            PermissionDenied,
            Rejected,
            Unavailable,
        ):  # where the token is, the next one tells
            return None
        row: Row = answer.data
        return row if row.get("id") == id_ else None


def _doubted(rows: Sequence[Row], absent: AbstractSet[str], unwritten: AbstractSet[str]) -> AbstractSet[str]:
    """Return the fields that an answer may leave out; null in all of many issues counts where hardly any lacks one."""
    return absent if len(rows) >= ENOUGH and absent & FULL else unwritten


def given_by(rows: Collection[Row]) -> set[str]:
    """Return the fields that have a value in some row."""
    names = set[str]().union(*rows)
    return {name for name in names if any(row.get(name) not in EMPTY for row in rows)}


def _telling(wanted: Mapping[str, Sequence[str]]) -> list[str]:
    """Return some issues, at least one of those of each field."""
    held = Counter(id_ for ids in wanted.values() for id_ in ids)
    some = [id_ for id_, _ in held.most_common(SOME)]
    return [*some, *(ids[0] for ids in wanted.values() if not set(some) & set(ids))]


def with_kept(batch: pa.Table, kept: Mapping[str, Mapping[str, Any]]) -> pa.Table:
    """Return rows of issues with values that the copy has, by the issue's id and column, in the place of theirs."""
    ids = batch.column("id").to_pylist()
    for name in {name for values in kept.values() for name in values}:
        index = batch.column_names.index(name)
        column = zip(ids, batch.column(index).to_pylist(), strict=True)
        values = [
            _as_text(batch.schema.field(name), kept.get(str(id_), {}).get(name, value))
            for id_, value in column
        ]
        batch = batch.set_column(index, batch.schema.field(name), pa.array(values, batch.schema.types[index]))
    return batch


def _as_text(field: pa.Field[Any], value: Any) -> Any:
    """Return a value of the copy as a batch has it: some destinations give JSON as what it stands for."""
    if field.type != pa.string() or value is None or isinstance(value, str):
        return value
    return exact.dumps(value).decode()
