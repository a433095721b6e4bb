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
from ..copy.work import Times, vouched_for
from ..errors import (
    GONE,
    GONE_ISSUE,
    PermissionDenied,
    PylonError,
    Rejected,
    TurnOver,
    Unavailable,
)
from ..rows.masking import UNMASKED
from ..rows.rows import Row, instant, to_arrow, tombstones
from .reading import Batch, read_until_settled
from .turn import Turn

IN_FLIGHT = 8
"""Requests of one lane that are under way at once; the pacer decides how many there are in a minute."""
BATCH_ROWS = 8000
BATCH_SECONDS = 5.0
"""A batch costs dlt as much as a thousand rows do: it is worth waiting for. A turn that ends hands on what there is."""
LOOK_SECONDS = 1.0
FAILURES = 3
"""A lane stops after so many parents in a row that could not be read; a single one is passed over and stays due."""

RIPENS = timedelta(days=1)
"""How long a call without a recording is asked for again: its transcript may not be ready yet."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """What the API returned for one parent: the truth for it, nothing at all included."""

    parent: Times
    rows: list[Row]
    sent_at: datetime


@dataclass
class _Lane:
    """What has been read but not handed on, and how the reading goes."""

    read: list[Conversation] = field(default_factory=list)
    rows: int = 0
    since: float = field(default_factory=time.monotonic)
    failures: list[PylonError] = field(default_factory=list)
    in_a_row: int = 0
    cut_short: bool = False

    def add(self, conversation: Conversation) -> None:
        self.read.append(conversation)
        self.rows += len(conversation.rows) + 1
        self.in_a_row = 0

    def fail(self, error: PylonError) -> None:
        self.failures.append(error)
        self.in_a_row += 1

    @property
    def ripe(self) -> bool:
        return bool(self.read) and (self.rows >= BATCH_ROWS or time.monotonic() - self.since >= BATCH_SECONDS)

    def take(self) -> list[Conversation]:
        taken, self.read, self.rows, self.since = self.read, [], 0, time.monotonic()
        return taken


async def conversations(turn: Turn, table: Table[PerParent]) -> AsyncIterator[list[Conversation]]:
    """Read one child of all parents that are due, in order of worth, until nothing is due or the turn is over.

    Raises:
        Unavailable: The endpoint failed, after everything that was read has been handed on.
        TurnOver: So it is raised where the turn ended while parents were being read.
    """
    lane, work, tasks = _Lane(), turn.stock.of(table.name), set[asyncio.Task[Conversation]]()
    try:
        while True:
            while len(tasks) < IN_FLIGHT and len(work) and not turn.budget.over and lane.in_a_row < FAILURES:
                parent = work.pop()
                assert parent is not None  # noqa: S101 - tells the type checker what len() says
                tasks.add(asyncio.create_task(_read(turn, table, parent)))
            if tasks:
                done, tasks = await asyncio.wait(
                    tasks, timeout=LOOK_SECONDS, return_when=asyncio.FIRST_COMPLETED
                )
                _collect(turn, table, lane, done)
            elif (
                turn.budget.over
                or lane.in_a_row >= FAILURES
                or not (turn.more_work_may_come(table) or len(work))
            ):
                break
            else:
                await turn.stock.wait()
            if lane.ripe:
                yield lane.take()
        if lane.read:
            yield lane.take()
    finally:
        for task in tasks:
            task.cancel()
    _tell(turn, table, lane)


def _tell(turn: Turn, table: Table[PerParent], lane: _Lane) -> None:
    """Note which parents could not be read; raise what kept the lane from reading all of them."""
    if lane.in_a_row >= FAILURES:
        raise lane.failures[-1]
    for error in lane.failures:
        turn.fail(table.name, error, stops=False)
    if lane.cut_short:
        raise TurnOver


def _collect(turn: Turn, table: Table[PerParent], lane: _Lane, done: set[asyncio.Task[Conversation]]) -> None:
    for task in done:
        try:
            lane.add(task.result())
            turn.report.lanes[table.name].done += 1
        except TurnOver:
            lane.cut_short = True
        except PermissionDenied as error:
            lane.fail(error)
            lane.in_a_row = FAILURES  # no other parent will be answered either
        except PylonError as error:
            lane.fail(error)


async def _read(turn: Turn, table: Table[PerParent], parent: Times) -> Conversation:
    with turn.budget.unit():
        ids = {table.read.asked_by: parent.parent_id}
        try:
            batch = await _ask(turn.client, table, ids)
        except Rejected as error:
            if error.status not in (GONE_ISSUE if table.read.is_of_issues else GONE):
                raise
            return Conversation(parent, [], await _gone_since(turn.client, table, ids, error))
        _expect_keys(table, parent, batch.rows)
        return Conversation(parent, batch.rows, batch.sent_at)


async def _ask(client: Client, table: Table[PerParent], ids: dict[str, str]) -> Batch:
    if not table.read.endpoint.single:
        return await read_until_settled(
            lambda: client.pages(table.read.endpoint, ids=ids), table.read.endpoint.label
        )
    query = dict(table.read.endpoint.fixed) or None
    answer = await client.ask(table.read.endpoint, ids=ids, query=query, check=partial(_rows_problem, table))
    return Batch(_rows_in(table, answer), answer.sent_at)


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


def _expect_keys(table: Table[PerParent], parent: Times, rows: Sequence[Row]) -> None:
    """One row that cannot be told from another must cost its own parent only.

    Raises:
        Unavailable: A row lacks its key.
    """
    given = {column.name for column in table.columns if column.given}
    for name in table.key:
        if name not in given and not all(isinstance(row.get(name), str) for row in rows):
            path = table.read.endpoint.path.format(**{table.read.asked_by: parent.parent_id})
            raise Unavailable(
                f"{table.read.endpoint.method} {path}",
                f"gave an object without {name}, which is the key of {table.name}",
                "Report it to Pylon; the others are read on.",
            )


async def _gone_since(
    client: Client, table: Table[PerParent], ids: dict[str, str], error: Rejected
) -> datetime:
    """Make sure that a parent whose child is refused is gone or scrubbed, rather than the request at fault.

    Raises:
        Unavailable: The parent is still there, so that its child was refused for no known reason.
    """
    if table.read.witness is None:  # it was asked for by its own id
        return await client.now()
    try:
        answer = await client.ask(table.read.witness, ids=ids)
    except Rejected as gone:
        if gone.status not in (GONE_ISSUE if table.read.is_of_issues else GONE):
            raise
        return await client.now()
    if isinstance(answer.data, dict) and answer.data.get("title") == "SCRUBBED":
        return answer.sent_at
    raise Unavailable(
        error.endpoint, f"{error.why}, although what it belongs to is there", "Run again later."
    ) from error


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
    ahead = turn.client.ahead
    known = {its: [_vouched_for(one, mine, ahead) for one in read] for mine, its in table.read.moves}
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


def _vouched_for(one: Conversation, name: str, ahead: timedelta) -> datetime | None:
    if name == "updated_at" and any(_ripens(row, one.sent_at) for row in one.rows):
        return None
    moved: datetime | None = getattr(one.parent, name)
    # what moved later than it was read proves that this machine's clock is slow: only the server's can be meant
    slow = moved is not None and moved > one.sent_at
    return vouched_for(moved, one.sent_at + ahead if slow else one.sent_at)


def _ripens(row: Row, now: datetime) -> bool:
    """Whether it is a call whose recording may still come."""
    created = instant(row.get("created_at"))
    return "recordings" in row and not row["recordings"] and created is not None and created > now - RIPENS
