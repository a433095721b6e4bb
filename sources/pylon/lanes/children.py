"""What hangs on other rows, read for each parent that is due: messages of issues, comments of tasks and the like.

Each child has a lane of its own, at its endpoint's pace.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial

import pyarrow as pa

from ..catalog import TABLES, PerParent, Table
from ..copy.work import vouched_for
from ..errors import (
    CredentialsError,
    PylonError,
    TurnOver,
)
from ..rows.masking import UNMASKED
from ..rows.rows import Row, instant, to_arrow, tombstones
from . import nulls, refusals
from .asking import read
from .conversation import Conversation, Progress, Refused
from .forgetting import forget_readings
from .hanging import ask
from .turn import Turn

FOLLOWS = timedelta(minutes=2)
"""How long the newest message may be missing from the list of its issue, whose times have moved already."""
IN_FLIGHT = 8
"""Requests of one lane that are under way at once; the pacer decides how many there are in a minute."""
LOOK_SECONDS = 1.0

RIPENS = timedelta(days=1)
"""How long a call without a recording is asked for again: its transcript may not be ready yet."""


async def conversations(turn: Turn, table: Table[PerParent]) -> AsyncIterator[list[Conversation]]:
    """Read one child of all parents that are due, in order of worth, until nothing is due or the turn is over.

    Raises:
        PylonError: The endpoint failed or was refused for all, after everything that was read has been handed on.
        TurnOver: So it is raised where the turn ended while parents were being read.
    """
    lane, work, tasks = Progress(), turn.stock.of(table.name), set[asyncio.Task[Conversation | Refused]]()
    try:
        await _take_in(turn, table, lane)
        while True:
            stopped = turn.budget.over or lane.stopped is not None
            while len(tasks) < IN_FLIGHT and len(work) and not stopped:
                parent = work.pop()
                assert parent is not None  # noqa: S101 - tells the type checker what len() says
                tasks.add(asyncio.create_task(read(turn, table, parent), name=parent.parent_id))
                stopped = turn.budget.over
            if tasks:
                done, tasks = await asyncio.wait(
                    tasks, timeout=LOOK_SECONDS, return_when=asyncio.FIRST_COMPLETED
                )
                _collect(turn, table, lane, done)
                if lane.doubtful:
                    await refusals.expect_answers(turn, table, lane)
            elif stopped or not (turn.more_work_may_come(table) or len(work)):
                break
            else:
                await turn.stock.wait()
            if lane.ripe:
                yield lane.take()
        refusals.believe_in_departures(lane)
        if lane.read:
            yield lane.take()
    finally:
        for task in tasks:
            task.cancel()
    await nulls.settle(turn, table, partial(ask, turn.client, table))
    await refusals.tell(turn, table, lane)


async def _take_in(turn: Turn, table: Table[PerParent], lane: Progress) -> None:
    """Hand on what was read before the turn began.

    First, and in the order of reading: of a row that has moved to another parent since, the later reading is to count.
    """
    for parent, batch in turn.control.ahead.take(table.name) if turn.control.ahead else ():
        if turn.stock.of(table.name).take(parent):
            task = asyncio.create_task(read(turn, table, parent, batch), name=parent.parent_id)
            done, _ = await asyncio.wait({task})
            _collect(turn, table, lane, done)


def _collect(
    turn: Turn, table: Table[PerParent], lane: Progress, done: set[asyncio.Task[Conversation | Refused]]
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
            turn.control.failed[table.name].add(task.get_name())
        else:
            if isinstance(found, Refused):
                lane.refuse(found)
            else:
                lane.add(found)
                turn.report.lanes[table.name].done += 1


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
        _ask_former_parents(turn, table, read)
        batches.append(turn.count(table, to_arrow(table, rows, given, turn.settings.masks), len(rows)))
    turn.budget.progress()
    # last: it vouches for what is handed on
    turn.written.put(table.read.ledger, _ledger_rows(turn, table, read))
    return pa.concat_tables(batches)


def _ask_former_parents(turn: Turn, table: Table[PerParent], read: Sequence[Conversation]) -> None:
    """Make due what the copy has a row under that has come up under another parent.

    It may have moved, or servers may list it under both; only the list of the former one can say.
    """
    if table.key != ("id", table.parent):
        return
    places = {(row["id"], one.parent.parent_id) for one in read for row in one.rows}
    if former := turn.contents.also_under(table, places):
        forget_readings(turn, table, sorted(former))
        turn.come_again()


def _without(turn: Turn, table: Table[PerParent], parents: Sequence[str], at: datetime) -> pa.Table:
    """Return a tombstone for what a table holds of each parent."""
    return tombstones(table, [{table.read.asked_by: parent} for parent in parents], turn.stamp(at))


def forget(turn: Turn, table: Table[PerParent]) -> pa.Table | None:
    """Return what removes the rows of parents that are gone, if there are any; the ledger forgets them too."""
    orphans = sorted(turn.ledger.orphans(table.name))
    if not orphans:
        return None
    forget_readings(turn, table, orphans)
    return _without(turn, table, orphans, datetime.now(UTC))


def _ledger_rows(turn: Turn, table: Table[PerParent], read: Sequence[Conversation]) -> pa.Table:
    ledger = TABLES[table.read.ledger]
    ahead = turn.client.ahead
    known = {its: [_vouched_for(table, one, mine, ahead) for one in read] for mine, its in table.read.moves}
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


def _vouched_for(table: Table[PerParent], one: Conversation, name: str, ahead: timedelta) -> datetime | None:
    if table.read.is_told_by_times and name == "latest_message_time" and _is_behind(one, ahead):
        return None
    if not one.whole or (name == "updated_at" and any(_ripens(row, one.sent_at) for row in one.rows)):
        return None
    moved: datetime | None = getattr(one.parent, name)
    # what moved later than it was read proves that this machine's clock is slow: only the server's can be meant
    slow = moved is not None and moved > one.sent_at
    return vouched_for(moved, one.sent_at + ahead if slow else one.sent_at)


def _is_behind(one: Conversation, ahead: timedelta) -> bool:
    """Whether the newest message that the issue tells of is not in the list, and may be yet."""
    latest = one.parent.latest_message_time
    if latest is None or latest < one.sent_at + ahead - FOLLOWS:
        return False
    second = latest.replace(microsecond=0)  # some times come without a fraction
    return not any(at >= second for row in one.rows if (at := instant(row.get("timestamp"))))


def _ripens(row: Row, now: datetime) -> bool:
    """Whether it is a call whose recording may still come."""
    created = instant(row.get("created_at"))
    return "recordings" in row and not row["recordings"] and created is not None and created > now - RIPENS
