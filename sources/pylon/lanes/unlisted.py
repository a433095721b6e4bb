"""Answers without a list: ``data`` is null, or not there at all.

Some servers write an empty list so (seen), others have slipped. Such an answer is believed only where the same endpoint
shows rows that are there, a moment before it says so again; until then it says nothing, and nothing is passed over.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from ..api.answers import Answer

AGAIN = 4
"""How often the same is asked again before anything else is tried."""

Ask = Callable[[], Awaitable[Answer]]


async def believed(page: Answer, ask: Ask, shows_rows: Callable[[], Awaitable[bool]]) -> Answer | None:
    """Return an answer that counts; ``None``: what there is cannot be told now.

    Args:
        page: What was answered; with a list it counts as it is.
        ask: Asks for the same again.
        shows_rows: Whether the endpoint shows a row now that is known to be there.
    """
    for _ in range(AGAIN):
        if page.listed:
            return page
        page = await ask()
    if page.listed:
        return page
    return await ask() if await shows_rows() else None
