"""Several commands side by side, and no more than so many at a time; Ctrl-C and SIGTERM reach each of them once."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from threading import RLock
from typing import Protocol

SIGNALS = tuple(
    number for name in ("SIGINT", "SIGTERM", "SIGHUP") if (number := getattr(signal, name, None)) is not None
)
"""What ends a command, where the system has it; a terminal that closes does not reach what has a session of its own."""


class Work(Protocol):
    """A command under way."""

    def signal(self, number: int) -> None:
        """Pass a signal on."""

    def wait(self) -> int:
        """Wait for its end, and return its exit code."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How one command ended; ``code`` is ``None`` where it did not begin, since a signal came first."""

    name: str
    code: int | None
    stopped_by: int = 0
    """The signal that came meanwhile, or before; 0 for none."""


class Crew:
    """Several commands.

    Args:
        begin: Starts the command of a name.
    """

    def __init__(self, begin: Callable[[str], Work]) -> None:
        self._begin = begin
        self._lock = RLock()
        self._working: dict[str, Work] = {}
        self.received = 0
        """The signal that came last; 0 for none."""

    def run(self, lanes: Sequence[Sequence[str]], most: int) -> Iterator[list[Ended]]:
        """Run all, and yield how those of each lane ended, in the order in which lanes end.

        Args:
            lanes: Names; those of one lane go one after the other.
            most: How many lanes may be under way at a time.
        """
        with self._passing_on(), ThreadPoolExecutor(most) as pool:
            for lane in as_completed([pool.submit(self._lane, names) for names in lanes]):
                yield lane.result()

    def _lane(self, names: Sequence[str]) -> list[Ended]:
        return [self._one(name) for name in names]

    def _one(self, name: str) -> Ended:
        with self._lock:
            if self.received:
                return Ended(name, None, self.received)
            work = self._working[name] = self._begin(name)
        try:
            return Ended(name, work.wait(), self.received)
        finally:
            with self._lock:
                del self._working[name]

    def _pass(self, number: int, _frame: object) -> None:
        with self._lock:
            self.received = number
            for work in self._working.values():
                work.signal(number if number == signal.SIGINT else signal.SIGTERM)

    @contextmanager
    def _passing_on(self) -> Iterator[None]:
        before = {number: signal.signal(number, self._pass) for number in SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
