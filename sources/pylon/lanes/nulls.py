"""What hangs on a parent where the answer has no list: ``data`` is null.

Some servers write an empty list so, for all parents or for some, others have slipped. Of threads it is known (seen).
Of others, what the endpoint does otherwise tells. The first few parents are asked again at once. And where a run was
given no list at all, a parent that is known to have rows is a witness: if it has none either, nothing was said. Where
there is no witness yet, the answers are believed, and asked for once more as soon as the endpoint gives a list. For
that, a few of them are asked again each day.
"""

from __future__ import annotations

import random
import time
from collections.abc import Awaitable, Callable, Sequence

from ..api.paging import Habit
from ..catalog import PerParent, Table
from ..copy import intervals
from ..copy.work import Times
from ..errors import PylonError, TurnOver
from .forgetting import forget_readings
from .turn import Turn
from .ways import Batch

AGAIN = 2
"""How often a parent is asked again at once."""
ENOUGH = 3
"""So many parents that said the same each time show that it is the endpoint's way to say so."""
WITNESSES = 3
"""Of so many that have most rows one should still have some."""
A_DAY = 3
"""So many that were believed are asked again each day while the endpoint gives no list."""

Ask = Callable[[str], Awaitable[Batch]]
"""Asks for what hangs on a parent, by its id."""


def is_null(batch: Batch) -> bool:
    """Say whether an answer has no list."""
    return not batch.rows and not batch.whole


def shown(turn: Turn, table: Table[PerParent]) -> None:
    """Note that the endpoint has given a list."""
    turn.control.listed.add(table.name)


async def insisted(
    turn: Turn, table: Table[PerParent], parent: Times, batch: Batch, ask: Ask
) -> tuple[Batch, bool]:
    """Return what counts of an answer without a list, and whether it stands for an empty list; another one may come.

    Where a message was written, it never stands for one.

    Raises:
        PylonError: The parent was asked again, and no proper answer came.
        TurnOver: The turn ended before it could be.
    """
    if table.read.is_told_by_times and parent.latest_message_time:
        return batch, False
    habit = _habit(turn, table)
    if habit.says_null < ENOUGH and not table.read.is_null_if_none:
        for _ in range(AGAIN):
            batch = await ask(parent.parent_id)
            if not is_null(batch):
                return batch, False
        habit.says_null += table.name in turn.control.listed
    if table.name not in turn.control.listed:
        turn.control.unlisted[table.name].add(parent.parent_id)
    return batch, True


async def settle(turn: Turn, table: Table[PerParent], ask: Ask) -> None:
    """Find out whether answers without a list count that came in a run without any, and in runs before."""
    habit, blindly = _habit(turn, table), sorted(turn.control.unlisted.pop(table.name, ()))
    if table.name not in turn.control.listed:
        if blindly:
            await _weigh(turn, table, blindly, ask)
        if habit.believed and not table.read.is_null_if_none:
            await _doubt(turn, table, ask)
    if habit.believed and table.name in turn.control.listed:
        habit.believed = 0.0
        if empty := turn.ledger.found_empty(table.name):
            forget_readings(turn, table, empty)
            turn.come_again()


async def _weigh(turn: Turn, table: Table[PerParent], blindly: Sequence[str], ask: Ask) -> None:
    read = turn.ledger.some_read(table.name, WITNESSES)
    if not (witnesses := [parent for parent in read if turn.has_rows(table, parent)]):
        habit = _habit(turn, table)
        habit.believed = habit.believed or time.time()
    elif not table.read.is_null_if_none and not await _gives_a_list(turn, table, witnesses, ask):
        forget_readings(turn, table, blindly)
        turn.control.failed[table.name].update(blindly)
        label = f"{table.read.endpoint.label} gave no list, which says nothing"
        turn.report.warn(f"{label}: {len(blindly):,} are asked again by the next run.")


async def _doubt(turn: Turn, table: Table[PerParent], ask: Ask) -> None:
    """Once a day, ask for a list where none was ever given: one slip for a whole run would last until the sweep."""
    habit, now = _habit(turn, table), time.time()
    if 0 <= now - habit.believed < intervals.TRIED_AGAIN.total_seconds():
        return
    empty = sorted(turn.ledger.found_empty(table.name))
    # others each day: one of a few may have rows
    some = random.Random(f"{table.name} {habit.believed}").sample(empty, min(A_DAY, len(empty)))
    habit.believed = now
    await _gives_a_list(turn, table, some, ask)


async def _gives_a_list(turn: Turn, table: Table[PerParent], parents: Sequence[str], ask: Ask) -> bool:
    for parent in parents:
        try:
            if not is_null(await ask(parent)):
                shown(turn, table)
                return True
        except (PylonError, TurnOver):
            continue
    return False


def _habit(turn: Turn, table: Table[PerParent]) -> Habit:
    return turn.control.paging.of(table.read.endpoint.name)
