"""Worlds, servers and clients that end with their test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import pytest

from pylon_elt.emulator import zaia

TLS = httpx.create_ssl_context()
STATUSES = ("pending", "ongoing", "completed")


class Client(httpx.Client):
    """A client with the key, whose paths begin below ``/api/v1``."""

    def rows(self, path: str, **query: Any) -> list[dict[str, Any]]:
        answer = self.get(path, params=query).raise_for_status().json()
        return answer if isinstance(answer, list) else answer.get("data", answer.get("items"))

    def tickets(self, status: str, **query: Any) -> list[dict[str, Any]]:
        return self.rows("/tickets/details", status=status, **{"pageSize": 100} | query)

    def walk(self, path: str, size: int = 7, **query: Any) -> list[list[dict[str, Any]]]:
        """Return the pages of a list up to the first that is short."""
        pages: list[list[dict[str, Any]]] = []
        while not pages or len(pages[-1]) == size:
            pages.append(self.rows(path, pageNumber=len(pages) + 1, pageSize=size, **query))
        return pages

    def shown(self) -> list[dict[str, Any]]:
        """Return all tickets, read page by page in each status."""
        return [
            row
            for status in STATUSES
            for page in self.walk("/tickets/details", 20, status=status)
            for row in page
        ]


@pytest.fixture
def world() -> zaia.World:
    return zaia.World.seeded(seed=1, tickets=60)


@pytest.fixture
def serve() -> Iterator[Callable[..., zaia.Server]]:
    """Start a server with a world and settings by name; it ends with the test."""
    with ExitStack() as stack:

        def start(world: zaia.World | None = None, *, clock: Any = None, **settings: Any) -> zaia.Server:
            options = {"clock": clock} if clock else {}
            return stack.enter_context(zaia.running(world, zaia.Settings(**settings), **options))

        yield start


@pytest.fixture
def connect() -> Iterator[Callable[..., Client]]:
    """Open a client to a server; it ends with the test."""
    with ExitStack() as stack:

        def start(server: zaia.Server, key: str | None = None) -> Client:
            headers = {"Authorization": server.key if key is None else key}
            client = Client(base_url=server.url + "/api/v1", headers=headers, timeout=10, verify=TLS)
            return stack.enter_context(client)

        yield start


@pytest.fixture
def client(world: zaia.World, serve: Any, connect: Any) -> Client:
    return connect(serve(world))
