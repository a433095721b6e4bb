"""Running the emulator on a loopback port, in a thread of this process."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

from .app import App
from .control import counts
from .engine import Engine, Hook
from .faults import Faults
from .log import Record
from .settings import Settings
from .wire import Connection
from .world import World


class Server:
    """A running emulator: where it is, what it serves, how it behaves, and what it was asked."""

    def __init__(self, world: World, settings: Settings, sock: socket.socket) -> None:
        """Serve `world` on the bound socket `sock`; use `running` instead."""
        self._engine = Engine(world, settings)
        self._app = App(self._engine)
        self._socket = sock
        host, port = sock.getsockname()[:2]
        self.port: int = port
        self.base_url = f"http://{host}:{port}"
        config = uvicorn.Config(
            self._app.asgi,
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
        self._uvicorn = _Uvicorn(config, self._app)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="emulator", daemon=True)

    @property
    def world(self) -> World:
        """The world that is served."""
        return self._engine.world

    @property
    def settings(self) -> Settings:
        """The settings; a change takes effect with the next request."""
        return self._engine.settings

    @property
    def faults(self) -> Faults:
        """The faults that are switched on."""
        return self._engine.faults

    @property
    def log(self) -> list[Record]:
        """The requests so far, oldest first; empty if the setting `log` is "counts"."""
        return self._engine.log.records

    @property
    def token(self) -> str:
        """A token that is let in."""
        return min(self.settings.tokens())

    def on_request(self, callback: Hook) -> Callable[[], None]:
        """Call `callback` with each request's record before it is answered; the result ends that."""
        self._engine.hooks.append(callback)
        return lambda: self._engine.hooks.remove(callback)

    def count(self, endpoint: str | None = None, since: int = 0, refused: bool | None = None) -> int:
        """Return how many logged requests have a number over `since`, of one endpoint or all."""
        return sum(
            record.n > since and endpoint in (None, record.endpoint) and refused in (None, record.refused)
            for record in list(self.log)
        )

    def counts(self) -> dict[str, Any]:
        """Return, by endpoint, requests served and refused, and the allowance; kept in every log mode."""
        return counts(self._engine.log)

    def clear_log(self) -> None:
        """Forget the logged requests and the counts."""
        self._engine.log.clear()

    def reset_limits(self) -> None:
        """Forget how much of each allowance is used up."""
        self._engine.limiter.clear()

    def start(self) -> None:
        """Start serving, and return once connections are answered."""
        self._thread.start()
        self._ready.wait()

    def stop(self) -> None:
        """Stop serving; hanging requests are cut short, and nothing is left behind."""
        self._uvicorn.should_exit = True
        if self._loop is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._app.stopping.set)
        self._thread.join()
        self._socket.close()

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        # The socket listens already: a connection made now waits until the loop takes it.
        self._ready.set()
        await self._uvicorn.serve(sockets=[self._socket])


_GRACE = 1.0
"""How long requests in progress may take to end when the server stops, in seconds."""


class _Uvicorn(uvicorn.Server):
    """A server that stops at once; uvicorn's own takes up to 0.3 s, and a test suite stops hundreds."""

    def __init__(self, config: uvicorn.Config, app: App) -> None:
        super().__init__(config)
        self._app = app

    async def main_loop(self) -> None:
        await self._app.stopping.wait()

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


@contextmanager
def running(world: World | None = None, settings: Settings | None = None, port: int = 0) -> Iterator[Server]:
    """Serve `world` on 127.0.0.1 while the block runs; port 0 takes a free one."""
    sock = socket.create_server(("127.0.0.1", port), backlog=512)
    served = World.seeded() if world is None else world
    server = Server(served, settings or Settings(), sock)
    server.start()
    try:
        yield server
    finally:
        server.stop()
