"""Our own contestants: the real job, over HTTP or with the client replaced by a recording."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

from pylon_elt.pipelines.copy.destinations import open_pipeline
from pylon_elt.pipelines.run.job import Job
from pylon_elt.sources.pylon.api.answers import Answer
from pylon_elt.sources.pylon.api.client import Client
from pylon_elt.sources.pylon.catalog import ENDPOINTS, Endpoint
from pylon_elt.sources.pylon.lanes import turn
from pylon_elt.sources.pylon.settings import Settings, settings

from .floor import counted
from .recording import Recording
from .server import UNLIMITED
from .stopwatch import Stopwatch, peak_mb

TABLES = ("issues", "issue_messages", "issue_sync")


def over_http(
    watch: Stopwatch,
    folder: Path,
    *,
    url: str,
    token: str,
    tables: tuple[str, ...] = TABLES,
    max_minutes: float | None = None,
    load_seconds: float = 0.0,
    **options: Any,
) -> dict[str, Any]:
    """Run the job; ``peaks`` are the process's peak memory after each turn, in MB.

    ``load_seconds`` are what each load takes besides, as it may in another destination.
    """
    config = settings(token, base_url=url, reconcile_hours=0, **options)
    job = _job(folder, config, tables, max_minutes)
    peaks: list[float] = []

    def loaded(_turn: int) -> None:
        peaks.append(peak_mb())
        time.sleep(load_seconds)

    job.on_turn = loaded
    with watch:
        code = job.run()
    failures = [str(failure.error) for failure in job.control.report.failures]
    return {"exit": code, "turns": job.turns, "peaks": peaks, "failures": failures, **_counted(folder)}


def replayed(watch: Stopwatch, folder: Path, *, url: str, token: str, recording: str) -> dict[str, Any]:
    """Run the job with issues and conversations from files; only the few searches are sent."""
    source = Recording(recording)

    class Replayed(ReplayClient):
        recording = source

    job = _job(folder, settings(token, base_url=url, rate_limits=UNLIMITED, reconcile_hours=0), TABLES, None)
    with patch.object(turn, "Client", Replayed), watch:
        code = job.run()
    return {"exit": code, "turns": job.turns, **_counted(folder)}


def _job(folder: Path, config: Settings, tables: tuple[str, ...], max_minutes: float | None) -> Job:
    pipeline = open_pipeline(pipelines_dir=str(folder / "pipelines"))
    return Job(pipeline, config, tuple(tables), max_minutes=max_minutes)


def _counted(folder: Path) -> dict[str, int]:
    return counted(folder / "support.duckdb", "pylon")


class ReplayClient(Client):
    """Answers from a recording what a load asks for most; the answers are parsed, but were never sent."""

    recording: Recording

    async def first_page(
        self,
        endpoint: Endpoint,
        *,
        limit: int | None = None,
        ids: Mapping[str, str] | None = None,
        **request: Any,
    ) -> Answer:
        """Answer a window of issues, or what is said in one of them."""
        if endpoint is ENDPOINTS["list_issues"]:
            start, end = (
                datetime.fromisoformat(request["query"][name]) for name in ("start_time", "end_time")
            )
            size = limit or self._settings.limit(endpoint) or endpoint.max_page_size or 1
            rows, more = self.recording.created(start, end, size)
            return Answer(rows, await self.now(), paginated=True, more=more, cursor="next" if more else "")
        if endpoint is ENDPOINTS["issue_messages"] and ids:
            return Answer(self.recording.conversation(ids["issue_id"]), await self.now())
        return await super().first_page(endpoint, limit=limit, ids=ids, **request)

    async def pages(self, endpoint: Endpoint, **request: Any) -> AsyncIterator[Answer]:
        """Answer a list that fits one page."""
        yield await self.first_page(endpoint, **request)
