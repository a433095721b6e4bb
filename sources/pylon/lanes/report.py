"""What a run did so far, for whoever watches it. Written by the lanes, read from other threads; no I/O."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from dataclasses import dataclass, field

from ..errors import PylonError


@dataclass
class Lane:
    """One lane's progress: ``done`` of ``due``, in the unit that its name suggests (issues, windows, tables)."""

    done: int = 0
    due: int | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Failure:
    """What could not be read, and why; ``stops`` tells whether the lane ended for it."""

    lane: str
    error: PylonError
    stops: bool = True


@dataclass
class Report:
    """The counters of one run, all turns together."""

    lanes: dict[str, Lane] = field(default_factory=lambda: defaultdict(Lane))
    rows: Counter[str] = field(default_factory=Counter)
    failures: list[Failure] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    lacking: dict[str, PylonError] = field(default_factory=dict)
    """What the workspace was found to lack in this run, by table, and what it gave."""
    extra_fields: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    expected: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    lock: threading.Lock = field(default_factory=threading.Lock)

    def expect(self, lane: str, what: str) -> None:
        """Count something as due in a lane, once in a run however often it is begun."""
        with self.lock:
            self.expected[lane].add(what)
            self.lanes[lane].due = len(self.expected[lane])

    def add_rows(self, table: str, count: int) -> None:
        """Count rows that were read for a table, tombstones excluded."""
        with self.lock:
            self.rows[table] += count

    def fail(self, lane: str, error: PylonError, *, stops: bool = True) -> None:
        """Note a failure, each once."""
        with self.lock:
            if not any(known.lane == lane and str(known.error) == str(error) for known in self.failures):
                self.failures.append(Failure(lane, error, stops))

    @property
    def stopped(self) -> set[str]:
        """The lanes that ended for a failure; ``issues`` once both of its own lanes did."""
        lanes = {failure.lane for failure in self.failures if failure.stops}
        return lanes | {"issues"} if {"changes", "history"} <= lanes else lanes

    def warn(self, text: str) -> None:
        """Note something that the user should know but that stops nothing; each text once."""
        with self.lock:
            if text not in self.warnings:
                self.warnings.append(text)

    def lack(self, table: str, error: PylonError) -> None:
        """Note that the workspace lacks what fills a table."""
        with self.lock:
            self.lacking.setdefault(table, error)

    def found_extra(self, table: str, names: set[str]) -> None:
        """Note fields that were kept in ``_extra``."""
        if names:
            with self.lock:
                self.extra_fields[table] |= names
