"""Asking Pylon's API: single objects, and the walk along the cursors of a list, with its guards.

Knows nothing of dlt, and of HTTP only what a request is made of. Facts about the API: the OpenAPI document of July
2026 and, where marked (seen), reports of several independent clients.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from ..catalog import ENDPOINTS, Endpoint
from ..errors import PermissionDenied, Rejected, Unavailable
from ..settings import Settings
from .admission import Admission
from .answers import Answer, Check, complaints
from .limits import begun
from .pacing import Pacers
from .paging import Paging
from .sending import ATTEMPTS, Pause, Sender
from .transport import Transport
from .walk import Patience, Walk


class Client:
    """Asks one workspace's API, at the pace that its pacers allow.

    An instance belongs to one event loop. Its requests carry the token, have a timeout and follow no redirect.

    Args:
        settings: Token, host and timeouts.
        pacers: The pace learnt so far, by endpoint.
        pause: How to wait; tests and turns pass their own.
        paging: What was learnt so far of how each endpoint pages.
        admission: Whether the token is let in; shared by the clients of one turn.
        warn: Takes what a user should know of an answer that could be read in part only.
        offset: How far the server's clock is ahead of this machine's, where another client has just been told.
    """

    def __init__(
        self,
        settings: Settings,
        pacers: Pacers,
        *,
        pause: Pause | None = None,
        paging: Paging | None = None,
        admission: Admission | None = None,
        warn: Callable[[str], None] = lambda _text: None,
        offset: timedelta | None = None,
    ) -> None:
        self._settings = settings
        self._transport = Transport(settings, offset)
        self._sender = Sender(settings, self._transport, pacers, pause or _sleep, admission or Admission())
        self.paging = paging or Paging()
        """What is known of how each endpoint pages."""
        self._warn = warn
        self.answered = False
        """Whether anything was answered as Pylon answers."""

    async def close(self) -> None:
        """Close all connections."""
        await self._transport.close()

    async def now(self) -> datetime:
        """Return the present (UTC) by the earlier of both clocks; until an answer has told it, ``GET /me`` is asked."""
        if self.offset is None:
            with suppress(Rejected, PermissionDenied, Unavailable):  # a refusal bears the time as well
                await self.ask(ENDPOINTS["me"])
        return datetime.now(UTC) + min(self.offset or timedelta(), timedelta())

    @property
    def offset(self) -> timedelta | None:
        """How far the server's clock is ahead of this machine's; ``None`` until an answer has told."""
        return self._transport.server_offset

    @property
    def ahead(self) -> timedelta:
        """How much later than :meth:`now`, and than ``sent_at`` of an answer, the present may be."""
        return max(self.offset or timedelta(), timedelta())

    async def ask(
        self,
        endpoint: Endpoint,
        *,
        query: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
        check: Check | None = None,
        ids: Mapping[str, str] | None = None,
        attempts: int = ATTEMPTS,
    ) -> Answer:
        """Send one request until it is answered properly.

        Args:
            endpoint: What to ask.
            query: Query parameters.
            body: The JSON body of a POST.
            check: What else to expect of the answer.
            ids: Values of the placeholders in the endpoint's path.
            attempts: How often it is tried.

        Raises:
            CredentialsError: 401.
            PermissionDenied: 403.
            Rejected: Any other 4xx.
            Unavailable: No proper answer after all retries.
            TurnOver: The turn ended before the request could be sent.
        """
        path = _path(endpoint, ids or {})
        request = self._transport.request(endpoint.method, path, query, body)
        label = f"{endpoint.method} {path}"
        answer = await self._sender.send(endpoint, request, label, check, attempts)
        self.answered = True
        for complaint in complaints(answer):
            self._warn(f"{label} gave {complaint}")
        return answer

    async def pages(
        self,
        endpoint: Endpoint,
        *,
        query: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
        limit: int | None = None,
        ids: Mapping[str, str] | None = None,
        cursor: str = "",
    ) -> AsyncIterator[Answer]:
        """Walk along a list from its beginning, or a cursor that it gave, to its end by all that can be told.

        Raises:
            Unavailable: Whether anything follows cannot be told, or the server cannot be reached.
        """
        walk, page = await self._begun(endpoint, query, body, limit, ids, cursor=cursor)
        patience = Patience(endpoint.label)
        yield page
        while page.more:
            patience.spend(page)
            page = await walk.next()
            yield page

    async def first_page(
        self,
        endpoint: Endpoint,
        *,
        query: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
        limit: int | None = None,
        ids: Mapping[str, str] | None = None,
        attempts: int = ATTEMPTS,
    ) -> Answer:
        """Return the first page of a list. Where ``more`` is false it is the only one; else there may be another.

        Raises:
            Unavailable: The server keeps giving pages that contradict themselves, or cannot be reached.
        """
        return (await self._begun(endpoint, query, body, limit, ids, first=True, attempts=attempts))[1]

    async def _begun(
        self,
        endpoint: Endpoint,
        query: Mapping[str, Any] | None,
        body: Mapping[str, Any] | None,
        limit: int | None,
        ids: Mapping[str, str] | None,
        *,
        first: bool = False,
        cursor: str = "",
        attempts: int = ATTEMPTS,
    ) -> tuple[Walk, Answer]:
        async def send(limit: int | None, cursor: str, check: Check, most: int) -> Answer:
            sent = _with(endpoint, query, body, limit, cursor)
            return await self.ask(endpoint, check=check, ids=ids, attempts=min(most, attempts), **sent)

        wanted = limit or self._settings.limit(endpoint)
        return await begun(send, endpoint, wanted, self.paging, first=first, cursor=cursor)


async def _sleep(_name: str, seconds: float) -> None:
    await asyncio.sleep(seconds)


def _path(endpoint: Endpoint, ids: Mapping[str, str]) -> str:
    return endpoint.path.format(**{name: quote(value, safe="") for name, value in ids.items()})


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
