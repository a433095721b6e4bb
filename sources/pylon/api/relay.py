"""Requests through httpx's own transport: where a proxy stands between, or somebody has put another in its place."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx

from .exchange import Head, Request
from .unfolding import Unfolding


class Relay:
    """Carries requests by an httpx transport; see :class:`.exchange.Carrier`.

    Args:
        transport: Sends them.
        pattern: A request to the host, of which the others have the URL, the headers and the timeouts.
    """

    def __init__(self, transport: httpx.AsyncBaseTransport, pattern: httpx.Request) -> None:
        self._transport, self._pattern = transport, pattern
        self._base = str(pattern.url).rstrip("/")

    async def send(self, request: Request) -> Head:
        """Send a request."""
        headers = self._pattern.headers.copy()
        if request.body is not None:
            headers["Content-Type"] = "application/json"
        self._response = await self._transport.handle_async_request(
            httpx.Request(
                request.method,
                self._base + request.target,
                headers=headers,
                content=request.body,
                extensions=self._pattern.extensions,
            )
        )
        head = Head(self._response.status_code, self._response.headers)
        assert isinstance(self._response.stream, httpx.AsyncByteStream)  # noqa: S101 - tells the type checker
        self._pieces: AsyncIterator[bytes] = aiter(self._response.stream)
        self._unfolding = Unfolding(head.encoding)
        return head

    async def read(self) -> bytes:
        """Return the next piece."""
        async for folded in self._pieces:
            if piece := self._unfolding.unfold(folded):
                return piece
        return b""

    async def done(self) -> None:
        """Leave the answer."""
        await self._response.aclose()

    async def aclose(self) -> None:
        """Close all connections."""
        await self._transport.aclose()
