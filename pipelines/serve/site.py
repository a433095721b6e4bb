"""What is served: health, readiness, metrics, and the doorbells."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from . import health
from .doorbell import PATH, Doorbell
from .figures import Seen, metrics
from .keeper import Keeper
from .metrics import CONTENT_TYPE, written

UNNAMED = "pylon"
"""How the workspace of ``[sources.pylon]`` is called."""


@dataclass(frozen=True)
class Served:
    """One workspace: who keeps its copy up to date, and its doorbell, if it has one."""

    keeper: Keeper
    doorbell: Doorbell | None = None

    @property
    def label(self) -> str:
        """What it is called."""
        return self.keeper.name or UNNAMED

    @property
    def path(self) -> str:
        """Where its webhooks are to be sent to."""
        return f"{PATH}/{self.keeper.name}" if self.keeper.name else PATH


def application(served: Mapping[str, Served]) -> Starlette:
    """Return the application.

    Args:
        served: The workspaces, by label.
    """

    async def healthz(_request: Request) -> Response:
        return JSONResponse({"alive": True})

    async def readyz(_request: Request) -> Response:
        now = health.Instant.now()
        each = {label: health.told(one.keeper.record, now) for label, one in served.items()}
        ready = all(facts["ready"] for facts in each.values())
        return JSONResponse({"ready": ready, "workspaces": each}, 200 if ready else 503)

    def figures(_request: Request) -> Response:  # no coroutine: it reads from disk
        now = time.time()
        text = written(metrics({label: _seen(one) for label, one in served.items()}, now))
        return PlainTextResponse(text, media_type=CONTENT_TYPE)

    routes = [Route("/healthz", healthz), Route("/readyz", readyz), Route("/metrics", figures)]
    bells = [(one.path, one.doorbell.answer) for one in served.values() if one.doorbell]
    routes += [Route(path, answer, methods=["POST"]) for path, answer in bells]
    return Starlette(routes=routes)


def _seen(one: Served) -> Seen:
    waiting = None
    if one.doorbell:
        with suppress(sqlite3.Error):  # as on a full disk: that nothing waits would be a lie
            waiting = len(one.doorbell.rung.waiting())
    return Seen(one.keeper.figures, one.keeper.record, one.doorbell, waiting)
