"""The doorbell: takes a workspace's webhooks, keeps the id of the issue that each is about, and lets a run begin.

Of what is sent only the id is taken, and nothing is believed of it: a run reads the issue from the API.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from ..copy.rung import Rung
from .signatures import is_genuine

PATH = "/hooks/pylon"
LONGEST_BODY = 64 * 1024
"""Bytes; the template in the README makes some sixty."""
LONGEST_ID = 200
FIELD = "issue_id"
TEMPLATE = '{"issue_id": "{{issue.id}}"}'
"""What the body of the trigger's request is to be."""


class Refused(Exception):
    """A request that is no ring.

    Args:
        status: The status of the answer.
        why: What is wrong with it.
    """

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status, self.why = status, why


@dataclass
class Doorbell:
    """The doorbell of one workspace.

    Args:
        secrets: Those with which its webhooks may be signed.
        rung: Where the ids are kept.
        ring: Called once an id is safe.
        now: The present, in seconds since 1970.
    """

    secrets: Sequence[str] = field(repr=False)
    rung: Rung
    ring: Callable[[], None]
    now: Callable[[], float] = time.time
    answers: Counter[int] = field(default_factory=Counter)
    """How often each status was answered."""

    async def answer(self, request: Request) -> Response:
        """Answer one webhook: 202 once its id is on disk, and not before."""
        try:
            id_ = _issue(await self._genuine(request))
            await asyncio.to_thread(self.rung.add, id_)
        except Refused as refused:
            return self._answered(refused.status, {"error": refused.why})
        except (sqlite3.Error, OSError):
            return self._answered(503, {"error": "it could not be kept; send it again"})
        self.ring()
        return self._answered(202, {"accepted": True})

    async def _genuine(self, request: Request) -> bytes:
        body = await _body(request)
        if not is_genuine(_once(request), body, self.secrets, self.now()):
            raise Refused(401, "the signature is missing, wrong, or older than five minutes")
        return body

    def _answered(self, status: int, content: Mapping[str, object]) -> Response:
        self.answers[status] += 1
        return JSONResponse(content, status)


def _once(request: Request) -> dict[str, str]:
    """Return the headers that came once: of two signatures none can be believed."""
    names = Counter(name for name, _ in request.headers.items())
    return {name: value for name, value in request.headers.items() if names[name] == 1}


async def _body(request: Request) -> bytes:
    """Return the body, and read no more of it than is allowed."""
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > LONGEST_BODY:
        raise Refused(413, f"the body is longer than {LONGEST_BODY} bytes")
    found = bytearray()
    try:
        async for part in request.stream():
            found += part
            if len(found) > LONGEST_BODY:
                raise Refused(413, f"the body is longer than {LONGEST_BODY} bytes")
    except ClientDisconnect:
        raise Refused(400, "the body came in part only") from None
    return bytes(found)


def _issue(body: bytes) -> str:
    """Return the id, or the number, of the issue that a body is about."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        raise Refused(400, f"the body is no JSON; it is to be {TEMPLATE}") from None
    id_ = found.get(FIELD) if isinstance(found, dict) else None
    if isinstance(id_, int) and not isinstance(id_, bool):
        id_ = str(id_)
    if not isinstance(id_, str) or not _is_usable(id_):
        raise Refused(400, f"the body has no {FIELD}; it is to be {TEMPLATE}")
    return id_


def _is_usable(id_: str) -> bool:
    # "." and ".." would be another path
    return 0 < len(id_) <= LONGEST_ID and id_.isprintable() and id_.strip() == id_ and set(id_) != {"."}
