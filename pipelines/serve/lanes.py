"""Which runs of a daemon may be under way: no more than so many at a time, and one where copies share a file."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager


class Slots:
    """The runs of all lanes.

    Args:
        most: How many may be under way at a time.
    """

    def __init__(self, most: int) -> None:
        self.free = asyncio.Semaphore(most)
        self.sweeps: dict[Lane, Callable[[], None]] = {}
        """What ends the sweep of each lane that has one under way and was not told to end yet."""


class Lane:
    """The runs of workspaces that share a file: one at a time. A sweep, which can wait, gives way to any other run."""

    def __init__(self, slots: Slots) -> None:
        self._slots, self._lock = slots, asyncio.Lock()

    @asynccontextmanager
    async def run(self) -> AsyncIterator[None]:
        """Wait until a run may begin; it is under way while the block is."""
        _end(self._slots.sweeps.pop(self, None))
        async with self._lock:
            if self._slots.free.locked() and self._slots.sweeps:
                _end(self._slots.sweeps.pop(next(iter(self._slots.sweeps))))
            async with self._slots.free:
                yield

    @asynccontextmanager
    async def sweep(self, end: Callable[[], None]) -> AsyncIterator[bool]:
        """Say whether a sweep may begin now; it never waits for its place, since a run would wait behind it.

        Args:
            end: Called, once, when something else is to be run.
        """
        if self._lock.locked():
            yield False
            return
        async with self._lock:
            if self._slots.free.locked():
                yield False
                return
            async with self._slots.free:
                self._slots.sweeps[self] = end
                try:
                    yield True
                finally:
                    self._slots.sweeps.pop(self, None)


def _end(sweep: Callable[[], None] | None) -> None:
    if sweep:
        sweep()
