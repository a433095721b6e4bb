"""Asking Pylon's API over HTTP: authentication, pace, retries, error codes and the walk along cursors.

The only module that knows httpx. It knows nothing of dlt. Facts about the API: the OpenAPI document of July 2026
and, where marked (seen), reports of several independent clients.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import httpx
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from ..catalog import ENDPOINTS, Endpoint
from ..errors import Transient, Unanswered, Unavailable
from ..settings import Settings
from .answers import Answer, Check, list_problem, raise_for_status, read
from .pacing import Pacers

if TYPE_CHECKING:
    import ssl

Pause = Callable[[str, float], Awaitable[None]]
"""Waits for some seconds, 0 included, on behalf of an endpoint, by name; may raise ``TurnOver`` instead."""

ATTEMPTS = 6
"""How often one request is tried before its endpoint counts as unavailable."""
LONGEST_BACKOFF = 20.0
REFUSALS = 12
"""How many 429 in a row one request, or one endpoint, may meet; each was waited out as the server asked."""
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
        self._pacers = pacers
        self._pause = pause or _sleep
        self._server_offset: timedelta | None = None
        self._connections: list[httpx.AsyncClient] = []
        self._idle = [self._connect()]

    async def close(self) -> None:
        """Close all connections."""
        for connection in self._connections:
            await connection.aclose()

    async def now(self) -> datetime:
        """Return the server's time (UTC), asking ``GET /me`` where no answer has told it yet."""
        if self._server_offset is None:
            await self.ask(ENDPOINTS["me"])
        return datetime.now(UTC) + (self._server_offset or timedelta())

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
        url = self._settings.base_url + path
        request = self._connections[0].build_request(endpoint.method, url, params=query or None, json=body)
        label = f"{endpoint.method} {path}"
        retrying = AsyncRetrying(
            stop=stop_after_attempt(ATTEMPTS),
            wait=wait_random_exponential(multiplier=0.5, max=LONGEST_BACKOFF),
            retry=retry_if_exception_type(Transient),
            sleep=lambda seconds: self._pause(endpoint.name, float(seconds)),
            reraise=True,
        )
        try:
            async for attempt in retrying:
                with attempt:
                    return await self._attempt(endpoint, request, label, check)
        except Transient as error:
            raise Unanswered(label, f"{error.message}, {ATTEMPTS} times in a row") from error
        raise AssertionError("unreachable")  # pragma: no cover

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

    async def _attempt(
        self, endpoint: Endpoint, request: httpx.Request, label: str, check: Check | None
    ) -> Answer:
        response, sent_at = await self._permitted(endpoint, request, label)
        raise_for_status(response.status_code, response.content, label, self._settings)
        answer = read(response.content, sent_at)
        problem = check(answer) if check else None
        if problem:
            raise Transient(problem)
        return answer

    async def _permitted(
        self, endpoint: Endpoint, request: httpx.Request, label: str
    ) -> tuple[httpx.Response, datetime]:
        """Send when the pace allows it, and wait out refusals."""
        pacer = self._pacers.get(endpoint.name, endpoint.tier)
        for _ in range(REFUSALS):
            await self._pause(endpoint.name, 0.0)
            while (wait := pacer.wait()) > 0:
                await self._pause(endpoint.name, wait)
            ticket = pacer.take()
            try:
                response, sent_at = await self._send(request)
            except BaseException:
                pacer.lost(ticket)
                raise
            if response.status_code != 429:
                pacer.accepted(ticket, response.headers)
                return response, sent_at
            pacer.refused(ticket, response.headers, sent_at)
            if pacer.refused_in_a_row >= REFUSALS:  # a turn may be too short for one request to meet so many
                break
        raise Unavailable(
            label,
            f"was refused {REFUSALS} times in a row because of the rate limit (429)",
            "Another client of the organisation may be using it up. What was read is saved; run again later.",
        )

    async def _send(self, request: httpx.Request) -> tuple[httpx.Response, datetime]:
        started = time.monotonic()
        try:
            async with asyncio.timeout(self._settings.timeout_seconds * 2):
                with self._connection() as connection:
                    response = await connection.send(request)
        except TimeoutError as error:
            raise Transient(f"no complete answer within {self._settings.timeout_seconds * 2:g} s") from error
        except httpx.TransportError as error:
            raise Transient(_transport_problem(error, request)) from error
        # it is read; the stream refers back to the response, and would hold its content until Python looks for cycles
        del response.stream
        elapsed = timedelta(seconds=time.monotonic() - started)
        return response, self._server_time(response) - elapsed

    @contextmanager
    def _connection(self) -> Iterator[httpx.AsyncClient]:
        """Lend one connection for one request.

        A single client for all would cost twice the CPU: httpcore's pool looks at each of its connections, and asks
        the system about each idle one, several times for every request.
        """
        connection = self._idle.pop() if self._idle else self._connect()
        try:
            yield connection
        finally:
            self._idle.append(connection)

    def _connect(self) -> httpx.AsyncClient:
        settings = self._settings
        connection = httpx.AsyncClient(
            headers={"Authorization": f"Bearer {settings.api_key}", "Accept": "application/json"},
            timeout=httpx.Timeout(settings.timeout_seconds, connect=min(15.0, settings.timeout_seconds)),
            follow_redirects=False,
            verify=_tls() if settings.base_url.startswith("https:") else False,
            limits=httpx.Limits(max_connections=1, max_keepalive_connections=1),
        )
        self._connections.append(connection)
        return connection

    def _server_time(self, response: httpx.Response) -> datetime:
        """Return the answer's ``Date``; the local clock is only used where a proxy removed it."""
        local = datetime.now(UTC)
        try:
            stamped = parsedate_to_datetime(response.headers["date"]).astimezone(UTC)
        except (KeyError, ValueError, TypeError):
            return local + (self._server_offset or timedelta())
        self._server_offset = stamped - local
        return stamped


async def _sleep(_name: str, seconds: float) -> None:
    await asyncio.sleep(seconds)


@cache
def _tls() -> ssl.SSLContext:
    return httpx.create_ssl_context()


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


def _transport_problem(error: httpx.TransportError, request: httpx.Request) -> str:
    host = request.url.host
    if isinstance(error, httpx.ConnectError):
        return f"{host} cannot be reached ({error})"
    if isinstance(error, httpx.TimeoutException):
        return f"{host} did not answer in time"
    return f"the connection to {host} broke ({type(error).__name__})"
