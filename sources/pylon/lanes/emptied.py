"""What hangs on a parent and is there no more, all of it: believed only when it is said twice, and not of too many."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..catalog import PerParent, Table
from ..errors import Implausible
from .catch import CATCH_ROWS, catches
from .conversation import Conversation, Refused

if TYPE_CHECKING:
    from .turn import Turn


@dataclass
class Emptied:
    """The parents that were found to have none of some child any more, in one run."""

    parents: set[str] = field(default_factory=set)
    held: int | None = None
    """How many parents of which the copy holds rows; ``None`` until so many were emptied that it matters."""
    caught: Implausible | None = None
    """Why no more are believed."""


async def believed(
    turn: Turn,
    table: Table[PerParent],
    found: Conversation,
    again: Callable[[], Awaitable[Conversation | Refused]],
) -> Conversation | Refused:
    """Return what to make of a parent on which nothing hangs.

    Args:
        turn: The turn that it is part of.
        table: What was read.
        found: What was read: an empty list.
        again: Reads it once more.
    """
    parent_id = found.parent.parent_id
    if not turn.has_rows(table, parent_id):
        return found
    second = await again()
    if isinstance(second, Refused) or second.rows or not second.whole:
        return second
    run = turn.control.emptied[table.name]
    run.parents.add(parent_id)
    if turn.control.confirmed or len(run.parents) <= CATCH_ROWS:
        return second
    if run.held is None:
        run.held = len(turn.contents.values(table.name, table.read.asked_by))
    if not catches(len(run.parents), run.held):
        return second
    if run.caught is None:
        run.caught = Implausible(table.name, len(run.parents), run.held, whose=table.read.of)
        if turn.control.strict:  # what was read is worth keeping
            logging.getLogger("dlt").warning(str(run.caught))
        else:
            turn.report.fail(table.name, run.caught, stops=False)
    return Refused(found.parent, run.caught, there=False, in_part=True)
