"""Messages, threads and followers of the issues that are due, each child at its own endpoint's pace."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import pyarrow as pa

from .catalog import ENDPOINTS, TABLES, Table
from .client import Client
from .errors import PylonError, Rejected, TurnOver, Unavailable
from .issues import read_until_settled
from .rows import Row, to_arrow, tombstones
from .turn import Turn
from .work import IssueTimes, vouched_for

IN_FLIGHT = 8
"""Requests of one lane that are under way at once; the pacer decides how many there are in a minute."""
BATCH_ROWS = 8000
BATCH_SECONDS = 5.0
"""A batch costs dlt as much as a thousand rows do: it is worth waiting for. A turn that ends hands on what there is."""
LOOK_SECONDS = 1.0
FAILURES = 3
"""A lane stops after so many issues in a row that could not be read; a single one is passed over and stays due."""

GONE = frozenset({400, 404, 410})
"""What the API answers for a child of an issue that was deleted or scrubbed (seen)."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """What the API returned for one issue: the truth for this issue, nothing at all included."""

    issue: IssueTimes
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


async def conversations(turn: Turn, table: Table) -> AsyncIterator[list[Conversation]]:
    """Read one child of all issues that are due, in order of worth, until nothing is due or the turn is over.

    Raises:
        Unavailable: The endpoint failed, after everything that was read has been handed on.
    """
    lane, work, tasks = _Lane(), turn.work[table.name], set[asyncio.Task[Conversation]]()
    try:
        while True:
            while len(tasks) < IN_FLIGHT and len(work) and not turn.over and lane.in_a_row < FAILURES:
                issue = work.pop()
                assert issue is not None  # noqa: S101 - tells the type checker what len() says
                tasks.add(asyncio.create_task(_read(turn, table, issue)))
            if tasks:
                done, tasks = await asyncio.wait(
                    tasks, timeout=LOOK_SECONDS, return_when=asyncio.FIRST_COMPLETED
                )
                _collect(turn, table, lane, done)
            elif turn.over or lane.in_a_row >= FAILURES or not (turn.more_work_may_come or len(work)):
                break
            else:
                await turn.wait_for_work()
            if lane.ripe:
                yield lane.take()
        if lane.read:
            yield lane.take()
    finally:
        for task in tasks:
            task.cancel()
    if lane.in_a_row >= FAILURES:
        raise lane.failures[-1]
    for error in lane.failures:
        turn.fail(table.name, error, stops=False)
    turn.control.unfinished = turn.control.unfinished or bool(len(work)) or work.again


def _collect(turn: Turn, table: Table, lane: _Lane, done: set[asyncio.Task[Conversation]]) -> None:
    for task in done:
        try:
            lane.add(task.result())
            turn.report.lanes[table.name].done += 1
        except TurnOver:
            turn.control.unfinished = True
        except PylonError as error:
            lane.fail(error)


async def _read(turn: Turn, table: Table, issue: IssueTimes) -> Conversation:
    with turn.unit():
        ids = {"issue_id": issue.issue_id}
        try:
            batch = await read_until_settled(
                lambda: turn.client.pages(table.endpoint, ids=ids), table.endpoint.label
            )
        except Rejected as error:
            if error.status not in GONE:
                raise
            return Conversation(issue, [], await _gone_since(turn.client, ids, error))
        _expect_keys(table, issue, batch.rows)
        return Conversation(issue, batch.rows, batch.sent_at)


def _expect_keys(table: Table, issue: IssueTimes, rows: Sequence[Row]) -> None:
    """One row that cannot be told from another must cost its own issue only.

    Raises:
        Unavailable: A row lacks its key.
    """
    for name in table.key:
        if name != table.parent and not all(isinstance(row.get(name), str) for row in rows):
            path = table.endpoint.path.format(issue_id=issue.issue_id)
            raise Unavailable(
                f"{table.endpoint.method} {path} gave an object without {name}, which is the key of {table.name}.",
                "Report it to Pylon; the other issues are read on.",
            )


async def _gone_since(client: Client, ids: dict[str, str], error: Rejected) -> datetime:
    """Make sure that an issue whose child is refused is gone or scrubbed, rather than the request at fault.

    Raises:
        Unavailable: The issue is still there, so that its child was refused for no known reason.
    """
    try:
        answer = await client.ask(ENDPOINTS["get_issue"], ids=ids)
    except Rejected as gone:
        if gone.status not in GONE:
            raise
        return await client.now()
    if isinstance(answer.data, dict) and answer.data.get("title") == "SCRUBBED":
        return answer.sent_at
    raise Unavailable(f"{error.message} The issue itself is there.", "Run again later.") from error


def to_batch(turn: Turn, table: Table, read: Sequence[Conversation]) -> pa.Table:
    """Turn conversations into what replaces them in the destination, and write them into the ledger.

    Returns:
        The rows, and one tombstone for each issue, by which its former rows go. One batch, since dlt works out the
        schema anew for each.
    """
    rows = [row for one in read for row in one.rows]
    issue_ids = [one.issue.issue_id for one in read for _ in one.rows]
    # one stamp for each issue: of a message that moved while both issues were read, the later reading counts
    stamps = [stamp for one in read for stamp in [turn.stamp(one.sent_at)] * len(one.rows)]
    given = {"issue_id": issue_ids, "_synced_at": stamps}
    parents = [{"issue_id": one.issue.issue_id} for one in read]
    batch = tombstones(table, parents, turn.stamp(read[-1].sent_at))
    if rows:
        batch = pa.concat_tables([batch, turn.count(table, to_arrow(table, rows, given), len(rows))])
    turn.progress()
    turn.synced.put_nowait(_ledger_rows(turn, table, read))  # last: it vouches for what is handed on
    return batch


def _ledger_rows(turn: Turn, table: Table, read: Sequence[Conversation]) -> pa.Table:
    given = {
        "issue_id": [one.issue.issue_id for one in read],
        "child": table.name,
        "issue_updated_at": [vouched_for(one.issue.updated_at, one.sent_at) for one in read],
        "latest_message_time": [vouched_for(one.issue.latest_message_time, one.sent_at) for one in read],
        "row_count": [len(one.rows) for one in read],
        "synced_at": [one.sent_at for one in read],
        "load_id": turn.load_id,
    }
    return to_arrow(TABLES["issue_sync"], [{}] * len(read), given)
