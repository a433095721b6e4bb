"""What hangs on a parent where the answer has no list: ``data`` is null.

Some servers write an empty list so (seen), others have slipped, and no reading a moment later tells which. What the
endpoint does otherwise tells: once it has given an empty list as a list, an answer without one is a slip, and stays due
until another run is told the same. Before, it is believed; what was believed is asked for once more as soon as
the endpoint shows more than it had shown then.
"""

from __future__ import annotations

from ..api.paging import NO_LIST, NOTHING, ROWS, Habit
from ..catalog import PerParent, Table
from ..copy.work import Times
from ..rows.rows import Row
from .forgetting import forget_readings
from .turn import Turn


def shown(turn: Turn, table: Table[PerParent], rows: list[Row]) -> None:
    """Note that a parent was answered with a list."""
    habit = _habit(turn, table)
    habit.shows = max(habit.shows, ROWS if rows else NOTHING)


def mean_none(turn: Turn, table: Table[PerParent], parent: Times) -> bool:
    """Say whether an answer without a list means that there is nothing; else it says nothing.

    Where a message was written, it never does.
    """
    if table.read.is_told_by_times and parent.latest_message_time:
        return False
    habit = _habit(turn, table)
    if habit.shows == NOTHING:
        return _was_told_before(turn, table, parent.parent_id)
    if habit.shows == NO_LIST:
        turn.control.unlisted[table.name].add(parent.parent_id)
    else:
        habit.believed = ROWS if habit.believed is None else min(habit.believed, ROWS)
    return True


def doubt(turn: Turn, table: Table[PerParent]) -> None:
    """Make due what was believed, if the endpoint has shown more since."""
    habit, blindly = _habit(turn, table), turn.control.unlisted.pop(table.name, set())
    if blindly and habit.shows == NO_LIST:
        habit.believed = NO_LIST
    elif blindly:
        _ask_again(turn, table, sorted(blindly))
    if habit.believed is not None and habit.shows > habit.believed:
        habit.believed = None
        _ask_again(turn, table, turn.ledger.found_empty(table.name))


def _ask_again(turn: Turn, table: Table[PerParent], parents: list[str]) -> None:
    if parents:
        forget_readings(turn, table, parents)
        turn.come_again()


def _was_told_before(turn: Turn, table: Table[PerParent], parent_id: str) -> bool:
    """Whether an earlier run was told the same, and did not believe it."""
    known = turn.ledger.synced([table], [parent_id]).get(table.name, {}).get(parent_id)
    if known is None or known.synced_at is None or known.parent_updated_at or known.latest_message_time:
        return False
    return known.synced_at < turn.control.began_at


def _habit(turn: Turn, table: Table[PerParent]) -> Habit:
    return turn.control.paging.of(table.read.endpoint.name)
