"""The connection under a request, and the answers that end it."""

from __future__ import annotations

import asyncio
import struct
from socket import IPPROTO_TCP, SO_LINGER, SOL_SOCKET, TCP_NODELAY

from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol


class Connection(H11Protocol):
    """An HTTP connection, which each of its requests finds in its state."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take up the connection."""
        self.lost = asyncio.Event()
        self.app_state = {"connection": self}
        # asyncio sets this only on sockets that name their protocol, which accepted ones do not; without
        # it each answer waits for a delayed acknowledgement, 40 ms.
        transport.get_extra_info("socket").setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
        super().connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Note the end of the connection."""
        super().connection_lost(exc)
        self.lost.set()

    async def reset(self) -> None:
        """End the connection by a TCP reset."""
        if not self.transport.is_closing():
            socket = self.transport.get_extra_info("socket")
            socket.setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
            self.transport.abort()
        # Only then: a return before the connection is known to be lost would make the server answer 500.
        await self.lost.wait()

    async def close(self) -> None:
        """End the connection after what was written has gone out."""
        self.transport.close()
        await self.lost.wait()


class Reset(Response):
    """No answer: the connection is reset in its place."""

    def __init__(self) -> None:
        """Have a status that no answer has."""
        super().__init__(status_code=0)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """Reset the connection."""
        await scope["state"]["connection"].reset()


class CutOff(Response):
    """An answer that the closing connection ends, whatever its headers promise."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """Send the headers and the body, and close the connection as if there were more to come."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": self.body, "more_body": True})
        await scope["state"]["connection"].close()
