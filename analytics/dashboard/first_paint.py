"""The numbers of the first page, in the page itself: they are there before marimo's own code has been loaded."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

OPEN, CLOSE = b'<div id="root">', b"</div>"
"""Where marimo's page draws itself once its code runs; what stands there until then is replaced."""


class FirstPaint:
    """ASGI middleware that fills the place where marimo's page will draw itself.

    Only who has been let in is given that page; all other answers pass as they are.

    Args:
        app: marimo's app.
        paint: Returns the HTML to show until then, of the names and values in the address; runs in a thread.
    """

    def __init__(self, app: ASGIApp, paint: Callable[[Mapping[str, Sequence[str]]], str]) -> None:
        self._app = app
        self._paint = paint

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        held: Message | None = None
        body = b""

        async def fill(message: Message) -> None:
            nonlocal held, body
            if message["type"] == "http.response.start" and _is_page(message):
                held = message
            elif held is None:
                await send(message)
            else:
                body += message.get("body", b"")
                if not message.get("more_body"):
                    filled = await self._filled(body, scope.get("query_string", b""))
                    MutableHeaders(raw=held["headers"])["content-length"] = str(len(filled))
                    await send(held)
                    await send({"type": "http.response.body", "body": filled})

        await self._app(scope, receive, fill)

    async def _filled(self, body: bytes, query: bytes) -> bytes:
        if OPEN + CLOSE not in body:
            return body
        given = parse_qs(query.decode("latin-1"))
        inside = (await run_in_threadpool(self._paint, given)).encode()
        return body.replace(OPEN + CLOSE, OPEN + inside + CLOSE, 1)


def _is_page(start: Message) -> bool:
    headers = MutableHeaders(raw=start["headers"])
    plain = "content-encoding" not in headers
    return start["status"] == 200 and plain and headers.get("content-type", "").startswith("text/html")
