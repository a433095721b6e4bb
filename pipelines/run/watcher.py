"""Looks at a run from a thread of its own, and lets a view show it. A view that fails never fails the run."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Protocol

from .failures import remedy
from .progress import moment

if TYPE_CHECKING:
    from .job import Job
    from .progress import Moment
    from .views import View

POLL_SECONDS = 0.2


class Watched(Protocol):
    """A run that can be looked at from another thread, without being touched."""

    @property
    def turns(self) -> int:
        """How many of its turns are over."""

    def moment(self, started: float) -> Moment:
        """Return what it is doing; it began at ``started``, an instant of ``time.monotonic()``."""

    def news(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Return what has happened since this was asked last: each event with its facts."""


class WatchedJob:
    """A run of Pylon's, to be watched."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._told = self._warned = self._lacking = 0

    @property
    def turns(self) -> int:
        """How many of its turns are over."""
        return self._job.turns

    def moment(self, started: float) -> Moment:
        """Return what it is doing; it began at ``started``, an instant of ``time.monotonic()``."""
        return moment(self._job, started)

    def news(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Return what has happened since this was asked last: each event with its facts."""
        report = self._job.control.report
        for text in report.warnings[self._warned :]:
            self._warned += 1
            yield "warning", {"text": text}
        for table, error in list(report.lacking.items())[self._lacking :]:
            self._lacking += 1
            yield "not_available", {"table": table, "what": error.message}
        for failure in report.failures[self._told :]:
            self._told += 1
            yield (
                "failure",
                {"lane": failure.lane, "what": failure.error.message, "remedy": remedy(failure)},
            )


class Watcher:
    """Watches one run.

    Args:
        watched: What to watch.
        view: Who shows it.
    """

    def __init__(self, watched: Watched, view: View) -> None:
        self._watched, self._view = watched, view
        self._started = time.monotonic()
        self._looked = self._started
        self._turns = 0
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
        """How long the run has been watched."""
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
        for name, facts in self._watched.news():
            self._view.event(name, **facts)
        now = time.monotonic()
        if self._watched.turns > self._turns:
            self._turns, self._looked = self._watched.turns, now
            self._view.turn(self._watched.moment(self._started))
        elif self._view.interval and now - self._looked >= self._view.interval and not self._over.is_set():
            self._looked = now
            self._view.show(self._watched.moment(self._started))
