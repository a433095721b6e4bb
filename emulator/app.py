"""The application: its routes, and the faults that concern how an answer is sent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from functools import partial

import orjson
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Mount, Route

from .control import control
from .endpoints import ENDPOINTS, Endpoint
from .engine import Engine
from .faults import Fault
from .replies import ApiError
from .wire import CutOff

_PIECES = 20


class App:
    """The API and, under `/_emulator/`, the control routes, as an ASGI application."""

    def __init__(self, engine: Engine) -> None:
        """Serve `engine`."""
        self._engine = engine
        self.stopping = asyncio.Event()
        """Set when the server stops, so that no hang outlives it."""
        self.asgi = Starlette(
            routes=[*map(self._route, ENDPOINTS), Mount("/_emulator", control(engine))],
            exception_handlers={HTTPException: self._unrouted},
        )
        self.asgi.router.redirect_slashes = False

    def _route(self, endpoint: Endpoint) -> Route:
        route = Route(endpoint.path, partial(self._answer, found=endpoint), name=endpoint.name)
        route.methods = {endpoint.method}  # Starlette would add HEAD to GET, and the API does not
        return route

    async def _unrouted(self, request: Request, error: Exception) -> Response:
        """Answer a request that no route takes: 404, or 405 if another method would be."""
        if not isinstance(error, HTTPException):
            raise error
        return await self._answer(request, ApiError(error.status_code, error.detail))

    async def _answer(self, request: Request, found: Endpoint | ApiError) -> Response:
        exchange = self._engine.admit(request, await _body(request), found)
        await self._wait(self._engine.latency())
        if hang := exchange.fault("hang"):
            await self._wait(hang.wait(30.0))
        response = self._engine.answer(exchange)
        if (cut := exchange.fault("truncate")) and response.body:
            return _truncated(response, cut)
        if (trickle := exchange.fault("trickle")) and response.body:
            pieces = self._pieces(bytes(response.body), trickle.wait(1.0))
            return StreamingResponse(pieces, response.status_code, response.headers)
        return response

    async def _pieces(self, body: bytes, seconds: float) -> AsyncIterator[bytes]:
        size = max(1, len(body) // _PIECES)
        for start in range(0, len(body), size):
            yield body[start : start + size]
            await self._wait(seconds / _PIECES)

    async def _wait(self, seconds: float) -> None:
        """Wait, but not longer than the server lives."""
        if seconds <= 0:
            return
        try:
            await asyncio.wait_for(self.stopping.wait(), seconds)
        except TimeoutError:
            return


async def _body(request: Request) -> object:
    """Return the parsed body: None if there is none, and one that is not JSON as text."""
    raw = await request.body()
    if not raw.strip():
        return None
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        return raw.decode(errors="replace")


def _truncated(response: Response, fault: Fault) -> Response:
    whole = len(response.body)
    part = response.body[: max(1, min(whole - 1, int(whole * fault.keep)))]
    if fault.cut == "length":
        response.headers["content-length"] = str(len(part))
        return Response(part, response.status_code, response.headers)
    answer = CutOff(part, response.status_code, response.headers)
    if fault.cut == "chunked":
        del answer.headers["content-length"]
    return answer
