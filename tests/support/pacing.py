"""A pacer that is worked by hand, and what simulates servers and callers."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from typing import Any

from benchmarks.simulated_limits import EPOCH, LATENCIES, STARTS, WINDOW, Caller, Loop, Server, simulate
from pylon_elt.sources.pylon.api.pacing import Pacer

__all__ = [
    "EPOCH",
    "LATENCIES",
    "NOON",
    "STARTS",
    "WINDOW",
    "Caller",
    "Hand",
    "Loop",
    "Server",
    "simulate",
]

NOON = datetime(2026, 9, 1, 12, tzinfo=UTC)


class Hand:
    """A pacer worked by hand: time passes only when told to."""

    def __init__(self, start: int = 10, window: float = WINDOW, **options: Any) -> None:
        self.now = 1000.0
        self.pacer = self.make(start, window, **options)

    def make(self, start: int, window: float = WINDOW, **options: Any) -> Pacer:
        options.setdefault("rng", random.Random(1))
        return Pacer(start, window, clock=lambda: self.now, epoch=lambda: EPOCH + self.now, **options)

    def ask(
        self, answer: str = "accepted", headers: dict[str, str] | None = None, *, latency: float = 0.0
    ) -> None:
        ticket = self.pacer.take()
        self.now += latency
        getattr(self.pacer, answer)(ticket, headers or {})

    def ask_many(self, number: int) -> None:
        for _ in range(number):
            self.ask()

    def sleep(self) -> float:
        """Wait as long as told, and return how long that was."""
        began = self.now
        while (wait := self.pacer.wait()) > 0:
            self.now += wait
        return self.now - began
