"""Zaia's API as an application."""

from __future__ import annotations

from starlette.requests import Request

from ..application import Application
from ..replies import ApiError
from .control import control
from .endpoints import ENDPOINTS, PREFIX, Endpoint
from .engine import Engine, Exchange


class App(Application):
    """The API and, under `/_emulator/`, the control routes, as an ASGI application."""

    def __init__(self, engine: Engine) -> None:
        """Serve `engine`."""
        self._engine = engine
        super().__init__(engine, control(engine), (("GET", PREFIX + one.path, one) for one in ENDPOINTS))

    async def admit(self, request: Request, found: Endpoint | ApiError) -> Exchange:
        """Let a request in, or not."""
        return self._engine.admit(request, found)
