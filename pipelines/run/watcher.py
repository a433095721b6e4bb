"""Looks at a run from a thread of its own, and lets a view show it. A view that fails never fails the run."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from .failures import remedy
from .progress import moment

if TYPE_CHECKING:
    from .job import Job
    from .views import View

POLL_SECONDS = 0.2


class Watcher:
    """Watches one job.

    Args:
        job: What to watch.
        view: Who shows it.
    """

    def __init__(self, job: Job, view: View) -> None:
        self._job, self._view = job, view
        self._started = time.monotonic()
        self._looked = self._started
        self._turns = 0
        self._told = 0
        self._warned = 0
        self._lacking = 0
        self._messages: list[str] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="pylon-progress", daemon=True)

    @contextmanager
    def watching(self) -> Iterator[Watcher]:
        """Watch while the block runs."""
        self._thread.start()
        try:
            yield self
        finally:
            self._over.set()
            self._thread.join()

    def say(self, text: str) -> None:
        """Let the view say something; may be called from a signal handler."""
        self._messages.append(text)

    def event(self, name: str, **facts: Any) -> None:
        """Let the view show an event, outside of the watched block."""
        self._view.event(name, **facts)

    @property
    def seconds(self) -> float:
        """How long the job has been watched."""
        return time.monotonic() - self._started

    def _watch(self) -> None:
        while not self._over.wait(POLL_SECONDS):
            # what is shown must not end the run, and half-written counters of another thread may confuse it
            with suppress(Exception):
                self._look()
        with suppress(Exception):
            self._look()
        with suppress(Exception):
            self._view.close()

    def _look(self) -> None:
        while self._messages:
            self._view.message(self._messages.pop(0))
        self._report_news()
        now = time.monotonic()
        if self._job.turns > self._turns:
            self._turns, self._looked = self._job.turns, now
            self._view.turn(moment(self._job, self._started))
        elif self._view.interval and now - self._looked >= self._view.interval and not self._over.is_set():
            self._looked = now
            self._view.show(moment(self._job, self._started))

    def _report_news(self) -> None:
        report = self._job.control.report
        for text in report.warnings[self._warned :]:
            self._warned += 1
            self._view.event("warning", text=text)
        for table, error in list(report.lacking.items())[self._lacking :]:
            self._lacking += 1
            self._view.event("not_available", table=table, what=error.message)
        for failure in report.failures[self._told :]:
            self._told += 1
            error = failure.error
            self._view.event("failure", lane=failure.lane, what=error.message, remedy=remedy(failure))
