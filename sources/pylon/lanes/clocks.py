"""Clocks that are wrong: a watermark that one of them set into the future, and two that differ."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from ..catalog import Feed, Issues, Table
from ..copy import held
from ..copy.state import Stretch
from .turn import Turn

TOLERANCE = timedelta(minutes=10)
"""How far clocks may differ without a word."""


async def set_back(
    turn: Turn, table: Table[Issues] | Table[Feed], stretch: Stretch, created: str, parent: str = ""
) -> None:
    """Set a watermark that lies in the future back, so far that nothing which changed since is passed over.

    The run that set it had read all that there was, so that it read up to the newest row of the copy at least: by when
    that was created, since its later edits may have come by other ways. Without any row, all is read anew.

    Args:
        turn: The turn that it is part of.
        table: The table that is read.
        stretch: How far it has been read.
        created: The column that says when a row was created.
        parent: Whose rows are read, where each parent's are read for themselves.
    """
    if not stretch.begun or stretch.changed_until <= datetime.now(UTC):
        return
    now, wrong = await turn.client.now(), stretch.changed_until
    newest = held.newest(turn.contents, table, created, now + turn.client.ahead, parent)
    if newest is None:
        stretch.stored.clear()
    else:
        stretch.set_back(newest)
    if wrong - now > TOLERANCE:
        since = f"what changed since {newest:%Y-%m-%d %H:%M} UTC" if newest else "all of it"
        turn.report.warn(
            f"{table.name} was read up to {wrong:%Y-%m-%d %H:%M} UTC, which lies in the future: the clock of an earlier"
            f" run was wrong. So {since} is read again."
        )


def tell(turn: Turn) -> None:
    """Say that the server's clock and this machine's differ, once in a run."""
    offsets = (client.offset or timedelta() for client in (turn.client, turn.patient_client))
    text = difference(max(offsets, key=abs))
    if text and not turn.control.clocks_differ:
        turn.control.clocks_differ = True
        turn.report.warn(text)


def difference(offset: timedelta) -> str | None:
    """Say how far the server's clock is from this machine's; ``None`` where that is not worth a word.

    Args:
        offset: How far the server's clock is ahead.
    """
    if abs(offset) <= TOLERANCE:
        return None
    minutes = round(abs(offset) / timedelta(minutes=1))
    size = f"{minutes} min"
    if minutes >= 48 * 60:
        size = f"{round(minutes / 1440)} days"
    elif minutes >= 120:
        size = f"{round(minutes / 60)} h"
    which = "ahead of" if offset > timedelta() else "behind"
    return f"The server's clock is {size} {which} this machine's. The earlier one counts; see which is wrong."
