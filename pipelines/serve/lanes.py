"""Which runs of a daemon may be under way: no more than so many at a time, and one where copies share a file."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

PATIENCE = 600.0
"""Seconds for which a run goes on although others wait for its place: a first load may take many hours."""
LOOK_EVERY = 1.0
"""Seconds between two looks at whether somebody waits."""


class Places:
    """So many, and how many wait for one; who came first gets the next.

    Args:
        most: How many there are.
    """

    def __init__(self, most: int) -> None:
        self._free = asyncio.Semaphore(most)
        self.waiting = 0

    def are_taken(self) -> bool:
        """Return whether who comes now has to wait."""
        return self._free.locked()

    async def __aenter__(self) -> None:
        self.waiting += 1
        try:
            await self._free.acquire()
        finally:
            self.waiting -= 1

    async def __aexit__(self, *_: object) -> None:
        self._free.release()


class Slots:
    """The runs of all lanes.

    Args:
        most: How many may be under way at a time.
    """

    def __init__(self, most: int) -> None:
        self.places = Places(most)
        self.sweeps: dict[Lane, Callable[[], None]] = {}
        """What ends the sweep of each lane that has one under way and was not told to end yet."""


class Lane:
    """The runs of workspaces that share a file: one at a time.

    A sweep, which can wait, gives way to any other run; a run gives way to those that wait once it had
    :data:`PATIENCE`.
    """

    def __init__(self, slots: Slots) -> None:
        self._slots, self._place = slots, Places(1)

    @asynccontextmanager
    async def run(self, end: Callable[[], None]) -> AsyncIterator[None]:
        """Wait until a run may begin; it is under way while the block is.

        Args:
            end: Called, once at the most, when others have waited for long.
        """
        _end(self._slots.sweeps.pop(self, None))
        async with self._place:
            if self._slots.places.are_taken() and self._slots.sweeps:
                _end(self._slots.sweeps.pop(next(iter(self._slots.sweeps))))
            async with self._slots.places:
                giving_way = asyncio.create_task(self._give_way(end))
                try:
                    yield
                finally:
                    giving_way.cancel()

    @asynccontextmanager
    async def sweep(self, end: Callable[[], None]) -> AsyncIterator[bool]:
        """Say whether a sweep may begin now; it never waits for its place, since a run would wait behind it.

        Args:
            end: Called, once, when something else is to be run.
        """
        if self._place.are_taken():
            yield False
            return
        async with self._place:
            if self._slots.places.are_taken():
                yield False
                return
            async with self._slots.places:
                self._slots.sweeps[self] = end
                try:
                    yield True
                finally:
                    self._slots.sweeps.pop(self, None)

    async def _give_way(self, end: Callable[[], None]) -> None:
        await asyncio.sleep(PATIENCE)
        while not (self._place.waiting or self._slots.places.waiting):  # noqa: ASYNC110 (either of two may fill)
            await asyncio.sleep(LOOK_EVERY)
        end()


def _end(sweep: Callable[[], None] | None) -> None:
    if sweep:
        sweep()
