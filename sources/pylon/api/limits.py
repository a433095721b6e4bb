"""The limits that a list takes: a server may refuse one that is too long for it, where others give fewer rows.

What it refuses has many reasons, so a limit counts as one only where the same is given with a shorter one.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

from ..catalog import Endpoint
from ..errors import PylonError, Rejected, Unanswered, WebPage
from .answers import Answer, Check, first_page_problem
from .paging import USUAL_LIMIT, Habit, Paging
from .sending import ATTEMPTS
from .walk import Walk

STATUSES = frozenset({400, 413, 422})
"""How a limit may be refused, besides a 5xx; all others have a meaning of their own."""

Send = Callable[[int | None, str, Check, int], Awaitable[Answer]]
"""Asks for the page at a cursor, "" for the first one, with a limit in rows or none, what to expect, and how often."""


async def begun(
    send: Send, endpoint: Endpoint, wanted: int | None, paging: Paging, *, first: bool, cursor: str
) -> tuple[Walk, Answer]:
    """Begin to walk along a list, with a limit that it takes.

    Args:
        send: How to ask for a page.
        endpoint: Whose list it is.
        wanted: How many rows a page is to have; ``None``: that is left to the server.
        paging: How endpoints were seen to page; what is learnt is noted there.
        first: Whether only the first page is wanted.
        cursor: Where to begin, "" for the first page.

    Returns:
        The walk, and its first page.
    """
    habit = paging.of(endpoint.name)

    async def ask(limit: int | None, cursor: str, check: Check, attempts: int = ATTEMPTS) -> Answer:
        page = await send(limit, cursor, check, attempts)
        habit.taken = max(habit.taken, limit or 0)
        return page

    async def begin(limit: int | None) -> tuple[Walk, Answer]:
        walk = Walk(ask, endpoint, limit, habit, first=first, cursor=cursor)
        return walk, await walk.next()

    limit = paging.limit(endpoint.name, wanted)
    try:
        return await begin(limit)
    except (Rejected, Unanswered) as error:
        if cursor or not limit or not _may_be(error):
            raise

        async def once(limit: int | None) -> Answer:
            return await ask(limit, "", first_page_problem, 1)

        cuttable = first and isinstance(error, Unanswered)
        if not await _found(endpoint, limit, habit, once, cuttable=cuttable):
            raise
    return await begin(paging.limit(endpoint.name, wanted))


async def _found(
    endpoint: Endpoint,
    limit: int,
    habit: Habit,
    once: Callable[[int | None], Awaitable[Answer]],
    *,
    cuttable: bool,
) -> bool:
    """Say whether a list that was refused is given now; where it is with a shorter limit only, that is noted.

    Args:
        endpoint: Whose list it is.
        limit: How many rows were asked for.
        habit: How it was seen to page.
        once: Asks for its first page, once.
        cuttable: Whether it may be only so many rows that are too much, of which fewer can be had in another way.
    """
    if endpoint.page_size is None or limit <= habit.taken or habit.refuses_all:
        return False
    for shorter in (endpoint.page_size, USUAL_LIMIT, None):
        if shorter is not None and shorter >= limit:
            continue
        try:
            page = await once(shorter)
        except PylonError:
            continue
        if cuttable and page.more:
            return False
        if not await _takes(once, limit):
            habit.most, habit.refused_at = shorter or 0, time.time()
        return True
    habit.refuses_all = True
    return False


async def _takes(once: Callable[[int | None], Awaitable[Answer]], limit: int) -> bool:
    """Whether a list is given with a limit with which it was refused a moment before."""
    try:
        await once(limit)
    except PylonError:
        return False
    return True


def _may_be(error: Rejected | Unanswered) -> bool:
    if isinstance(error, Rejected):
        return error.status in STATUSES
    return (error.status >= 500 or error.status in STATUSES) and not isinstance(error, WebPage)
