"""Pylon's API as an application."""

from __future__ import annotations

import orjson
from starlette.requests import Request

from .application import Application
from .control import control
from .endpoints import ENDPOINTS, Endpoint
from .engine import Engine, Exchange
from .replies import ApiError


class App(Application):
    """The API and, under `/_emulator/`, the control routes, as an ASGI application."""

    def __init__(self, engine: Engine) -> None:
        """Serve `engine`."""
        self._engine = engine
        super().__init__(engine, control(engine), ((one.method, one.path, one) for one in ENDPOINTS))

    async def admit(self, request: Request, found: Endpoint | ApiError) -> Exchange:
        """Let a request in, or not."""
        return self._engine.admit(request, await _body(request), found)


async def _body(request: Request) -> object:
    """Return the parsed body: None if there is none, and one that is not JSON as text."""
    raw = await request.body()
    if not raw.strip():
        return None
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        return raw.decode(errors="replace")
