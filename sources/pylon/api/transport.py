"""Requests over HTTP: the token, connections, timeouts, the server's clock. Knows httpx, as direct.py and relay.py."""

from __future__ import annotations

import asyncio
import errno
import os
import time
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.request import getproxies

import httpx
import orjson

from ..errors import ConfigurationError, TooLong, Transient
from ..settings import Settings
from .direct import Direct
from .exchange import PLAIN, Carrier, Head, Request
from .quota import moment
from .relay import Relay

if TYPE_CHECKING:
    import ssl

CONNECT_SECONDS = 15.0
"""How long a connection may take to be made."""

MOST_BYTES = 256_000_000
"""An answer that is longer, once it is unfolded, is not read: a compressed one may unfold to any length."""
ENCODINGS = ("gzip", "deflate")
"""What is asked for. Others unfold a piece of an answer to any length, and so do several at once."""

CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR")
"""The variables that name certificates to trust, the first of them that is set."""
KEY_LOG = "SSLKEYLOGFILE"
"""The variable for a file into which Python writes the keys of connections, for debugging."""
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
NO_PROXY = "NO_PROXY"
MOST_PORTS = 65_535
_BAD_PROXY = (ImportError, ValueError, httpx.InvalidURL)


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back.

    ``sent_at`` is when the request left at the latest (UTC), by the earlier of the two clocks: a watermark that one
    of them sets too late would pass over what changes until then. ``server_at`` is when the answer left, by the
    server's clock alone, as its other headers mean it.
    """

    status: int
    headers: Mapping[str, str]
    content: bytes
    sent_at: datetime
    server_at: datetime


class Transport:
    """Sends requests to one host. They carry the token and have a timeout; each is sent once, without cookies.

    httpx's client makes the connections, with proxies and certificates as the environment says, and says how a request
    looks. Sent they are by :class:`.direct.Direct` or, where a proxy stands between, by httpx's transport to it: what
    the client does besides for each (redirects, cookies, hooks, authentication) costs much and is not wanted here, and
    so do httpx's objects for a request and its answer.

    Args:
        settings: Token, host and timeouts.
        offset: How far the server's clock is ahead of this machine's, where that is known already.

    Raises:
        ConfigurationError: A variable of the environment names a proxy or certificates that cannot be used.
    """

    def __init__(self, settings: Settings, offset: timedelta | None = None) -> None:
        self._settings = settings
        self._carriers: list[Carrier] = []
        self._idle: list[Carrier] = []
        client = self._connect()
        timeout = {"timeout": client.timeout.as_dict()}
        self._pattern = httpx.Request("GET", settings.base_url, headers=client.headers, extensions=timeout)
        chosen = self._chosen(client)
        self._is_direct = chosen is client._transport and type(chosen) is httpx.AsyncHTTPTransport  # noqa: SLF001
        self.server_offset = offset
        """How far the server's clock is ahead of this machine's; ``None`` until an answer has told."""

    async def close(self) -> None:
        """Close all connections."""
        for carrier in self._carriers:
            await carrier.aclose()

    def request(
        self, method: str, path: str, query: Mapping[str, Any] | None, body: Mapping[str, Any] | None
    ) -> Request:
        """Return a request to a path of the host, in which everything is encoded."""
        target = f"{path}?{httpx.QueryParams(query)}" if query else path
        return Request(method, target, None if body is None else orjson.dumps(body))

    async def send(self, request: Request) -> Reply:
        """Send a request and read the whole answer.

        Raises:
            Transient: No complete answer came.
            TooLong: It is longer than what is read.
        """
        started = time.monotonic()
        seconds = self._settings.timeout_seconds * 2
        try:
            async with asyncio.timeout(seconds):
                with self._connection() as carrier:
                    head, content = await _read(carrier, request)
        except TimeoutError as error:
            raise Transient(f"no complete answer within {seconds:g} s") from error
        except (httpx.RequestError, zlib.error) as error:
            raise Transient(_problem(error, self._pattern.url.host)) from error
        elapsed = timedelta(seconds=time.monotonic() - started)
        server_at = self._server_time(head)
        sent_at = min(server_at, datetime.now(UTC)) - elapsed
        return Reply(head.status, head.headers, content, sent_at, server_at)

    @contextmanager
    def _connection(self) -> Iterator[Carrier]:
        """Lend one connection for one request.

        A single client for all would cost twice the CPU: httpcore's pool looks at each of its connections, and asks
        the system about each idle one, several times for every request.
        """
        carrier = self._idle.pop() if self._idle else self._carrier()
        try:
            yield carrier
        finally:
            self._idle.append(carrier)

    def _carrier(self) -> Carrier:
        """Return what sends requests: a connection of our own, or httpx's transport to the proxy that it has chosen."""
        carrier = (
            Direct(self._pattern, self._verify())
            if self._is_direct
            else Relay(self._chosen(self._connect()), self._pattern)
        )
        self._carriers.append(carrier)
        return carrier

    def _chosen(self, client: httpx.AsyncClient) -> httpx.AsyncBaseTransport:
        return client._transport_for_url(httpx.URL(self._settings.base_url))  # noqa: SLF001 - the only way to ask

    def _verify(self) -> ssl.SSLContext | bool:
        return _tls() if self._settings.base_url.startswith("https:") else False

    def _connect(self) -> httpx.AsyncClient:
        settings, verify = self._settings, self._verify()
        try:
            _check_ports()
            return httpx.AsyncClient(
                headers={
                    "Authorization": f"Bearer {settings.api_key}",
                    "Accept": "application/json",
                    "Accept-Encoding": ", ".join(ENCODINGS),
                },
                timeout=httpx.Timeout(
                    settings.timeout_seconds, connect=min(CONNECT_SECONDS, settings.timeout_seconds)
                ),
                follow_redirects=False,
                verify=verify,
                limits=httpx.Limits(max_connections=1, max_keepalive_connections=1),
            )
        except _BAD_PROXY as error:
            raise _unusable_proxy(error) from None  # which would show the proxy's password

    def _server_time(self, head: Head) -> datetime:
        """Return the answer's ``Date``; the local clock is only used where a proxy removed it."""
        local = datetime.now(UTC)
        stamped = moment(head.headers.get("date", ""))
        if stamped is None:
            return local + (self.server_offset or timedelta())
        self.server_offset = stamped - local
        return stamped


async def _read(carrier: Carrier, request: Request) -> tuple[Head, bytes]:
    """Send a request, and read the answer piece by piece, each of which is small before it is unfolded."""
    head = await carrier.send(request)
    try:
        if head.encoding not in (*PLAIN, *ENCODINGS):
            raise Transient(f"the answer is encoded as {head.encoding[:40]}, which was not asked for")
        pieces, length = [], 0
        while piece := await carrier.read():
            length += len(piece)
            if length > MOST_BYTES:
                raise TooLong(MOST_BYTES)
            pieces.append(piece)
    finally:
        await carrier.done()
    return head, b"".join(pieces)


@cache
def _tls() -> ssl.SSLContext:
    folder = "" if os.environ.get(CERTIFICATES[0]) else os.environ.get(CERTIFICATES[1], "")
    try:
        if folder and not Path(folder).is_dir():  # taken as a folder without certificates
            raise NotADirectoryError(errno.ENOTDIR, "No such folder")
        return httpx.create_ssl_context()
    except OSError as error:  # an error of ssl is one
        name = next((name for name in CERTIFICATES if os.environ.get(name)), "")
        if error.filename and error.filename == os.environ.get(KEY_LOG):
            name = KEY_LOG
        if not name:
            raise
        raise ConfigurationError(
            f"The variable {name} names {os.environ[name]}, which cannot be used: {error.strerror or error}.",
            "Correct it, or unset it.",
        ) from error


def _unusable_proxy(error: Exception) -> ConfigurationError:
    """Find the variable because of which no client can be made; its value may hold a password."""
    name = next((name for name in _variables(PROXIES) if _fails(os.environ[name])), "")
    if name and isinstance(error, ImportError):
        return ConfigurationError(
            f"The variable {name} names a SOCKS proxy, for which a module is missing.",
            "Install it with: pip install socksio; or unset the variable.",
        )
    if name:
        return ConfigurationError(f"The variable {name} names no proxy.", "Write it as http://host:port.")
    name = next(_variables((NO_PROXY,)), "")
    return ConfigurationError(
        f"The variable {name} cannot be read." if name else "The system's proxy cannot be used.",
        "Name hosts, with commas between them; an IPv6 address goes without brackets: localhost,::1"
        if name
        else "",
    )


def _variables(names: Iterable[str]) -> Iterator[str]:
    """Return which of some variables are set, in either way to write them."""
    return (name for either in names for name in (either.lower(), either) if os.environ.get(name))


def _check_ports() -> None:
    """Raise ValueError where the port of a proxy is none; httpx would tell only once it connects, and not clearly."""
    proxies = getproxies()
    for scheme in (name.partition("_")[0].lower() for name in PROXIES):
        if proxy := proxies.get(scheme):
            _check_port(_address(proxy))


def _check_port(proxy: str) -> None:
    if (port := httpx.URL(proxy).port) is not None and not 0 < port <= MOST_PORTS:
        raise ValueError(f"there is no port {port}")


def _address(proxy: str) -> str:
    return proxy if "://" in proxy else f"http://{proxy}"


def _fails(proxy: str) -> bool:
    try:
        _check_port(_address(proxy))
        httpx.AsyncHTTPTransport(proxy=_address(proxy), verify=False)
    except _BAD_PROXY:
        return True
    return False


def _problem(error: Exception, host: str) -> str:
    if isinstance(error, httpx.ConnectError):
        return f"{host} cannot be reached ({error})"
    if isinstance(error, httpx.TimeoutException):
        return f"{host} did not answer in time"
    if isinstance(error, zlib.error):
        return f"the answer of {host} is not encoded as it says ({error})"
    return f"the connection to {host} broke ({type(error).__name__})"
