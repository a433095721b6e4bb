"""Requests per window and endpoint. Pure: the present is an argument, in seconds."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

from .settings import WindowKind


@dataclass(frozen=True)
class Decision:
    """Whether a request is let through, and what the headers say about it.

    `wait` is the time in seconds until another request of this endpoint may succeed, or, for one that was let
    through, until the window ends. `limit` is None where there is no limit.
    """

    allowed: bool
    limit: int | None
    remaining: int
    wait: float


@dataclass
class _Usage:
    window: int
    count: int
    times: deque[float]
    full_at: float = 0.0


class Limiter:
    """Counts the requests of each endpoint."""

    def __init__(self) -> None:
        """Start without any request."""
        self._usage: dict[str, _Usage] = {}

    def clear(self) -> None:
        """Forget all requests."""
        self._usage.clear()

    def take(
        self,
        endpoint: str,
        now: float,
        *,
        limit: int | None,
        share: int = 0,
        window: float = 60.0,
        kind: WindowKind = "fixed",
        burst: int = 1,
        refused_counts: bool = False,
    ) -> Decision:
        """Count a request at `now` and decide on it; another client takes `share` of the `limit`.

        A "bucket" is filled evenly and holds `burst` requests.
        """
        if limit is None:
            return Decision(True, None, 0, 0.0)
        usage = self._usage.setdefault(endpoint, _Usage(-1, 0, deque()))
        ours = max(0, limit - share)
        if kind == "bucket":
            return _pour(usage, now, limit, window / ours if ours else window, burst)
        used = _used(usage, now, window, kind)
        allowed = used < ours
        if allowed or refused_counts:
            usage.count += 1
            usage.times.append(now)
        wait = _wait(usage, now, window, kind, ours)
        return Decision(allowed, limit, max(0, ours - used - 1), wait)


def _pour(usage: _Usage, now: float, limit: int, interval: float, burst: int) -> Decision:
    full_at = max(usage.full_at, now) + interval
    wait = full_at - burst * interval - now
    allowed = wait <= 1e-9
    if allowed:
        usage.full_at = full_at
        wait += interval
    left = burst - math.ceil((usage.full_at - now) / interval - 1e-9)
    return Decision(allowed, limit, max(0, left), max(0.0, wait))


def _used(usage: _Usage, now: float, window: float, kind: WindowKind) -> int:
    current = int(now // window)
    if usage.window != current:
        usage.window, usage.count = current, 0
    while usage.times and usage.times[0] <= now - window:
        usage.times.popleft()
    return usage.count if kind == "fixed" else len(usage.times)


def _wait(usage: _Usage, now: float, window: float, kind: WindowKind, ours: int) -> float:
    if kind == "fixed":
        return (usage.window + 1) * window - now
    if ours == 0 or not usage.times:
        return window
    # The request that must grow old for the next one to fit: the `ours`-th from the end.
    oldest = usage.times[max(0, len(usage.times) - ours)]
    return max(0.0, oldest + window - now)
