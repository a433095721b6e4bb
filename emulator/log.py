"""What was asked of the server: records, and counts by endpoint and rate window."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import Any


@dataclass(slots=True)
class Record:
    """One request. `at` is the world's time (UTC); `status` is 0 until it is answered, or if it never was."""

    n: int
    at: datetime
    endpoint: str
    path: str
    query: dict[str, str]
    body: Any
    status: int = 0
    refused: bool = False
    fault: str | None = None
    """The kind of the fault that was played on it."""

    def as_json(self) -> dict[str, Any]:
        """Return the record as plain data."""
        return {name: getattr(self, name) for name in self.__slots__} | {"at": self.at.isoformat()}


@dataclass
class WindowCount:
    """What one rate window of one endpoint saw; `allowance` is what this client might have used."""

    served: int = 0
    refused: int = 0
    allowance: int | None = None


@dataclass
class EndpointCount:
    """What one endpoint saw: its windows by number (time divided by the window's length)."""

    windows: dict[int, WindowCount] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return the sums: requests served and refused, and the allowance from the first window to the last.

        A window between two others in which nothing was asked counts with the allowance of the one before it.
        `allowance` is null where there was no limit; `peak` is the largest number served in one window.
        """
        served = sum(window.served for window in self.windows.values())
        refused = sum(window.refused for window in self.windows.values())
        peak = max((window.served for window in self.windows.values()), default=0)
        numbers = sorted(self.windows)
        spans = [later - earlier for earlier, later in pairwise(numbers)] + [1]
        total: int | None = 0
        for number, span in zip(numbers, spans, strict=False):
            allowance = self.windows[number].allowance
            total = None if total is None or allowance is None else total + allowance * span
        windows = numbers[-1] - numbers[0] + 1 if numbers else 0
        sums: dict[str, Any] = {"served": served, "refused": refused, "allowance": total}
        return sums | {"windows": windows, "peak": peak}


class Log:
    """The records and the counts of a server."""

    def __init__(self) -> None:
        """Start empty."""
        self.records: list[Record] = []
        self.counts: dict[str, EndpointCount] = {}
        self._n = 0

    def number(self) -> int:
        """Return the number of the next record."""
        self._n += 1
        return self._n

    def tally(self, endpoint: str, window: int, refused: bool, allowance: int | None) -> None:
        """Count a request in its rate window."""
        windows = self.counts.setdefault(endpoint, EndpointCount()).windows
        count = windows.setdefault(window, WindowCount())
        count.allowance = allowance
        if refused:
            count.refused += 1
        else:
            count.served += 1

    def clear(self) -> None:
        """Forget the records and the counts; numbering goes on."""
        self.records.clear()
        self.counts.clear()
