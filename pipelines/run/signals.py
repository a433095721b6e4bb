"""Ctrl-C and SIGTERM: the first ends a job in good order, the second at once."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import FrameType

    from .job import Job

STOPPING = (
    "Stopping: what was read is being saved. Once more, and it ends at once, which loses nothing either."
)


@contextmanager
def stopped_by_signals(job: Job, say: Callable[[str], None]) -> Iterator[Callable[[], int]]:
    """End the job in good order at the first SIGINT or SIGTERM; the second one has its default effect.

    Args:
        job: What to stop.
        say: Tells the person who watches.

    Yields:
        A function that returns the signal that came, or 0.
    """
    received = 0

    def stop(number: int, _frame: FrameType | None) -> None:
        nonlocal received
        received = number
        for each in (signal.SIGINT, signal.SIGTERM):
            signal.signal(each, signal.SIG_DFL)
        job.stop()
        say(STOPPING)

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
