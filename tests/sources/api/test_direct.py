"""The connection of our own, against servers that say what they like, byte by byte."""

from __future__ import annotations

import asyncio
import gzip
import re
import ssl
import subprocess
import zlib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from pylon_elt.sources.pylon.api import direct, transport
from pylon_elt.sources.pylon.api.answers import read
from pylon_elt.sources.pylon.api.direct import Direct
from pylon_elt.sources.pylon.api.exchange import Request
from pylon_elt.sources.pylon.api.transport import Reply, Transport
from pylon_elt.sources.pylon.errors import Transient
from pylon_elt.sources.pylon.settings import settings

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
CLOSE = b"\x00close"


@pytest.fixture(autouse=True)
def _plain(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*transport.PROXIES, transport.NO_PROXY, *transport.CERTIFICATES):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    transport._tls.cache_clear()


class Server:
    """Answers the requests in turn, whatever connection they come by; ``CLOSE`` ends the connection."""

    def __init__(self, answers: Sequence[bytes], host: str = "127.0.0.1") -> None:
        self.answers, self.host = list(answers), host
        self.asked: list[bytes] = []
        self.connections = 0
        self.heard = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                if length := re.search(rb"content-length: (\d+)", head.lower()):
                    head += await reader.readexactly(int(length[1]))
                self.asked.append(head)
                self.heard.set()
                said, close, _ = (self.answers.pop(0) if self.answers else OK).partition(CLOSE)
                writer.write(said)
                await writer.drain()
                if close:
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def asking(
    server: Server, tls: ssl.SSLContext | None = None, name: str = "", **options: float
) -> AsyncIterator[Callable[[], asyncio.Task[Reply]]]:
    listening = await asyncio.start_server(server.serve, server.host, 0, ssl=tls)
    port = listening.sockets[0].getsockname()[1]
    host = name or (f"[{server.host}]" if ":" in server.host else server.host)
    sender = Transport(settings("t", base_url=f"{'https' if tls else 'http'}://{host}:{port}", **options))
    try:
        yield lambda: asyncio.create_task(sender.send(sender.request("GET", "/me", {"a": "b c"}, None)))
    finally:
        await sender.close()
        listening.close()


def replies(server: Server, times: int = 1, pause: float = 0.0) -> list[bytes]:
    async def ask() -> list[bytes]:
        found = []
        async with asking(server) as once:
            for _ in range(times):
                found.append((await once()).content)
                await asyncio.sleep(pause)
        return found

    return asyncio.run(ask())


def test_a_request_is_what_httpx_would_send() -> None:
    server = Server([OK])
    replies(server)
    line, *headers = server.asked[0].decode().split("\r\n")
    assert line == "GET /me?a=b+c HTTP/1.1"
    names = [header.partition(":")[0].lower() for header in headers if header]
    wanted = ["host", "accept", "accept-encoding", "connection", "user-agent", "authorization"]
    assert sorted(names) == sorted(wanted)
    assert "Accept-Encoding: gzip, deflate" in headers


SEARCH = {"filter": {"values": ["é", "2026-07-01T00:00:00Z"]}, "limit": 10}


@pytest.mark.parametrize("proxied", [False, True])
def test_a_body_is_sent_as_httpx_would(monkeypatch: pytest.MonkeyPatch, *, proxied: bool) -> None:
    server = Server([OK, OK, OK])

    async def ask() -> None:
        listening = await asyncio.start_server(server.serve, server.host, 0)
        url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/v1/"
        if proxied:
            monkeypatch.setenv("HTTP_PROXY", url)
        sender = Transport(settings("t", base_url=url))
        for _ in range(2):
            await sender.send(sender.request("POST", "/issues/search", {"a": "b&c"}, SEARCH))
        async with httpx.AsyncClient(headers=sender._pattern.headers) as client:
            await client.post(f"{url}issues/search", params={"a": "b&c"}, json=SEARCH)
        await sender.close()
        listening.close()

    asyncio.run(ask())
    first, second, usual = (sorted(asked.lower().split(b"\r\n")) for asked in server.asked)
    assert first == second == usual


def _packed(encoding: str, body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Encoding: %s\r\nContent-Length: %d\r\n\r\n%s" % (
        encoding.encode(),
        len(body),
        body,
    )


BODIES = {
    "of a known length": OK,
    "in chunks, with trailers": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\no\r\n1\r\nk\r\n0\r\nX: y\r\n\r\n",
    "until the end": b"HTTP/1.1 200 OK\r\n\r\nok" + CLOSE,
    "of HTTP/1.0": b"HTTP/1.0 200 OK\r\n\r\nok" + CLOSE,
    "after others": b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + OK,
    "closed after": b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok" + CLOSE,
    "deflated": _packed("deflate", zlib.compress(b"ok")),
    "deflated without a head": _packed("Deflate", zlib.compress(b"ok", wbits=-15)),
    "packed, byte by byte": b"HTTP/1.1 200 OK\r\nContent-Encoding: GZIP\r\nTransfer-Encoding: chunked\r\n\r\n"
    + b"".join(b"1\r\n%c\r\n" % byte for byte in gzip.compress(b"ok"))
    + b"0\r\n\r\n",
    "packed in several pieces": _packed(
        "gzip", gzip.compress(b"o") + gzip.compress(b"") + gzip.compress(b"k")
    ),
    "packed in several pieces, byte by byte": (
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n"
        + b"".join(b"1\r\n%c\r\n" % byte for byte in gzip.compress(b"o") + gzip.compress(b"k"))
        + b"0\r\n\r\n"
    ),
    "packed, under an old name": _packed("X-Gzip", gzip.compress(b"ok")),
    "packed, and filled up": _packed("gzip", gzip.compress(b"ok") + bytes(20)),
    "not packed": _packed("identity", b"ok"),
    "packed": b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(b"ok") + CLOSE,
}


@pytest.mark.parametrize("body", BODIES)
def test_an_answer_is_read_however_it_is_framed(body: str) -> None:
    server = Server([BODIES[body], OK])
    assert replies(server, 2) == [b"ok", b"ok"]
    assert server.connections == 1 + (CLOSE in BODIES[body])


@pytest.mark.parametrize("body", [name for name in BODIES if name.startswith(("packed", "deflated"))])
def test_an_answer_through_a_proxy_is_unfolded_too(body: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def ask() -> bytes:
        server = Server([BODIES[body]])
        listening = await asyncio.start_server(server.serve, server.host, 0)
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}")
        sender = Transport(settings("t", base_url="http://pylon.test"))
        try:
            return (await sender.send(sender.request("GET", "/me", None, None))).content
        finally:
            await sender.close()
            listening.close()

    assert asyncio.run(ask()) == b"ok"


@pytest.mark.parametrize("cut", [10, 30])
def test_an_answer_of_which_a_piece_is_cut_is_not_taken_for_whole(cut: int) -> None:
    packed = gzip.compress(b'{"data": [') + gzip.compress(b'{"id": "a"}]}')
    server = Server([_packed("gzip", packed[:-cut])])

    async def ask() -> Reply:
        async with asking(server) as once:
            return await once()

    with pytest.raises(Transient):
        reply = asyncio.run(ask())
        read(reply.content, reply.sent_at)


def test_headers_of_one_name_are_joined_whatever_their_case() -> None:
    async def ask() -> Reply:
        headers = b"X-A: 1\r\nx-a: 2\r\nX-B: \xe9\r\nDate: Wed, 01 Jul 2026 14:00:00 +0200\r\n"
        async with asking(Server([b"HTTP/1.1 200 OK\r\n" + headers + b"Content-Length: 0\r\n\r\n"])) as once:
            return await once()

    reply = asyncio.run(ask())
    assert (reply.headers["x-a"], reply.headers["x-b"], reply.content) == ("1, 2", "\xe9", b"")
    assert reply.server_at.isoformat() == "2026-07-01T12:00:00+00:00"


def test_a_long_answer_holds_the_server_up_and_is_whole() -> None:
    long = bytes(range(256)) * 40_000
    server = Server([b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(long) + long])
    assert replies(server) == [long]


BROKEN = {
    "nothing": CLOSE,
    "half a head": b"HTTP/1.1 200 OK\r\nConte" + CLOSE,
    "half a body": b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok" + CLOSE,
    "half a chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\no" + CLOSE,
    "no HTTP": b"SSH-2.0-x\r\n\r\n" + CLOSE,
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nok" + CLOSE,
    "a head without end": b"HTTP/1.1 200 OK\r\n" + b"X: %s\r\n" % (b"y" * 1000) * 200 + CLOSE,
    "another protocol": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n" + CLOSE,
    "an encoding that is a lie": b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\nok",
}


@pytest.mark.parametrize("what", BROKEN)
def test_what_is_no_answer_is_told_and_not_asked_again_unseen(what: str) -> None:
    server = Server([BROKEN[what], OK])

    async def ask() -> bytes:
        async with asking(server) as once:
            with pytest.raises(Transient):
                await once()
            assert len(server.asked) == 1
            return (await once()).content

    assert asyncio.run(ask()) == b"ok"


def test_what_came_unasked_is_no_answer_to_the_next_request() -> None:
    server = Server([OK + OK.replace(b"ok", b"no"), OK])
    assert replies(server, 2) == [b"ok", b"ok"]
    assert server.connections == 2


def test_a_connection_that_the_server_closed_while_idle_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server([OK + CLOSE, OK])
    assert replies(server, 2, pause=0.05) == [b"ok", b"ok"]
    assert len(server.asked) == 2
    monkeypatch.setattr(direct, "KEPT_SECONDS", 0.02)
    server = Server([OK, OK])
    replies(server, 2, pause=0.05)
    assert server.connections == 2, "nor one that was idle for long"


def test_a_request_that_was_cancelled_leaves_no_answer_to_another() -> None:
    server = Server([b"", OK])

    async def ask() -> bytes:
        async with asking(server) as once:
            given_up = once()
            await server.heard.wait()
            given_up.cancel()
            with pytest.raises(asyncio.CancelledError):
                await given_up
            return (await once()).content

    assert asyncio.run(ask()) == b"ok"
    assert server.connections == 2


def test_a_server_that_falls_silent_is_not_waited_for() -> None:
    async def ask() -> None:
        async with asking(
            Server([b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\no"]), timeout_seconds=0.3
        ) as once:
            with pytest.raises(Transient, match="did not answer in time"):
                await once()

    asyncio.run(ask())


def test_ipv6() -> None:
    try:
        assert replies(Server([OK], "::1")) == [b"ok"]
    except OSError:
        pytest.skip("there is no IPv6")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    made += ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    made += ["-keyout", str(path.with_name("key")), "-out", str(path)]
    try:
        subprocess.run(made, check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("there is no openssl")
    return path


@pytest.mark.parametrize(
    ("name", "trusted"), [("localhost", True), ("localhost", False), ("127.0.0.1", True)]
)
def test_only_a_trusted_certificate_of_that_name_is_taken(
    certificate: Path, monkeypatch: pytest.MonkeyPatch, name: str, *, trusted: bool
) -> None:
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    served.load_cert_chain(certificate, certificate.with_name("key"))
    server = Server([OK])

    async def ask() -> bytes:
        async with asking(server, served, name) as once:
            return (await once()).content

    if trusted and name == "localhost":
        assert asyncio.run(ask()) == b"ok"
    else:
        with pytest.raises(Transient, match=r"cannot be reached .*certificate verify failed"):
            asyncio.run(ask())
        assert not server.asked


def test_a_proxy_of_the_environment_is_asked_instead_unless_it_is_not_to_be(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    proxy = Server([OK, OK])

    async def ask() -> None:
        listening = await asyncio.start_server(proxy.serve, proxy.host, 0)
        monkeypatch.setenv("HTTP_PROXY", f"http://u:p@127.0.0.1:{listening.sockets[0].getsockname()[1]}")
        sender = Transport(settings("t", base_url="http://127.0.0.2:9"))
        assert (await sender.send(sender.request("GET", "/me", None, None))).content == b"ok"
        await sender.close()
        listening.close()
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        async with asking(Server([OK])) as once:
            assert (await once()).content == b"ok"

    asyncio.run(ask())
    (asked,) = proxy.asked
    assert asked.startswith(b"GET http://127.0.0.2:9/me HTTP/1.1")
    assert b"proxy-authorization: basic" in asked.lower()


def test_a_host_that_cannot_be_named_is_told() -> None:
    async def ask(url: str) -> None:
        extensions = {"timeout": httpx.Timeout(1.0).as_dict()}
        await Direct(httpx.Request("GET", url, extensions=extensions), tls=False).send(Request("GET", "/me"))

    for url in (f"http://{'x' * 70}.test", "http://127.0.0.1:1"):
        with pytest.raises(httpx.ConnectError):
            asyncio.run(ask(url))
