"""An answer of any length costs that request, never the process."""

from __future__ import annotations

import contextlib
import gzip
import threading
import tracemalloc
import zlib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import orjson
import pytest
from support import worlds
from support.simulated import Site

from pylon_elt.sources.pylon.api import transport
from pylon_elt.sources.pylon.errors import Unanswered, Unavailable
from tests.sources.api.test_client import GET, Asker

UNFOLDED = 400_000_000


def _bomb() -> bytes:
    folding = zlib.compressobj(9, wbits=31)
    pieces = [folding.compress(b'{"data":{"id":"' + b"a" * 1_000_000)]
    pieces += [folding.compress(bytes(1_000_000)) for _ in range(UNFOLDED // 1_000_000)]
    return b"".join([*pieces, folding.flush()])


class _Server:
    def __init__(self, base_url: str) -> None:
        self.base_url = base_url


@pytest.fixture(scope="module")
def bomb() -> bytes:
    return _bomb()


@pytest.fixture
def answering() -> Iterator[Any]:
    """Serve one body for everything, with an encoding; counts the requests."""
    servers = []

    def serve(body: bytes, encoding: str) -> tuple[_Server, list[str]]:
        asked: list[str] = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked.append(self.headers["Accept-Encoding"])
                self.send_response(200)
                self.send_header("Content-Encoding", encoding)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                with contextlib.suppress(OSError):
                    self.wfile.write(body)

            def log_message(self, *_args: Any) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return _Server(f"http://127.0.0.1:{server.server_port}"), asked

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


def test_what_unfolds_without_end_is_left_off(
    answering: Any, bomb: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "MOST_BYTES", 10_000_000)
    server, asked = answering(bomb, "gzip")
    tracemalloc.start()
    try:
        with pytest.raises(
            Unanswered, match=r"GET /issues/x could not be read: the answer is longer than 10,000,000"
        ):
            Asker(server).do(lambda client: client.ask(GET, ids={"issue_id": "x"}))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < UNFOLDED / 2
    assert asked == ["gzip, deflate"], "it would be as long the next time"


@pytest.mark.parametrize("encoding", ["gzip, gzip", "zstd", "br"])
def test_an_encoding_that_was_not_asked_for_is_not_unfolded(encoding: str, answering: Any) -> None:
    server, _ = answering(gzip.compress(b'{"data":{"id":"x"}}'), encoding)
    with pytest.raises(Unavailable, match=f"is encoded as {encoding}"):
        Asker(server).do(lambda client: client.ask(GET, ids={"issue_id": "x"}))


def test_one_conversation_that_is_too_long_costs_that_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "MOST_BYTES", 3_000_000)
    world = worlds.quiet(issues=12, accounts=3, contacts=4, others=0.5)
    long, other = worlds.with_messages(world), worlds.with_messages(world, skip=1)
    site = Site(world, ("issues", "issue_messages", "issue_sync"))
    site.run()
    before = {row["id"] for row in site.rows()["issue_messages"] if row["issue_id"] == long}
    for issue in (long, other):
        world.add_message(issue)
        world.edit_issue(issue)
    world.advance(300)

    def spoil(request: httpx.Request, answer: httpx.Response) -> httpx.Response | None:
        if request.url.path != f"/issues/{long}/messages":
            return None
        body = orjson.loads(answer.content)
        body["data"][0]["message_html"] = "x" * 3_000_000
        content = gzip.compress(orjson.dumps(body))
        return httpx.Response(200, headers={"content-encoding": "gzip"}, content=content)

    site.spoil = spoil
    ran = site.run()
    (failure,) = ran.report.failures
    assert "longer than" in str(failure.error)
    held = site.rows()["issue_messages"]
    assert {row["id"] for row in held if row["issue_id"] == long} == before
    assert {row["id"] for row in held if row["issue_id"] == other} == {
        row["id"] for row in world.messages(other)
    }
    site.spoil = lambda _request, _answer: None
    assert [one.url.path for one in site.run().asked if "messages" in one.url.path] == [
        f"/issues/{long}/messages"
    ]
