"""The application of an API: its routes, and the way of a request through it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from functools import partial
from typing import Any, Protocol

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route

from .delivery import Delivery
from .faults import Fault
from .replies import ApiError


class Exchange(Protocol):
    """A request on its way."""

    def fault(self, kind: str) -> Fault | None:
        """Return the fault of a kind that plays on this request."""


class Engine(Protocol):
    """The service without its network."""

    def latency(self) -> float:
        """Return the delay of an answer in seconds."""

    def answer(self, exchange: Any) -> Response:
        """Return the answer to a request."""


class Application(ABC):
    """An API and, under `/_emulator/`, its control routes, as an ASGI application."""

    def __init__(self, engine: Engine, control: Starlette, endpoints: Iterable[tuple[str, str, Any]]) -> None:
        """Serve `engine` at the method and path of each endpoint, which is handed on to `admit`."""
        self._answering = engine
        self._delivery = Delivery()
        self.stopping = self._delivery.stopping
        self.asgi = Starlette(
            routes=[*(self._route(*one) for one in endpoints), Mount("/_emulator", control)],
            exception_handlers={HTTPException: self._unrouted},
        )
        self.asgi.router.redirect_slashes = False

    @abstractmethod
    async def admit(self, request: Request, found: Any) -> Exchange:
        """Let a request in, or not; `found` is the endpoint that its route leads to, or why there is none."""

    def _route(self, method: str, path: str, endpoint: Any) -> Route:
        route = Route(path, partial(self._answer, found=endpoint), name=endpoint.name)
        route.methods = {method}  # Starlette would add HEAD to GET, and the APIs do not
        return route

    async def _unrouted(self, request: Request, error: Exception) -> Response:
        """Answer a request that no route takes: 404, or 405 if another method would be."""
        if not isinstance(error, HTTPException):
            raise error
        return await self._answer(request, ApiError(error.status_code, error.detail))

    async def _answer(self, request: Request, found: Any) -> Response:
        exchange = await self.admit(request, found)
        await self._delivery.delay(self._answering.latency(), exchange.fault)
        return self._delivery.sent(self._answering.answer(exchange), exchange.fault)
