"""The application: its routes, and the way of a request through it."""

from __future__ import annotations

from functools import partial

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route

from ..delivery import Delivery
from ..replies import ApiError
from .control import control
from .endpoints import ENDPOINTS, PREFIX, Endpoint
from .engine import Engine


class App:
    """The API and, under `/_emulator/`, the control routes, as an ASGI application."""

    def __init__(self, engine: Engine) -> None:
        """Serve `engine`."""
        self._engine = engine
        self._delivery = Delivery()
        self.stopping = self._delivery.stopping
        self.asgi = Starlette(
            routes=[*map(self._route, ENDPOINTS), Mount("/_emulator", control(engine))],
            exception_handlers={HTTPException: self._unrouted},
        )
        self.asgi.router.redirect_slashes = False

    def _route(self, endpoint: Endpoint) -> Route:
        route = Route(PREFIX + endpoint.path, partial(self._answer, found=endpoint), name=endpoint.path)
        route.methods = {"GET"}  # Starlette would add HEAD
        return route

    async def _unrouted(self, request: Request, error: Exception) -> Response:
        """Answer a request that no route takes: 404, or 405 if another method would be."""
        if not isinstance(error, HTTPException):
            raise error
        return await self._answer(request, ApiError(error.status_code, error.detail))

    async def _answer(self, request: Request, found: Endpoint | ApiError) -> Response:
        exchange = self._engine.admit(request, found)
        await self._delivery.delay(self._engine.settings.latency_seconds, exchange.fault)
        return self._delivery.sent(self._engine.answer(exchange), exchange.fault)
