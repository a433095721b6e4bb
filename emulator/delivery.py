"""The faults that concern how an answer is sent: late, cut or in trickles."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

from starlette.responses import Response, StreamingResponse

from .faults import Fault
from .wire import CutOff

_PIECES = 20

Playing = Callable[[str], Fault | None]
"""Which fault of a kind plays on a request."""


class Delivery:
    """Waiting and sending, until the server stops."""

    def __init__(self) -> None:
        """Begin while the server lives."""
        self.stopping = asyncio.Event()
        """Set when the server stops, so that no hang outlives it."""

    async def delay(self, seconds: float, playing: Playing) -> None:
        """Wait for the latency in seconds, and as long as a hang takes."""
        await self._wait(seconds)
        if hang := playing("hang"):
            await self._wait(hang.wait(30.0))

    def sent(self, response: Response, playing: Playing) -> Response:
        """Return an answer as it goes out: cut, in trickles, or as it is."""
        if (cut := playing("truncate")) and response.body:
            return _truncated(response, cut)
        if (trickle := playing("trickle")) and response.body:
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
