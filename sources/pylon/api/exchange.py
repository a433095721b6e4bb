"""A request, the head of its answer, and what carries them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

PLAIN = ("", "identity")
"""How a body is said to be encoded that is not."""
_SAME = {"x-gzip": "gzip"}
"""Other names of encodings (RFC 9110)."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request that is ready to be sent, as often as it takes.

    ``target`` is a path below the host's URL, with its query, in which no character is left to be encoded. ``body`` is
    JSON.
    """

    method: str
    target: str
    body: bytes | None = None


@dataclass(frozen=True, slots=True)
class Head:
    """What an answer begins with."""

    status: int
    headers: Mapping[str, str]
    """Names in lower case."""

    @property
    def encoding(self) -> str:
        """How the body is encoded, "" where it is not."""
        named = self.headers.get("content-encoding", "").strip().lower()
        return _SAME.get(named, named)


class Carrier(Protocol):
    """Carries one request at a time, each once: nothing is sent again, no redirect is followed."""

    async def send(self, request: Request) -> Head:
        """Send a request, and return the head of its answer once that has come.

        Raises:
            httpx.RequestError: No answer came in time, or none that is HTTP.
        """

    async def read(self) -> bytes:
        """Return the next piece of the answer's body, unfolded; b"" at its end.

        Raises:
            httpx.RequestError: It did not come.
            zlib.error: It is not encoded as its head says.
        """

    async def done(self) -> None:
        """Leave the answer, be it read to its end or not."""

    async def aclose(self) -> None:
        """Close all connections."""
