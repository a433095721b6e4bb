"""The limits that a list takes: a server may refuse one that is too long for it, where others give fewer rows.

What it refuses has many reasons, so a limit counts as one only where the same is given with a shorter one.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from ..catalog import Endpoint
from ..errors import PylonError, Rejected, Unanswered, WebPage
from .answers import Answer, Check, first_page_problem
from .paging import LIMIT_REFUSED, USUAL_LIMIT, Habit, Paging
from .sending import ATTEMPTS
from .walk import Walk

T = TypeVar("T")

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
        return await _noted(send(limit, cursor, check, attempts), habit, limit)

    async def begin(limit: int | None) -> tuple[Walk, Answer]:
        walk = Walk(ask, endpoint, limit, habit, first=first, cursor=cursor)
        return walk, await walk.next()

    return await _taken(send, begin, endpoint, wanted, paging, first=first, cursor=cursor)


async def in_one(
    send: Send, endpoint: Endpoint, wanted: int, paging: Paging, check: Check
) -> tuple[Answer, int | None]:
    """Ask for a list that has no second page: for as many of its rows as it gives, up to some.

    Args:
        send: How to ask for it.
        endpoint: Whose list it is.
        wanted: How many rows are wanted.
        paging: How endpoints were seen to page; what is learnt is noted there.
        check: What to expect of it.

    Returns:
        The list, and the limit with which it was given; ``None``: without one.
    """
    habit = paging.of(endpoint.name)

    async def begin(limit: int | None) -> tuple[Answer, int | None]:
        return await _noted(send(limit, "", check, ATTEMPTS), habit, limit), limit

    page, limit = await _taken(send, begin, endpoint, wanted, paging)
    refused = wanted
    while (
        limit and habit.most == limit and len(page.rows) >= limit and (more := (limit + refused) // 2) > limit
    ):
        try:
            page = await send(more, "", check, 1)
        except PylonError:
            refused = more
        else:
            habit.most = limit = more
    return page, limit


async def _noted(asked: Awaitable[Answer], habit: Habit, limit: int | None) -> Answer:
    page = await asked
    habit.taken = max(habit.taken, limit or 0)
    return page


async def _taken(
    send: Send,
    begin: Callable[[int | None], Awaitable[T]],
    endpoint: Endpoint,
    wanted: int | None,
    paging: Paging,
    *,
    first: bool = False,
    cursor: str = "",
) -> T:
    """Return how a list begins, with a limit that it takes."""
    habit, limit = paging.of(endpoint.name), paging.limit(endpoint.name, wanted)
    try:
        return await begin(limit)
    except (Rejected, Unanswered) as error:
        if cursor or not limit or not _may_be(error):
            raise

        async def once(limit: int | None) -> Answer:
            return await _noted(send(limit, "", first_page_problem, 1), habit, limit)

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
        return error.status in LIMIT_REFUSED
    return (error.status >= 500 or error.status in LIMIT_REFUSED) and not isinstance(error, WebPage)
