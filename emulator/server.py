"""Running the emulator on a loopback port, in a thread of this process."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from .app import App
from .control import counts
from .engine import Engine, Hook
from .faults import Faults
from .log import Record
from .loopback import Loopback, listening
from .settings import Settings
from .webhooks import Webhooks
from .world import World


class Server(Loopback):
    """A running emulator: where it is, what it serves, how it behaves, and what it was asked."""

    def __init__(self, world: World, settings: Settings, sock: socket.socket) -> None:
        """Serve `world` on the bound socket `sock`; use `running` instead."""
        self._engine = Engine(world, settings)
        app = App(self._engine)
        super().__init__(app.asgi, app.stopping, sock)

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
    def webhooks(self) -> Webhooks:
        """What sends webhooks when something happens to an issue."""
        return self._engine.webhooks

    def stop(self) -> None:
        """Stop serving, and sending."""
        self.webhooks.stop()
        super().stop()

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


@contextmanager
def running(world: World | None = None, settings: Settings | None = None, port: int = 0) -> Iterator[Server]:
    """Serve `world` on 127.0.0.1 while the block runs; port 0 takes a free one."""
    served = World.seeded() if world is None else world
    with listening(lambda sock: Server(served, settings or Settings(), sock), port) as server:
        yield server
