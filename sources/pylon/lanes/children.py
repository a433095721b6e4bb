"""What hangs on other rows, read for each parent that is due: messages of issues, comments of tasks and the like.

Each child has a lane of its own, at its endpoint's pace.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial

import pyarrow as pa

from ..api.answers import Answer
from ..api.client import Client
from ..catalog import TABLES, PerParent, Table
from ..copy.state import SourceState
from ..copy.work import Times, vouched_for
from ..errors import (
    GONE,
    GONE_ISSUE,
    CredentialsError,
    PylonError,
    Rejected,
    TurnOver,
    Unavailable,
    is_lacking,
)
from ..rows.masking import UNMASKED
from ..rows.rows import Row, instant, to_arrow, tombstones
from .reading import Batch, read_until_settled
from .turn import Turn, keyed

IN_FLIGHT = 8
"""Requests of one lane that are under way at once; the pacer decides how many there are in a minute."""
BATCH_ROWS = 8000
BATCH_SECONDS = 5.0
"""A batch costs dlt as much as a thousand rows do: it is worth waiting for. A turn that ends hands on what there is."""
LOOK_SECONDS = 1.0
FAILURES = 3
"""After so many parents in a row without a proper answer, one that is known to have been read is asked for again."""
REFUSALS = 5
"""The same where no parent was read yet in this lane, refusals included."""
KEPT = 500
"""How many refused parents are remembered, the latest."""

RIPENS = timedelta(days=1)
"""How long a call without a recording is asked for again: its transcript may not be ready yet."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """What the API returned for one parent: the truth for it, nothing at all included."""

    parent: Times
    rows: list[Row]
    sent_at: datetime


@dataclass(frozen=True, slots=True)
class Refused:
    """A parent for which nothing was given.

    ``there`` is false where the parent itself does not answer either. ``gone_at`` is when what was asked for by its own
    id was not there (UTC): if others are, it is gone.
    """

    parent: Times
    error: PylonError
    there: bool = True
    gone_at: datetime | None = None


@dataclass
class _Lane:
    """What has been read but not handed on, and how the reading goes."""

    read: list[Conversation] = field(default_factory=list)
    rows: int = 0
    since: float = field(default_factory=time.monotonic)
    refused: list[Refused] = field(default_factory=list)
    failures: list[PylonError] = field(default_factory=list)
    in_a_row: int = 0
    cut_short: bool = False
    good: str | None = None
    """The last parent that was read."""
    stopped: PylonError | None = None

    def add(self, conversation: Conversation) -> None:
        self.read.append(conversation)
        self.rows += len(conversation.rows) + 1
        self.in_a_row = 0
        self.good = conversation.parent.parent_id

    def refuse(self, one: Refused) -> None:
        self.refused.append(one)
        self.in_a_row += one.there and self.good is None

    def fail(self, error: PylonError) -> None:
        self.failures.append(error)
        self.in_a_row += 1

    @property
    def errors(self) -> list[PylonError]:
        """What kept parents that should be there from being read."""
        return [*self.failures, *(one.error for one in self.refused if one.there)]

    @property
    def doubtful(self) -> bool:
        """Whether the endpoint may be at fault rather than the parents."""
        return self.in_a_row >= (FAILURES if self.good else REFUSALS) and not self.stopped

    @property
    def ripe(self) -> bool:
        return bool(self.read) and (self.rows >= BATCH_ROWS or time.monotonic() - self.since >= BATCH_SECONDS)

    def take(self) -> list[Conversation]:
        taken, self.read, self.rows, self.since = self.read, [], 0, time.monotonic()
        return taken


async def conversations(turn: Turn, table: Table[PerParent]) -> AsyncIterator[list[Conversation]]:
    """Read one child of all parents that are due, in order of worth, until nothing is due or the turn is over.

    Raises:
        PylonError: The endpoint failed or was refused for all, after everything that was read has been handed on.
        TurnOver: So it is raised where the turn ended while parents were being read.
    """
    lane, work, tasks = _Lane(), turn.stock.of(table.name), set[asyncio.Task[Conversation | Refused]]()
    try:
        while True:
            stopped = turn.budget.over or lane.stopped is not None
            while len(tasks) < IN_FLIGHT and len(work) and not stopped:
                parent = work.pop()
                assert parent is not None  # noqa: S101 - tells the type checker what len() says
                tasks.add(asyncio.create_task(_read(turn, table, parent)))
                stopped = turn.budget.over
            if tasks:
                done, tasks = await asyncio.wait(
                    tasks, timeout=LOOK_SECONDS, return_when=asyncio.FIRST_COMPLETED
                )
                _collect(turn, table, lane, done)
                if lane.doubtful:
                    await _expect_answers(turn, table, lane)
            elif stopped or not (turn.more_work_may_come(table) or len(work)):
                break
            else:
                await turn.stock.wait()
            if lane.ripe:
                yield lane.take()
        _believe_in_departures(lane)
        if lane.read:
            yield lane.take()
    finally:
        for task in tasks:
            task.cancel()
    await _tell(turn, table, lane)


async def _expect_answers(turn: Turn, table: Table[PerParent], lane: _Lane) -> None:
    """Tell parents that are refused from an endpoint that is: does it answer for one that it answered for before."""
    lane.in_a_row = 0
    witness = lane.good or turn.ledger.one_read(table.name)
    if witness is None:
        lane.stopped = lane.errors[0]
        return
    try:
        await _ask(turn.client, table, {table.read.asked_by: witness})
        lane.good = witness
    except TurnOver:
        lane.cut_short = True
    except PylonError as error:
        lane.stopped = error


def _believe_in_departures(lane: _Lane) -> None:
    """What is asked for by its own id, and is not there while others are, is gone."""
    if lane.good is not None:
        gone = [Conversation(one.parent, [], one.gone_at) for one in lane.refused if one.gone_at]
        lane.read += gone
        lane.refused = [one for one in lane.refused if not one.gone_at]


async def _tell(turn: Turn, table: Table[PerParent], lane: _Lane) -> None:
    """Note which parents could not be read; raise what kept the lane from reading all of them."""
    error = lane.stopped
    if error is None and lane.good is None and lane.errors and turn.ledger.one_read(table.name) is None:
        error = lane.errors[0]  # all that there are
    if error is not None:
        core = table.read.is_of_issues and not table.off
        if core or not await turn.lacking.is_so(table.read.endpoint, error, [table]):
            raise error
        turn.stock.give_up(table.name)
        return
    if lane.good:
        turn.lacking.has(table.read.endpoint)
    _remember(turn, table, lane)
    for failure in lane.failures:
        turn.fail(table.name, failure, stops=False)
    if lane.cut_short:
        raise TurnOver


def _remember(turn: Turn, table: Table[PerParent], lane: _Lane) -> None:
    """Keep which parents are refused, so that they are asked for once a day; say so of those that are new."""
    state, now = SourceState.current().hanging(table.name), datetime.now(UTC)
    news = [one for one in lane.refused if one.there and one.parent.parent_id not in state.refused]
    if news:
        turn.report.warn(
            f"{table.name}: {len(news):,} that should be there are refused, such as {news[0].error.message}"
            " What the copy has of them stays as it is; they are asked for once a day."
        )
    if lane.refused:
        known = {**state.refused, **{one.parent.parent_id: now for one in lane.refused}}
        state.refused = dict(list(known.items())[-KEPT:])


def _collect(
    turn: Turn, table: Table[PerParent], lane: _Lane, done: set[asyncio.Task[Conversation | Refused]]
) -> None:
    for task in done:
        try:
            found = task.result()
        except TurnOver:
            lane.cut_short = True
        except CredentialsError as error:
            lane.stopped = error
        except PylonError as error:
            lane.fail(error)
        else:
            if isinstance(found, Refused):
                lane.refuse(found)
            else:
                lane.add(found)
                turn.report.lanes[table.name].done += 1


async def _read(turn: Turn, table: Table[PerParent], parent: Times) -> Conversation | Refused:
    with turn.budget.unit():
        ids = {table.read.asked_by: parent.parent_id}
        try:
            batch = await _ask(turn.client, table, ids)
        except PylonError as error:
            gone = isinstance(error, Rejected) and error.status in _gone(table)
            if not gone and not is_lacking(error):
                raise
            return await _refused(turn.client, table, parent, error)
        rows = keyed(turn, table, batch.rows)
        if batch.whole and len(rows) == len(batch.rows):
            return Conversation(parent, rows, batch.sent_at)
        return _in_part(turn, table, Conversation(parent, rows, batch.sent_at))


def _in_part(turn: Turn, table: Table[PerParent], found: Conversation) -> Conversation | Refused:
    """What is not a whole list says nothing about the rows that it lacks: it takes none away."""
    if not turn.contents.has_rows(table, found.parent.parent_id):
        return found
    path = table.read.endpoint.path.format(**{table.read.asked_by: found.parent.parent_id})
    error = Unavailable(f"{table.read.endpoint.method} {path}", "gave no whole list", "Run again later.")
    turn.report.warn(f"{error.message} What the copy has of it stays as it is.")
    return Refused(found.parent, error, there=False)


def _gone(table: Table[PerParent]) -> frozenset[int]:
    return GONE_ISSUE if table.read.is_of_issues else GONE


async def _ask(client: Client, table: Table[PerParent], ids: dict[str, str]) -> Batch:
    if not table.read.endpoint.single:
        return await read_until_settled(
            lambda: client.pages(table.read.endpoint, ids=ids), table.read.endpoint.label
        )
    query = dict(table.read.endpoint.fixed) or None
    answer = await client.ask(table.read.endpoint, ids=ids, query=query, check=partial(_rows_problem, table))
    whole = table.read.rows_at is None or isinstance(answer.data.get(table.read.rows_at), list)
    return Batch(_rows_in(table, answer), answer.sent_at, whole)


def _rows_problem(table: Table[PerParent], answer: Answer) -> str | None:
    if not isinstance(answer.data, dict):
        return "data is no object"
    rows = _rows_in(table, answer)
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        return f"{table.read.rows_at} is no list of objects"
    return None


def _rows_in(table: Table[PerParent], answer: Answer) -> list[Row]:
    """Return the rows of an answer that is one object: the object itself, or what stands in one of its fields."""
    if table.read.rows_at is None:
        return [answer.data]
    return answer.data.get(table.read.rows_at) or []


async def _refused(
    client: Client, table: Table[PerParent], parent: Times, error: PylonError
) -> Conversation | Refused:
    """Find out what a refusal means: what was asked for may be scrubbed, gone, or only not given.

    A parent that seems gone takes nothing along: its own list has to say so. Until then, it is asked for once a day.
    """
    there = not (isinstance(error, Rejected) and error.status in _gone(table))
    if there:
        return Refused(parent, error)
    if table.read.witness is None:  # it was asked for by its own id
        return Refused(parent, error, gone_at=await client.now())
    try:
        answer = await client.ask(table.read.witness, ids={table.read.asked_by: parent.parent_id})
    except PylonError as other:
        gone = isinstance(other, Rejected) and other.status in _gone(table)
        return Refused(parent, error, there=not gone)
    if isinstance(answer.data, dict) and answer.data.get("title") == "SCRUBBED":
        return Conversation(parent, [], answer.sent_at)
    return Refused(parent, error)


def to_batch(turn: Turn, table: Table[PerParent], read: Sequence[Conversation]) -> pa.Table:
    """Turn what was read into what replaces it in the destination, and write it into the ledger.

    Returns:
        The rows, and one tombstone for each parent, by which its former rows go. One batch, since dlt works out the
        schema anew for each.
    """
    rows = [row for one in read for row in one.rows]
    # one stamp for each parent: of a message that moved while both issues were read, the later reading counts
    stamps = [stamp for one in read for stamp in [turn.stamp(one.sent_at)] * len(one.rows)]
    given = {
        table.read.asked_by: [one.parent.parent_id for one in read for _ in one.rows],
        "position": [place for one in read for place in range(len(one.rows))],
        "_synced_at": stamps,
    }
    batches = []
    if replaced := [one.parent.parent_id for one in read if table.scope == "parent" or not one.rows]:
        batches.append(_without(turn, table, replaced, read[-1].sent_at))
    if rows:
        batches.append(turn.count(table, to_arrow(table, rows, given, turn.settings.masks), len(rows)))
    turn.budget.progress()
    # last: it vouches for what is handed on
    turn.written.put(table.read.ledger, _ledger_rows(turn, table, read))
    return pa.concat_tables(batches)


def _without(turn: Turn, table: Table[PerParent], parents: Sequence[str], at: datetime) -> pa.Table:
    """Return a tombstone for what a table holds of each parent."""
    return tombstones(table, [{table.read.asked_by: parent} for parent in parents], turn.stamp(at))


def forget(turn: Turn, table: Table[PerParent]) -> pa.Table | None:
    """Return what removes the rows of parents that are gone, if there are any; the ledger forgets them too."""
    orphans = sorted(turn.ledger.orphans(table.name))
    if not orphans:
        return None
    ledger = TABLES[table.read.ledger]
    keys = [{ledger.key[0]: parent, "child": table.name} for parent in orphans]
    now = datetime.now(UTC)
    turn.written.put(ledger.name, tombstones(ledger, keys, now))
    return _without(turn, table, orphans, now)


def _ledger_rows(turn: Turn, table: Table[PerParent], read: Sequence[Conversation]) -> pa.Table:
    ledger = TABLES[table.read.ledger]
    known = {its: [_vouched_for(one, mine) for one in read] for mine, its in table.read.moves}
    given = {
        **dict.fromkeys(ledger.column_names),
        **known,
        ledger.key[0]: [one.parent.parent_id for one in read],
        "child": table.name,
        "row_count": [len(one.rows) for one in read],
        "synced_at": [one.sent_at for one in read],
        "load_id": turn.load_id,
    }
    return to_arrow(ledger, [{}] * len(read), given, UNMASKED)


def _vouched_for(one: Conversation, name: str) -> datetime | None:
    if name == "updated_at" and any(_ripens(row, one.sent_at) for row in one.rows):
        return None
    return vouched_for(getattr(one.parent, name), one.sent_at)


def _ripens(row: Row, now: datetime) -> bool:
    """Whether it is a call whose recording may still come."""
    created = instant(row.get("created_at"))
    return "recordings" in row and not row["recordings"] and created is not None and created > now - RIPENS
