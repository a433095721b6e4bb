"""Asking Pylon's API: single objects, and the walk along the cursors of a list, with its guards.

Knows nothing of dlt, and of HTTP only what a request is made of. Facts about the API: the OpenAPI document of July
2026 and, where marked (seen), reports of several independent clients.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from ..catalog import ENDPOINTS, Endpoint
from ..errors import Unavailable
from ..settings import Settings
from .answers import Answer, Check, list_problem
from .pacing import Pacers
from .sending import Pause, Sender
from .transport import Transport

EMPTY_PAGES = 20
"""How many pages without a row may follow each other."""


class Client:
    """Asks one workspace's API, at the pace that its pacers allow.

    An instance belongs to one event loop. Its requests carry the token, have a timeout and follow no redirect.

    Args:
        settings: Token, host and timeouts.
        pacers: The pace learnt so far, by endpoint.
        pause: How to wait; tests and turns pass their own.
    """

    def __init__(
        self,
        settings: Settings,
        pacers: Pacers,
        *,
        pause: Pause | None = None,
    ) -> None:
        self._settings = settings
        self._transport = Transport(settings)
        self._sender = Sender(settings, self._transport, pacers, pause or _sleep)

    async def close(self) -> None:
        """Close all connections."""
        await self._transport.close()

    async def now(self) -> datetime:
        """Return the present (UTC) by the earlier of the server's clock and this machine's.

        Where no answer has told the server's yet, ``GET /me`` is asked.
        """
        if self._transport.server_offset is None:
            await self.ask(ENDPOINTS["me"])
        return datetime.now(UTC) + min(self.offset, timedelta())

    @property
    def offset(self) -> timedelta:
        """How far the server's clock is ahead of this machine's, as far as answers have told."""
        return self._transport.server_offset or timedelta()

    @property
    def ahead(self) -> timedelta:
        """How much later than :meth:`now`, and than ``sent_at`` of an answer, the present may be."""
        return max(self.offset, timedelta())

    async def ask(
        self,
        endpoint: Endpoint,
        *,
        query: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
        check: Check | None = None,
        ids: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send one request until it is answered properly.

        Args:
            endpoint: What to ask.
            query: Query parameters.
            body: The JSON body of a POST.
            check: What else to expect of the answer.
            ids: Values of the placeholders in the endpoint's path.

        Raises:
            CredentialsError: 401.
            PermissionDenied: 403.
            Rejected: Any other 4xx.
            Unavailable: No proper answer after all retries.
            TurnOver: The turn ended before the request could be sent.
        """
        path = endpoint.path.format(**{name: quote(value, safe="") for name, value in (ids or {}).items()})
        request = self._transport.request(endpoint.method, path, query, body)
        return await self._sender.send(endpoint, request, f"{endpoint.method} {path}", check)

    async def pages(
        self,
        endpoint: Endpoint,
        *,
        query: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
        limit: int | None = None,
        ids: Mapping[str, str] | None = None,
    ) -> AsyncIterator[Answer]:
        """Walk along the cursors of a list, page by page.

        The walk ends at a page without a next one. It never ends for another reason: a page that announces more
        without saying where, a cursor that was used before, and a full page without pagination are asked for again.

        Raises:
            Unavailable: The server keeps giving such pages, or cannot be reached.
        """
        limit = limit or self._settings.limit(endpoint)
        seen: set[str] = set()
        cursor, empty = "", 0
        while True:
            page = await self._page(endpoint, query, body, limit, cursor, seen, ids)
            yield page
            if not page.more:
                return
            empty = 0 if page.rows else empty + 1
            if empty > EMPTY_PAGES:
                raise Unavailable(endpoint.label, "gives one empty page after another", "Report it to Pylon.")
            cursor = page.cursor
            seen.add(cursor)

    async def first_page(
        self,
        endpoint: Endpoint,
        *,
        query: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
        limit: int | None = None,
        ids: Mapping[str, str] | None = None,
    ) -> Answer:
        """Return the first page of a list; ``more`` tells for certain whether it is the only one.

        Raises:
            Unavailable: The server keeps giving pages that contradict themselves, or cannot be reached.
        """
        limit = limit or self._settings.limit(endpoint)
        return await self._page(endpoint, query, body, limit, "", set(), ids)

    async def _page(
        self,
        endpoint: Endpoint,
        query: Mapping[str, Any] | None,
        body: Mapping[str, Any] | None,
        limit: int | None,
        cursor: str,
        seen: set[str],
        ids: Mapping[str, str] | None,
    ) -> Answer:
        def check(answer: Answer) -> str | None:
            return list_problem(answer, cursor, seen)

        page = await self.ask(endpoint, check=check, **_with(endpoint, query, body, limit, cursor), ids=ids)
        if limit is None or page.paginated or len(page.rows) != limit or limit == 1:
            return page

        # a full page without pagination may be the last one or a fault; one row less tells. Who gives more than was
        # asked for knows no limit, and gave all (old servers)
        def check_again(answer: Answer) -> str | None:
            if not answer.paginated and len(answer.rows) == limit - 1:
                return "a full page does not say whether another follows"
            return check(answer)

        smaller = _with(endpoint, query, body, limit - 1, cursor)
        return await self.ask(endpoint, check=check_again, **smaller, ids=ids)


async def _sleep(_name: str, seconds: float) -> None:
    await asyncio.sleep(seconds)


def _with(
    endpoint: Endpoint,
    query: Mapping[str, Any] | None,
    body: Mapping[str, Any] | None,
    limit: int | None,
    cursor: str,
) -> dict[str, Any]:
    """Put limit and cursor where the endpoint takes them: into the body of a search, else into the query."""
    paging: dict[str, Any] = {}
    if limit is not None:
        paging["limit"] = limit
    if cursor:
        paging["cursor"] = cursor
    if endpoint.method == "POST":
        return {"query": query, "body": {**(body or {}), **paging}}
    return {"query": {**(query or {}), **paging}, "body": None}
