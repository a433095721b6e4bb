"""How long a run may hold a copy where the database has no lock: as long as it says that it lives."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread

from .lock import locked

SECONDS = 120.0
"""A run lives that long after it last said so."""
RENEWAL = 30.0
"""Seconds from one time that it says so to the next."""


def require_over(
    read: Callable[[], tuple[str, float]],
    clock: Callable[[], float] = time.time,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Make sure that the run before is over.

    One that seems to have ended without a word is looked at until it would have said that it lives: the clock of its
    machine may be behind.

    Args:
        read: Returns who has the copy, as people call it, and until when it lives: in seconds since 1970, 0 for over.
        clock: Tells the present in the same seconds.
        sleep: Waits so many seconds.

    Raises:
        Problem: It lives (exit code 75).
    """
    name, lives_until = read()
    if lives_until > clock():
        raise locked(name)
    if lives_until:
        sleep(1.5 * RENEWAL)
        if read()[1] > lives_until:
            raise locked(name)


@contextmanager
def kept(live_on: Callable[[], None]) -> Iterator[None]:
    """Say every now and then that the run lives; where that cannot be said, the next time may do."""
    over = Event()

    def keep() -> None:
        while not over.wait(RENEWAL):
            with suppress(Exception):
                live_on()

    thread = Thread(target=keep, name="lease", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
