"""One connection to the host itself, over HTTP/1.1: what most requests take, at less than half of what httpcore costs.

h11 reads and writes the protocol, asyncio has the socket and TLS; only their meeting is here. Where a proxy stands
between, httpx's own transport is used.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import h11
import httpx

from .exchange import Head, Request
from .unfolding import Unfolding

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
_END = h11.EndOfMessage()


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

    async def read(self, seconds: float) -> bytes:
        """Return what has come, a piece at a time, b"" where nothing more will.

        Raises:
            TimeoutError: Nothing came for some seconds.
            OSError: The connection broke.
        """
        if not self._waiting and not self.closed:
            loop = asyncio.get_running_loop()
            self._reader = loop.create_future()
            timer = loop.call_later(seconds, self._give_up)  # half of what asyncio.timeout costs
            try:
                await self._reader
            finally:
                timer.cancel()
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

    def _give_up(self) -> None:
        if self._reader and not self._reader.done():
            self._reader.set_exception(TimeoutError())


class Direct:
    """Carries requests over one connection to the host; see :class:`.exchange.Carrier`.

    A request is handed to the system as a whole: a server that does not take it gives no answer in time either.

    Args:
        pattern: A request to the host, of which the others have the URL, the headers and the timeouts.
        tls: For ``https``.

    Raises:
        httpx.LocalProtocolError: A header cannot be sent.
    """

    def __init__(self, pattern: httpx.Request, tls: ssl.SSLContext | bool) -> None:
        timeout, self._url = pattern.extensions["timeout"], pattern.url
        self._connect_seconds, self._read_seconds = timeout["connect"], timeout["read"]
        self._tls = tls if not isinstance(tls, bool) else None
        if self._tls:
            self._tls.set_alpn_protocols(["http/1.1"])
        self._base = pattern.url.raw_path.rstrip(b"/").decode("ascii")
        # h11 takes what it has checked once as it is
        self._headers = _head("GET", "/", pattern.headers.raw).headers
        self._wire = Wire()
        self._wire.closed = True
        self._http = h11.Connection(h11.CLIENT)
        self._idle_since = 0.0
        self._unfolding = Unfolding("")

    async def aclose(self) -> None:
        """Close the connection."""
        self._drop()
        await asyncio.sleep(0)  # asyncio closes the socket then

    async def send(self, request: Request) -> Head:
        """Send a request."""
        try:
            await self._ready()
            self._write(request)
            while isinstance(event := await self._event(), h11.InformationalResponse):
                pass
        except BaseException:
            self._drop()
            raise
        head = Head(event.status_code, _joined(event.headers.raw_items()))
        self._unfolding = Unfolding(head.encoding)
        return head

    async def read(self) -> bytes:
        """Return the next piece."""
        while not isinstance(event := await self._event(), h11.EndOfMessage):
            if piece := self._unfolding.unfold(bytes(event.data)):
                return piece
        return b""

    async def done(self) -> None:
        """Keep the connection where the answer was read to its end and the server keeps it too."""
        http = self._http
        if http.our_state is http.their_state is h11.DONE and not http.trailing_data[0] and self._wire.fresh:
            http.start_next_cycle()
            self._idle_since = time.monotonic()
        else:
            self._drop()

    async def _ready(self) -> None:
        idle = time.monotonic() - self._idle_since
        if self._wire.fresh and LOOKED_AT_SECONDS < idle < KEPT_SECONDS:
            for _ in range(2):  # the loop looks at its sockets once, and then tells
                await asyncio.sleep(0)
        if self._wire.fresh and idle < KEPT_SECONDS:
            return
        self._drop()
        name = self._url.raw_host.decode("ascii")
        port = self._url.port or (443 if self._tls else 80)
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._connect_seconds):
                _, self._wire = await loop.create_connection(
                    Wire, name, port, ssl=self._tls, happy_eyeballs_delay=ANOTHER_ADDRESS_SECONDS
                )
        except TimeoutError as error:
            raise httpx.ConnectTimeout(str(error)) from error
        # errors of ssl are OSErrors, names that are none ValueErrors; of several addresses asyncio may raise a group
        except (OSError, ValueError, ExceptionGroup) as error:
            raise httpx.ConnectError(str(error)) from error
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=MOST_HEADER_BYTES)

    def _write(self, request: Request) -> None:
        headers: Any = self._headers
        if request.body is not None:
            length = str(len(request.body)).encode("ascii")
            headers = [
                *headers.raw_items(),
                (b"Content-Length", length),
                (b"Content-Type", b"application/json"),
            ]
        try:
            pieces = [self._http.send(_head(request.method, self._base + request.target, headers))]
            if request.body:
                pieces.append(self._http.send(h11.Data(request.body)))
            pieces.append(self._http.send(_END))
        except h11.LocalProtocolError as error:
            raise httpx.LocalProtocolError(str(error)) from error
        assert self._wire.transport  # noqa: S101 - tells the type checker what _ready has done
        self._wire.transport.write(b"".join(piece for piece in pieces if piece))

    async def _event(self) -> Any:
        """Return what the server says next."""
        try:
            while (event := self._http.next_event()) is h11.NEED_DATA:
                data = await self._wire.read(self._read_seconds)
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


def _head(method: str, target: str, headers: Any) -> h11.Request:
    try:
        return h11.Request(method=method, target=target, headers=headers)
    except h11.LocalProtocolError as error:
        raise httpx.LocalProtocolError(str(error)) from error


def _joined(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Return headers as texts, those of one name joined."""
    found: dict[str, str] = {}
    for raw_name, raw_value in headers:
        name, value = raw_name.decode("ascii").lower(), raw_value.decode("latin-1")
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found
