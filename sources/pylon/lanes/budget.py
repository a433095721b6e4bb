"""When a run, and each of its turns, ends although something is still due."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from ..errors import TurnOver

POLL_SECONDS = 0.25


@dataclass
class Budget:
    """The time that a run has.

    Args:
        deadline: It ends at this instant of ``time.monotonic()``; ``None``: once nothing is due.
        stop: It ends once this is set.
    """

    deadline: float | None = None
    stop: threading.Event = field(default_factory=threading.Event)

    @property
    def spent(self) -> bool:
        """Whether the run is to end."""
        return self.stop.is_set() or (self.deadline is not None and time.monotonic() >= self.deadline)

    async def pause(self, _endpoint: str, seconds: float) -> None:
        """Wait.

        Raises:
            TurnOver: The run ended before the wait did.
        """
        await wait(seconds, lambda: self.spent)


async def wait(seconds: float, ended: Callable[[], bool]) -> None:
    """Wait.

    Raises:
        TurnOver: It was over before the wait was.
    """
    until = time.monotonic() + seconds
    while True:
        if ended():
            raise TurnOver
        left = until - time.monotonic()
        if left <= 0:
            return
        await asyncio.sleep(min(left, POLL_SECONDS))


@dataclass(frozen=True, slots=True)
class Limits:
    """When a turn ends; ``None`` anywhere means that it does not end for that.

    Args:
        least_seconds: A turn of this age ends as soon as all of its lanes wait for their allowance.
        most_seconds: A turn of this age ends at any rate.
        most_rows: So does one that has read this many rows,
        most_bytes: or this much, as Arrow counts it.
        most_due: How many conversations that were due before a turn takes on, for each child.
    """

    least_seconds: float | None = None
    most_seconds: float | None = None
    most_rows: int | None = None
    most_bytes: int | None = None
    most_due: int | None = None


class TurnBudget:
    """What one turn may use of a run's budget.

    Args:
        run: The run's.
        limits: The turn's own.
        brief_seconds: A wait that is no longer is no reason to end a turn.
    """

    def __init__(self, run: Budget, limits: Limits, brief_seconds: float) -> None:
        self.limits = limits
        self.all_lanes_begun = False
        """To be set once no lane is left that has not begun."""
        self._run = run
        self._brief_seconds = brief_seconds
        self._started = time.monotonic()
        self._rows = self._bytes = 0
        self._progressed = False
        self._closing = False
        self._units = self._patient_units = 0
        self._pausing: dict[object, float] = {}

    @property
    def over(self) -> bool:
        """Whether nothing new may be begun."""
        limits, age = self.limits, time.monotonic() - self._started
        self._closing = (
            self._closing
            or self._run.spent
            or (limits.most_seconds is not None and age >= limits.most_seconds)
            or (limits.most_rows is not None and self._rows >= limits.most_rows)
            or (limits.most_bytes is not None and self._bytes >= limits.most_bytes)
        )
        return self._closing

    def add(self, rows: int, size: int) -> None:
        """Count rows that were read, and how many bytes of Arrow they are."""
        self._rows += rows
        self._bytes += size

    def progress(self) -> None:
        """Note that something was read that would have to be read again if the turn were lost."""
        self._progressed = True

    @contextmanager
    def unit(self, *, patient: bool = False) -> Iterator[None]:
        """Mark a piece of work that is under way; the turn does not count as waiting while one is not pausing."""
        self._units += 1
        self._patient_units += patient
        try:
            yield
        finally:
            self._units -= 1
            self._patient_units -= patient

    async def pause(self, _endpoint: str, seconds: float) -> None:
        """Wait.

        Raises:
            TurnOver: The turn ended before the wait did.
        """
        await self._wait(seconds, lambda: self.over)

    async def pause_patiently(self, _endpoint: str, seconds: float) -> None:
        """Wait, for what is read whole or not at all.

        Raises:
            TurnOver: The run ended before the wait did.
        """
        await self._wait(seconds, lambda: self._run.spent)

    async def _wait(self, seconds: float, ended: Callable[[], bool]) -> None:
        def closed() -> bool:
            self._close_if_starved()
            return ended()

        me = object()
        self._pausing[me] = time.monotonic() + seconds
        try:
            await wait(seconds, closed)
        finally:
            del self._pausing[me]

    def _close_if_starved(self) -> None:
        """End the turn while all of its lanes wait anyway: loading then costs no allowance."""
        least, now = self.limits.least_seconds, time.monotonic()
        if (
            least is not None
            and now - self._started >= least
            and self._progressed
            and self.all_lanes_begun
            and len(self._pausing) >= self._units
            and not self._patient_units
            and min(self._pausing.values()) - now > self._brief_seconds
        ):
            self._closing = True
