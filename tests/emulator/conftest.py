"""A world that never changes by itself, and servers and clients that end with their test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from pylon_elt import emulator

TLS = httpx.create_ssl_context()
"""Made once: it takes longer to make than most tests run, and none uses it."""
NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)


class Client(httpx.Client):
    """An httpx client with the token, whose `walk` follows the cursors to the end."""

    def search(self, tree: Any = None, **body: Any) -> httpx.Response:
        return self.post("/issues/search", json=body if tree is None else {"filter": tree, **body})

    def issues(self, start: str, end: str, **query: Any) -> httpx.Response:
        return self.get("/issues", params={"start_time": start, "end_time": end, **query})

    def walk(self, ask: Callable[[dict[str, Any]], httpx.Response]) -> list[list[dict[str, Any]]]:
        """Return all pages of what `ask` asks for, given the cursor as the only entry of a mapping."""
        pages: list[list[dict[str, Any]]] = []
        cursor: dict[str, Any] = {}
        while True:
            answer = ask(cursor).raise_for_status().json()
            pages.append(answer["data"])
            if not (answer.get("pagination") or {}).get("has_next_page"):
                return pages
            cursor = {"cursor": answer["pagination"]["cursor"]}


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture
def world() -> emulator.World:
    """A small world whose clock stands still until a test advances it."""
    return emulator.World.seeded(seed=7, issues=120, now=NOW, years=0.5, clock=lambda: NOW)


@pytest.fixture
def serve() -> Iterator[Callable[..., emulator.Server]]:
    """Start a server with a world and settings by name; it ends with the test."""
    with ExitStack() as stack:

        def start(world: emulator.World | None = None, **settings: Any) -> emulator.Server:
            served = world or emulator.World.seeded(seed=7, issues=40, now=NOW, years=0.2)
            return stack.enter_context(emulator.running(served, emulator.Settings(**settings)))

        yield start


@pytest.fixture
def connect() -> Iterator[Callable[..., Client]]:
    """Open a client to a server; it ends with the test."""
    with ExitStack() as stack:

        def start(server: emulator.Server, **options: Any) -> Client:
            headers = {"Authorization": f"Bearer {server.token}"}
            given: dict[str, Any] = {"timeout": 10, "verify": TLS} | options
            client = Client(base_url=server.base_url, headers=headers, **given)
            return stack.enter_context(client)

        yield start
