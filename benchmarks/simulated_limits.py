"""Simulated servers with a rate limit, callers that keep a pace, and a clock of their own."""

from __future__ import annotations

import heapq
import itertools
import json
import math
import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from pylon_elt.sources.pylon.api.pacing import Pacer, Ticket

WINDOW = 60.0
EPOCH = 1_790_000_000.0

LATENCIES: dict[str, Callable[[random.Random], float]] = {
    "20ms": lambda _: 0.02,
    "200ms": lambda rng: rng.uniform(0.1, 0.3),
    "1s": lambda _: 1.0,
    "mixed": lambda rng: rng.choice([0.02, 0.05, 0.2, 0.5, 1.0]) * rng.uniform(0.8, 1.2),
}
STARTS = {10: 10, 20: 20, 60: 60, 30: 10, 120: 20, 300: 60}
"""Where learning starts for each allowance: the documented tier for both the July and the autumn limits."""


class Loop:
    """A clock and the events that are due on it."""

    def __init__(self) -> None:
        self.now = 0.0
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()

    def at(self, when: float, event: Callable[[], None]) -> None:
        heapq.heappush(self._events, (when, next(self._order), event))

    def run(self, until: float) -> None:
        while self._events and self._events[0][0] <= until:
            self.now, _, event = heapq.heappop(self._events)
            event()
        self.now = until


@dataclass
class Server:
    """An endpoint that allows ``limit`` requests per window. ``hint`` says what its answers tell.

    ``weighted`` windows count the one before as well, by the part of it that lies within the last ``window`` seconds.
    A ``bucket`` fills evenly and holds ``burst``. What arrives there does so ``travel`` seconds after it was sent, give
    or take a fifth: whatever varies more is the time that the server takes once it has counted the request.
    """

    limit: int
    kind: str = "sliding"
    phase: float = 0.0
    hint: str = "none"
    counts_refusals: bool = False
    window: float = WINDOW
    burst: int = 1
    a_second: int = 0
    """How many it lets through within a second besides; 0: any number."""
    at_once: int = 0
    """How many it works at besides; one more is refused, however few came before. 0: any number."""
    penalty: float = 0.0
    """For how many seconds it refuses everything after a refusal."""
    is_prolonged: bool = False
    """Whether a request within that time begins it anew."""
    travel: float = 0.01
    counted: deque[float] = field(default_factory=deque)
    working: int = 0
    _index: int | None = None
    _former: float = 0
    _full_at: float = -math.inf
    _shut_until: float = -math.inf

    def ask(self, now: float) -> tuple[bool, dict[str, str]]:
        """Return whether a request is let through, and with which headers it is answered."""
        if now < self._shut_until:
            self._shut_until = now + self.penalty if self.is_prolonged else self._shut_until
            return False, {}
        if self.at_once and self.working >= self.at_once:
            return False, {} if self.hint == "none" else self._retry_after(1.0)
        allowed, headers = self._count(now)
        self.working += allowed
        if self.penalty and not allowed:
            self._shut_until = now + self.penalty
        return allowed, headers

    def shut(self, until: float) -> None:
        """Refuse everything until a moment."""
        self._shut_until = until

    def _count(self, now: float) -> tuple[bool, dict[str, str]]:
        if self.kind == "bucket":
            return self._pour(now)
        if self.kind == "weighted":
            return self._weigh(now)
        self._forget(now)
        lately = [at for at in self.counted if at > now - 1] if self.a_second else []
        if lately and len(lately) >= self.a_second and len(self.counted) < self.limit:
            return False, {} if self.hint == "none" else self._retry_after(lately[0] + 1 - now)
        allowed = len(self.counted) < self.limit
        if allowed or self.counts_refusals:
            self.counted.append(now)
        return allowed, self._headers(now, allowed)

    def _pour(self, now: float) -> tuple[bool, dict[str, str]]:
        interval = self.window / self.limit
        full_at = max(self._full_at, now) + interval
        wait = full_at - self.burst * interval - now
        allowed = wait <= 1e-9
        if allowed:
            self._full_at = full_at
        if allowed or self.hint == "none":
            return allowed, {}
        return False, self._retry_after(wait)

    def _weigh(self, now: float) -> tuple[bool, dict[str, str]]:
        part, index = math.modf((now - self.phase) / self.window + 1)
        if index != self._index:
            self._former = len(self.counted) if index - 1 == self._index else 0
            self._index = int(index)
            self.counted.clear()
        allowed = self._former * (1 - part) + len(self.counted) < self.limit
        if allowed:
            self.counted.append(now)
        return allowed, {} if allowed or self.hint == "none" else self._retry_after(1.0)

    def _forget(self, now: float) -> None:
        index = math.floor((now - self.phase) / self.window)
        if self.kind == "fixed" and index != self._index:
            self._index = index
            self.counted.clear()
        while self.kind == "sliding" and self.counted and self.counted[0] <= now - self.window:
            self.counted.popleft()

    def _headers(self, now: float, allowed: bool) -> dict[str, str]:
        if self.kind == "fixed":
            reset = (math.floor((now - self.phase) / self.window) + 1) * self.window + self.phase - now
        else:
            reset = self.counted[0] + self.window - now if self.counted else self.window
        if self.hint == "quota":
            left = max(0, self.limit - len(self.counted))
            return {
                "X-RateLimit-Limit": str(self.limit),
                "X-RateLimit-Remaining": str(left),
                "X-RateLimit-Reset": str(math.ceil(reset)),
            }
        if allowed or self.hint == "none":
            return {}
        return self._retry_after(reset)

    def _retry_after(self, wait: float) -> dict[str, str]:
        return {"Retry-After": {"exact": f"{wait:.3f}", "whole": str(math.ceil(wait)), "one": "1"}[self.hint]}


class Caller:
    """Whoever wants to send as much as the pacer allows, ``concurrency`` requests at a time."""

    def __init__(
        self,
        loop: Loop,
        server: Server,
        *,
        start: int,
        latency: Callable[[random.Random], float] = LATENCIES["200ms"],
        concurrency: int = 8,
        seed: int = 0,
        lossy: float = 0.0,
        reasks: bool = True,
        **options: Any,
    ) -> None:
        self.loop, self.server, self.latency, self.concurrency = loop, server, latency, concurrency
        self.rng = random.Random(seed)
        self.lossy, self.reasks, self.start, self.options = lossy, reasks, start, options
        self.pacer = self.new_pacer()
        self.paused = False
        self.flying = 0
        self.life = 0
        self.accepted: list[float] = []
        self.refused: list[float] = []
        self._wake = -math.inf
        loop.at(loop.now, self.send)

    def new_pacer(self, snapshot: object = None) -> Pacer:
        return Pacer(
            self.start,
            self.server.window,
            clock=lambda: self.loop.now,
            epoch=lambda: EPOCH + self.loop.now,
            rng=random.Random(self.rng.random()),
            remembered=snapshot,
            **self.options,
        )

    def send(self) -> None:
        while not self.paused and self.flying < self.concurrency:
            wait = self.pacer.wait()
            if wait > 0:
                if not self.loop.now < self._wake <= self.loop.now + wait:
                    self._wake = self.loop.now + wait
                    self.loop.at(self._wake, self.send)
                return
            self._fly(self.pacer.take())

    def _fly(self, ticket: Ticket) -> None:
        self.flying += 1
        life, latency = self.life, self.latency(self.rng)
        if self.server.kind == "bucket":
            there = self.loop.now + self.server.travel * self.rng.uniform(0.8, 1.2)
        else:
            there = self.loop.now + latency * self.rng.random()
        back = self.loop.now + latency

        def arrive() -> None:
            allowed, headers = self.server.ask(there)
            (self.accepted if allowed else self.refused).append(there)
            self.loop.at(back, lambda: land(allowed, headers))

        def land(allowed: bool, headers: dict[str, str]) -> None:
            self.server.working -= allowed
            self._land(ticket, allowed, headers, life)

        self.loop.at(there, arrive)

    def _land(self, ticket: Ticket, allowed: bool, headers: dict[str, str], life: int) -> None:
        if life != self.life:  # the process that sent it is gone
            return
        self.flying -= 1
        if self.lossy and self.rng.random() < self.lossy:
            self.pacer.lost(ticket)
        elif allowed:
            self.pacer.accepted(ticket, headers)
        else:
            self.pacer.refused(ticket, headers)
        if self.reasks:
            self.send()
        elif self._wake <= self.loop.now:
            self._wake = self.loop.now + 0.01
            self.loop.at(self._wake, self.send)

    def pause(self, seconds: float) -> None:
        self.paused = True
        self.loop.at(self.loop.now + seconds, self._resume)

    def _resume(self) -> None:
        self.paused = False
        self.send()

    def pause_each_window(self, shortest: float, longest: float) -> None:
        def turn() -> None:
            self.pause(self.rng.uniform(shortest, longest))
            self.loop.at(self.loop.now + self.server.window, turn)

        self.loop.at(self.loop.now + self.server.window, turn)

    def restart(self, after: float) -> None:
        """Kill the process now, requests in flight included, and start the next one a little later."""
        if self.paused:  # it is not running
            return
        snapshot = json.loads(json.dumps(self.pacer.to_remember()))
        self.life += 1
        self.flying, self.paused = 0, True

        def begin() -> None:
            self.pacer, self.paused = self.new_pacer(snapshot), False
            self.send()

        self.loop.at(self.loop.now + after, begin)

    def used(self, since: float, until: float) -> float:
        """The part of the allowance that was used."""
        windows = (until - since) / self.server.window
        return sum(since <= t < until for t in self.accepted) / (self.server.limit * windows)

    def refusals(self, since: float, until: float) -> float:
        """The part of the requests that was refused."""
        refused = sum(since <= t < until for t in self.refused)
        return refused / max(1, refused + sum(since <= t < until for t in self.accepted))


def simulate(limit: int, kind: str, latency: str, *, seed: int = 0, **options: Any) -> tuple[Loop, Caller]:
    rng = random.Random(seed * 7 + limit)
    of_server = {name: options.pop(name) for name in set(options) & Server.__dataclass_fields__.keys()}
    loop, server = Loop(), Server(limit, kind, rng.uniform(0, WINDOW), **of_server)
    options.setdefault("start", STARTS[limit])
    options.setdefault("concurrency", 12 if latency == "1s" else 8)
    return loop, Caller(loop, server, latency=LATENCIES[latency], seed=seed, **options)
