"""Serving an application on a loopback port, in a thread of this process."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import uvicorn
from starlette.applications import Starlette

from .wire import Connection

_GRACE = 1.0
"""How long requests in progress may take to end when the server stops, in seconds."""


class Loopback:
    """An application on a bound socket: where it is, and its start and end."""

    def __init__(self, asgi: Starlette, stopping: asyncio.Event, sock: socket.socket) -> None:
        """Serve `asgi` on the bound socket `sock`; `stopping` is set when it ends, so that no hang outlives it."""
        self._stopping = stopping
        self._socket = sock
        host, port = sock.getsockname()[:2]
        self.port: int = port
        self.base_url = f"http://{host}:{port}"
        config = uvicorn.Config(
            asgi,
            http=Connection,
            lifespan="off",
            log_config=None,
            log_level="critical",
            access_log=False,
            date_header=False,
            server_header=False,
            # Longer than clients keep a connection: else one may send just as the server closes it.
            timeout_keep_alive=600,
        )
        self._uvicorn = _Uvicorn(config, stopping)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="emulator", daemon=True)

    def start(self) -> None:
        """Start serving, and return once connections are answered."""
        self._thread.start()
        self._ready.wait()

    def stop(self) -> None:
        """Stop serving; hanging requests are cut short, and nothing is left behind."""
        self._uvicorn.should_exit = True
        if self._loop is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()
        self._socket.close()

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        # The socket listens already: a connection made now waits until the loop takes it.
        self._ready.set()
        await self._uvicorn.serve(sockets=[self._socket])


class _Uvicorn(uvicorn.Server):
    """A server that stops at once; uvicorn's own takes up to 0.3 s, and a test suite stops hundreds."""

    def __init__(self, config: uvicorn.Config, stopping: asyncio.Event) -> None:
        super().__init__(config)
        self._stopping = stopping

    async def main_loop(self) -> None:
        await self._stopping.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for sock in sockets or []:
            sock.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        deadline = time.monotonic() + _GRACE
        state = self.server_state
        while (state.connections or state.tasks) and time.monotonic() < deadline:  # noqa: ASYNC110
            await asyncio.sleep(0.002)
        for connection in state.connections:
            connection.transport.abort()
        await asyncio.sleep(0)


Served = TypeVar("Served", bound=Loopback)


@contextmanager
def listening(make: Callable[[socket.socket], Served], port: int) -> Iterator[Served]:
    """Serve on 127.0.0.1 what `make` makes of a socket while the block runs; port 0 takes a free one."""
    server = make(socket.create_server(("127.0.0.1", port), backlog=512))
    server.start()
    try:
        yield server
    finally:
        server.stop()
