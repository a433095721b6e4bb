"""A server whose answers a test writes itself: what an emulator of a workspace would not say."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

Query = dict[str, str]
Answer = tuple[int, dict[str, str], Any]
"""Status, headers, and a body: bytes, or what becomes JSON."""
Write = Callable[[str, Query], Any]
"""Given the path below the API's own, and the query: an answer, or the body of a good one."""


@dataclass
class Written:
    """The server, as :class:`support.zaia.Desk` wants it."""

    answer: Write
    url: str = ""
    key: str = "zaia_written"
    log: list[tuple[str, Query]] = field(default_factory=list)

    def reply(self, target: str) -> Answer:
        """Return the answer to a request."""
        parts = urlsplit(target)
        path, query = unquote(parts.path).removeprefix("/api/v1/"), dict(parse_qsl(parts.query))
        self.log.append((path, query))
        found = self.answer(path, query)
        status, headers, body = found if isinstance(found, tuple) else (200, {}, found)
        return status, headers, body if isinstance(body, bytes) else json.dumps(body).encode()


@contextmanager
def serving(answer: Write) -> Iterator[Written]:
    """Serve answers until the end of the block."""
    written = Written(answer)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            status, headers, body = written.reply(self.path)
            self.send_response(status)
            usual = {"Content-Type": "application/json", "Content-Length": str(len(body))}
            for name, value in {**usual, **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    with _served(Handler) as written.url:
        yield written


def paged(rows: list[Any], query: Query, most: int = 100) -> list[Any]:
    """Return the page of rows that a query asks for."""
    size = min(int(query.get("pageSize", 10)), most)
    start = (int(query.get("pageNumber", 1)) - 1) * size
    return rows[start : start + size]


@contextmanager
def trickling(drip: Callable[[Callable[[bytes], Any]], None]) -> Iterator[str]:
    """Serve an answer that is never at its end, and give the address.

    Args:
        drip: Given what writes bytes, sends the answer until it is told to stop.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            with suppress(OSError):
                drip(self.wfile.write)

        def log_message(self, *_: Any) -> None:
            pass

    with _served(Handler) as url:
        yield url


@contextmanager
def _served(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
