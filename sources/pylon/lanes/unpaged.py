"""Lists that take a limit and no cursor: what lies beyond the limit cannot be had, nor seen to be there."""

from __future__ import annotations

from collections.abc import AsyncIterator

from ..api import limits
from ..api.answers import Answer, Check, list_problem
from ..api.paging import USUAL_LIMIT, may_be_capped
from ..copy.intervals import Collection
from ..errors import NoSecondPage
from .turn import Turn


async def pages(turn: Turn, table: Collection) -> AsyncIterator[tuple[int, Answer, int]]:
    """Ask for as many rows as can be had at once; should a server know a second page after all, for all of them.

    Yields:
        The number of a page from 0 on, the page, and at how many rows the server may have ended it of itself, 0 where
        it has not: what it does not show then says nothing.

    Raises:
        NoSecondPage: There are as many rows as the server gives at most.
    """
    endpoint, client, most = table.read.endpoint, turn.patient_client, table.read.endpoint.max_page_size or 0

    async def send(limit: int | None, _cursor: str, check: Check, attempts: int) -> Answer:
        body = {"limit": limit} if limit else {}
        return await client.ask(endpoint, body=body, check=check, attempts=attempts)

    page, limit = await limits.in_one(send, endpoint, most, client.paging, list_problem)
    if page.rows and page.more_at():
        number = 0
        async for one in client.pages(endpoint, limit=most):
            yield number, one, 0
            number += 1
        return
    count = len(page.rows)
    yield 0, page, count if may_be_capped(count) else 0
    if count >= limit if limit else count == USUAL_LIMIT:
        raise NoSecondPage(endpoint.label, count, table.name)


def told(table: Collection, count: int) -> str:
    """Say that a list may have been ended at so many rows."""
    what = f"{table.read.endpoint.label} gives {count:,} rows, as many as some servers give at most"
    return f"{what}. Whether there are more of {table.name} cannot be told; what the copy has of them stays."
