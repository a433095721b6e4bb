"""One connection to the host itself, over HTTP/1.1: what most requests take, at less than half of what httpcore costs.

h11 reads and writes the protocol, asyncio has the socket and TLS; only their meeting is here. Where a proxy stands
between, httpx's own transport is used.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import h11
import httpx

if TYPE_CHECKING:
    import ssl

KEPT_SECONDS = 5.0
"""How long a connection is used again after an answer; httpx keeps as long."""
LOOKED_AT_SECONDS = 0.01
"""One that was idle for longer may have been closed by the server meanwhile."""
MOST_HEADER_BYTES = 100 * 1024
PIECE_BYTES = 64 * 1024
"""So much is unfolded at once."""
MOST_WAITING_BYTES = 4 * PIECE_BYTES
"""What may wait to be read before the server is held up."""
ANOTHER_ADDRESS_SECONDS = 0.25
"""After so long the next address of the host is tried as well (RFC 8305)."""


class Wire(asyncio.Protocol):
    """The bytes of one connection; what comes while nothing was asked for is no answer to what follows."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.closed = False
        self.error: Exception | None = None
        self._waiting = bytearray()
        self._held_up = False
        self._reader: asyncio.Future[None] | None = None

    @property
    def fresh(self) -> bool:
        """Whether the connection stands and has brought nothing that was not read."""
        return not self.closed and not self._waiting

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - tells the type checker
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Keep what came until it is read."""
        self._waiting += data
        if len(self._waiting) > MOST_WAITING_BYTES and self.transport:
            self._held_up = True
            self.transport.pause_reading()
        self._wake()

    def eof_received(self) -> None:
        """Note that nothing more will come; asyncio closes the connection."""
        self.closed = True
        self._wake()

    def connection_lost(self, error: Exception | None) -> None:
        """Note why."""
        self.closed, self.error = True, self.error or error
        self._wake()

    async def read(self) -> bytes:
        """Return what has come, a piece at a time, b"" where nothing more will.

        Raises:
            OSError: The connection broke.
        """
        while not self._waiting and not self.closed:
            self._reader = asyncio.get_running_loop().create_future()
            await self._reader
        if not self._waiting and self.error:
            raise self.error
        data = bytes(self._waiting[:PIECE_BYTES])
        del self._waiting[:PIECE_BYTES]
        if self._held_up and not self._waiting and self.transport and not self.closed:
            self._held_up = False
            self.transport.resume_reading()
        return data

    def _wake(self) -> None:
        if self._reader and not self._reader.done():
            self._reader.set_result(None)


class Direct(httpx.AsyncBaseTransport):
    """Sends one request at a time to one host, each once: nothing is sent again, no redirect is followed.

    A request is handed to the system as a whole: a server that does not take it gives no answer in time either.

    Args:
        tls: For ``https``.
    """

    def __init__(self, tls: ssl.SSLContext | bool) -> None:
        self._tls = tls if not isinstance(tls, bool) else None
        if self._tls:
            self._tls.set_alpn_protocols(["http/1.1"])
        self._wire = Wire()
        self._wire.closed = True
        self._http = h11.Connection(h11.CLIENT)
        self._idle_since = 0.0

    async def aclose(self) -> None:
        """Close the connection."""
        self._drop()
        await asyncio.sleep(0)  # asyncio closes the socket then

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request, and return the answer once its head has come.

        Raises:
            httpx.TransportError: No answer came in time, or none that is HTTP.
        """
        timeout = request.extensions["timeout"]
        try:
            await self._ready(request.url, timeout["connect"])
            self._write(request)
            while isinstance(head := await self._event(timeout["read"]), h11.InformationalResponse):
                pass
        except BaseException:
            self._drop()
            raise
        body = _Body(self, timeout["read"])
        return httpx.Response(head.status_code, headers=head.headers.raw_items(), stream=body)

    async def body(self, seconds: float | None) -> AsyncIterator[bytes]:
        """Return the pieces of an answer's body; each may take some seconds."""
        while not isinstance(event := await self._event(seconds), h11.EndOfMessage):
            yield bytes(event.data)

    def done(self) -> None:
        """Keep the connection where the answer was read to its end and the server keeps it too."""
        http = self._http
        if http.our_state is http.their_state is h11.DONE and not http.trailing_data[0] and self._wire.fresh:
            http.start_next_cycle()
            self._idle_since = time.monotonic()
        else:
            self._drop()

    async def _ready(self, url: httpx.URL, seconds: float | None) -> None:
        idle = time.monotonic() - self._idle_since
        if self._wire.fresh and LOOKED_AT_SECONDS < idle < KEPT_SECONDS:
            for _ in range(2):  # the loop looks at its sockets once, and then tells
                await asyncio.sleep(0)
        if self._wire.fresh and idle < KEPT_SECONDS:
            return
        self._drop()
        name = url.raw_host.decode("ascii")
        port = url.port or (443 if self._tls else 80)
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(seconds):
                _, self._wire = await loop.create_connection(
                    Wire, name, port, ssl=self._tls, happy_eyeballs_delay=ANOTHER_ADDRESS_SECONDS
                )
        except TimeoutError as error:
            raise httpx.ConnectTimeout(str(error)) from error
        # errors of ssl are OSErrors, names that are none ValueErrors; of several addresses asyncio may raise a group
        except (OSError, ValueError, ExceptionGroup) as error:
            raise httpx.ConnectError(str(error)) from error
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=MOST_HEADER_BYTES)

    def _write(self, request: httpx.Request) -> None:
        try:
            head = h11.Request(
                method=request.method, target=request.url.raw_path, headers=request.headers.raw
            )
            pieces = [self._http.send(head)]
            if request.content:
                pieces.append(self._http.send(h11.Data(request.content)))
            pieces.append(self._http.send(h11.EndOfMessage()))
        except h11.LocalProtocolError as error:
            raise httpx.LocalProtocolError(str(error)) from error
        assert self._wire.transport  # noqa: S101 - tells the type checker what _ready has done
        self._wire.transport.write(b"".join(piece for piece in pieces if piece))

    async def _event(self, seconds: float | None) -> Any:
        """Return what the server says next."""
        try:
            while (event := self._http.next_event()) is h11.NEED_DATA:
                async with asyncio.timeout(seconds):
                    data = await self._wire.read()
                if not data and self._http.their_state is h11.SEND_RESPONSE:
                    raise httpx.RemoteProtocolError("Server disconnected without sending a response.")
                self._http.receive_data(data)
        except h11.RemoteProtocolError as error:
            raise httpx.RemoteProtocolError(str(error)) from error
        except TimeoutError as error:
            raise httpx.ReadTimeout(str(error)) from error
        except OSError as error:
            raise httpx.ReadError(str(error)) from error
        if event is h11.PAUSED or isinstance(event, h11.ConnectionClosed):
            raise httpx.RemoteProtocolError("The server speaks another protocol.")
        return event

    def _drop(self) -> None:
        self._wire.closed = True
        if self._wire.transport:
            self._wire.transport.abort()


class _Body(httpx.AsyncByteStream):
    def __init__(self, connection: Direct, seconds: float | None) -> None:
        self._connection: Direct | None = connection
        self._seconds = seconds

    async def __aiter__(self) -> AsyncIterator[bytes]:
        if self._connection:
            async for piece in self._connection.body(self._seconds):
                yield piece

    async def aclose(self) -> None:
        connection, self._connection = self._connection, None
        if connection:
            connection.done()
