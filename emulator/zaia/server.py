"""Running the emulated Zaia on a loopback port, in a thread of this process."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ..faults import Faults
from ..loopback import Loopback, listening
from .app import App
from .engine import Engine
from .log import Record
from .settings import Settings
from .world import World


class Server(Loopback):
    """A running emulator: where it is, what it serves, how it behaves, and what it was asked."""

    def __init__(
        self, world: World, settings: Settings, sock: socket.socket, clock: Callable[[], float] = time.time
    ) -> None:
        """Serve `world` on the bound socket `sock`; use `running` instead."""
        world.statuses = tuple(settings.statuses)
        self.world = world
        self.settings = settings
        """The settings; a change takes effect with the next request."""
        self._engine = Engine(world, settings, clock)
        app = App(self._engine)
        super().__init__(app.asgi, app.stopping, sock)

    @property
    def url(self) -> str:
        """Where it is, without `/api/v1`."""
        return self.base_url

    @property
    def key(self) -> str:
        """The key that is let in."""
        return self.settings.key

    @property
    def faults(self) -> Faults:
        """The faults that are switched on, beside those that the settings give for the requests to come."""
        return self._engine.faults

    @property
    def log(self) -> list[Record]:
        """The requests so far, oldest first."""
        return self._engine.log


@contextmanager
def running(
    world: World | None = None,
    settings: Settings | None = None,
    port: int = 0,
    *,
    clock: Callable[[], float] = time.time,
) -> Iterator[Server]:
    """Serve `world` on 127.0.0.1 while the block runs; port 0 takes a free one.

    `clock` is the server's own, in seconds since 1970: limits, `Date` and `Retry-After` follow it, while the world's
    clock dates the rows.
    """
    served = World.seeded() if world is None else world
    with listening(lambda sock: Server(served, settings or Settings(), sock, clock), port) as server:
        yield server
