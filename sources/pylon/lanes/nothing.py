"""A conversation in which there is nothing, as an answer without a list says.

Some servers write an empty list so (seen: ``GET /issues/{id}/threads``), others have slipped. At the first reading
there is nothing to compare with. So some are asked for a second time at once: if all of them say the same, that is the
server's way, and is remembered as such. Until then, what is said so is asked for again a day later.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..catalog import PerParent, Table
from ..copy.state import SourceState
from .conversation import Conversation, Refused
from .unlisted import AGAIN

if TYPE_CHECKING:
    from .turn import Turn

ENOUGH = 20
"""So many that say the same twice show a server's way."""


@dataclass
class Way:
    """How a server says in one run that there is nothing of some child."""

    confirmed: int = 0
    """How many answers without a list were repeated."""
    slipped: bool = False
    """Whether one was not: then such an answer says nothing."""


async def believed(
    turn: Turn,
    table: Table[PerParent],
    found: Conversation,
    again: Callable[[], Awaitable[Conversation | Refused]],
) -> Conversation | Refused:
    """Return what to make of an answer without a list, about a parent of which the copy holds nothing.

    Args:
        turn: The turn that it is part of.
        table: What was read.
        found: What was read: nothing.
        again: Reads it once more.
    """
    state, way = SourceState.current().hanging(table.name), turn.control.ways[table.name]
    parent_id = found.parent.parent_id
    if state.writes_no_empty_list or parent_id in turn.ledger.synced([table], [parent_id])[table.name]:
        return found
    for _ in range(AGAIN if way.slipped else 1):
        second = await again()
        if isinstance(second, Refused) or not second.bare:
            way.slipped = True
            return second
    way.confirmed += 1
    state.writes_no_empty_list = not way.slipped and way.confirmed >= ENOUGH
    return found if state.writes_no_empty_list else replace(found, whole=False)
