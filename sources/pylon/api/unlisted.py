"""Answers without a list: ``data`` is null, or not there at all.

Some servers write an empty list so (seen), others have slipped. Such an answer is believed only where the same endpoint
shows rows that are there, a moment before it says so again; until then it says nothing, and nothing is passed over.
It is asked often until it is known to mean that, and where it was seen to slip or has just shown such rows itself.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from .answers import Answer
from .paging import Habit

AGAIN = 4
"""How often the same is asked again, of an endpoint that is known to mean an empty list."""
IN_DOUBT = 16
"""How often of others: half of all answers may be slips."""

Ask = Callable[[], Awaitable[Answer]]


async def believed(
    page: Answer,
    ask: Ask,
    shows_rows: Callable[[], Awaitable[bool]],
    habit: Habit,
    *,
    rows_seen: bool = False,
) -> Answer | None:
    """Return an answer that counts; ``None``: what there is cannot be told now.

    Args:
        page: What was answered; with a list it counts as it is.
        ask: Asks for the same again.
        shows_rows: Whether the endpoint shows a row now that is known to be there.
        habit: What the endpoint was seen to do; a slip is noted there.
        rows_seen: Whether another request has just shown rows that this one should show as well.
    """
    if page.listed:
        return page
    known = habit.means_none and not habit.slips and not rows_seen
    for _ in range(AGAIN if known else IN_DOUBT):
        page = await ask()
        if page.listed:
            habit.slips = habit.slips or bool(page.rows)
            return page
    if not await shows_rows():
        return None
    page = await ask()
    habit.means_none = habit.means_none or not page.listed
    return page
