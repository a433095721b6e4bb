"""The copy, opened anew for each call, so that a new snapshot is seen: one call at a time, each within its time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from ..ask import reading
from ..ask.reader import Reader
from ..ask.reader_duckdb import DuckDbReader
from ..base import exits
from .limits import Limits

INSIST_SECONDS = 0.2
"""How often a call whose time is up is told so: between two statements it would not hear."""


@dataclass(frozen=True)
class Place:
    """Where the copy is."""

    destination: str
    dataset: str
    schema: str


class Access:
    """Opens a copy for one call at a time.

    One at a time, since each may take much of the machine; and a program that closes a file gives up its locks on it
    (POSIX), those of another call too.
    """

    def __init__(self, place: Place, limits: Limits) -> None:
        self._place = place
        self._limits = limits
        self._turn = threading.Lock()
        self._ended = threading.Event()

    @contextmanager
    def opened(self, prepare: Callable[[DuckDbReader], None] | None = None) -> Iterator[Reader]:
        """Open the copy for one call; its arguments are those of ``reading.opened``.

        Raises:
            Problem: There is no copy, somebody has locked it (75), or the time is up.
        """
        if not self._turn.acquire(timeout=self._limits.seconds):
            raise busy()
        try:
            place = self._place
            opened = reading.opened(place.destination, place.dataset, place.schema, prepare=prepare)
            with opened as reader, self.timed(reader):
                yield reader
        finally:
            self._turn.release()

    def end(self, seconds: float) -> None:
        """Break off the call under way, and wait so long for what it has to put away."""
        self._ended.set()
        if self._turn.acquire(timeout=seconds):
            self._turn.release()

    @contextmanager
    def timed(self, reader: Reader) -> Iterator[None]:
        """Break off what is asked once the time is up.

        Raises:
            Problem: It was.
        """
        done, late = threading.Event(), threading.Event()
        watching = threading.Thread(target=self._watch, args=(reader, done, late), daemon=True)
        watching.start()
        try:
            yield
        except Exception:  # also a problem that tells what a database says of being broken off
            if late.is_set():
                raise too_long(self._limits.seconds) from None
            raise
        finally:
            done.set()
            watching.join()

    def _watch(self, reader: Reader, done: threading.Event, late: threading.Event) -> None:
        waited = 0.0
        while not done.wait(INSIST_SECONDS):
            waited += INSIST_SECONDS
            if waited >= self._limits.seconds or self._ended.is_set():
                late.set()
                with suppress(Exception):  # it may have ended just now
                    reader.stop()


def busy() -> exits.Problem:
    """Return what is told where a call before this one took all the time."""
    return exits.Problem("Another call is still being answered.", "Ask again.", exits.LOCKED)


def too_long(seconds: float) -> exits.Problem:
    """Return what is told of a call whose time was up."""
    return exits.Problem(
        f"There was no answer within {seconds:g} s, so it was broken off.",
        "Ask for less: a condition, an aggregate, a smaller table.",
        exits.FAILED,
    )
