"""Keeps the copy of one workspace up to date: its runs, one after the other, and a look at what the copy holds."""

from __future__ import annotations

import asyncio
import signal
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

from ..base import exits
from .errand import Done, Errand, Event, Hear
from .health import Instant, Record
from .lanes import Lane
from .schedule import Schedule

OF_ISSUES = "issues,issue_messages,issue_threads,issue_followers"
"""What a run reads that a ring asks for; a whole run reads the rest."""
OF_CHANGES = ("changes", "history", "rung")
"""The lanes without which no issue can be read."""
FOR_US = ("--log-format", "json")
LOOK_APART = 60.0
"""Seconds between two looks: each costs a second of processor time."""


@dataclass
class Figures:
    """What is counted of one workspace; read by the metrics."""

    runs: Counter[int] = field(default_factory=Counter)
    """Runs by exit code."""
    rows: Counter[str] = field(default_factory=Counter)
    """Rows that were read, by table."""
    requests: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Answers of Pylon, by endpoint and status."""
    seconds: float | None = None
    """How long the last run took."""
    status: Event | None = None
    """What ``pylon status`` said last."""

    def add(self, done: Done) -> None:
        """Count a run, or a sweep."""
        self.runs[done.code] += 1
        finished = done.last.get("run_finished", {})
        self.rows.update(finished.get("rows", {}))
        for endpoint, statuses in finished.get("statuses", {}).items():
            self.requests.update({(endpoint, status): count for status, count in statuses.items()})


class Keeper:
    """The runs of one workspace.

    Args:
        name: The workspace; "" for that of ``[sources.pylon]``.
        options: What each verb is told besides, such as the destination.
        every: Seconds between two whole runs.
        lane: Where its runs wait for their turn.
        hear: Told what the runs say.
        closed: Told how each has ended.
    """

    def __init__(
        self,
        name: str,
        options: tuple[str, ...],
        every: float,
        lane: Lane,
        hear: Hear,
        closed: Callable[[Done], None],
    ) -> None:
        self.name, self.figures = name, Figures()
        self.first: asyncio.Future[Done] = asyncio.get_running_loop().create_future()
        """How the first run ended."""
        self._options = (*(("--workspace", name) if name else ()), *options)
        self._schedule = Schedule(every)
        self._every, self._since = every, Instant.now()
        self._code: int | None = None
        self._well_at: Instant | None = None
        self._lane, self._hear, self._closed = lane, hear, closed
        self._changed, self._stopping = asyncio.Event(), False
        self._working: dict[str, Errand] = {}
        self._cut = False
        self._looked_at, self._stale = -LOOK_APART, False

    @property
    def record(self) -> Record:
        """How its runs went."""
        return Record(self._every, self._since, self._code, self._well_at)

    def ring(self) -> None:
        """Let a run begin soon."""
        self._schedule.ring(time.monotonic())
        self._changed.set()

    def stop(self, number: int) -> None:
        """Begin nothing more, and pass a signal on to what is under way."""
        self._stopping = True
        self._changed.set()
        for errand in self._working.values():
            errand.signal(number)

    async def keep(self) -> None:
        """Run until it is stopped."""
        looking = sweeping = asyncio.create_task(asyncio.sleep(0))
        while not self._stopping:
            wait = self._schedule.next_at() - time.monotonic()
            if wait <= 0:
                await self._run()
            elif looking.done() and self._wants_a_look(wait):
                looking = asyncio.create_task(self._look())
            elif sweeping.done() and self._schedule.spare(time.monotonic()):
                sweeping = asyncio.create_task(self._sweep())
            else:
                await self._wait(wait)
        await asyncio.gather(looking, sweeping)

    def _wants_a_look(self, wait: float) -> bool:
        """Whether the figures are older than the copy, and there is time to look."""
        return self._stale and wait > 1.0 and time.monotonic() >= self._looked_at + LOOK_APART

    async def _wait(self, seconds: float) -> None:
        if self._stale:
            seconds = min(seconds, max(0.1, self._looked_at + LOOK_APART - time.monotonic()))
        self._changed.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._changed.wait()

    async def _run(self) -> None:
        async with self._lane.run(partial(self._end, "run")):
            if self._stopping:
                return
            whole = self._schedule.begin(time.monotonic())
            select = () if whole else ("--select", OF_ISSUES)
            done = await self._errand("run", "run", *select, *FOR_US, hear=self._hear)
        self._schedule.end(time.monotonic(), done.code, issues_were_read=_issues_were_read(done))
        self._code, self.figures.seconds = done.code, done.seconds
        if ended_well(done):
            self._well_at = Instant.now()
        self._count(done)
        if not self.first.done():
            self.first.set_result(done)

    async def _sweep(self) -> None:
        """Let a run use the time until the next one; it is cut short when something else is to be run."""
        self._cut = False
        async with self._lane.sweep(self._cut_short) as may_begin:
            seconds = self._schedule.spare(time.monotonic()) if may_begin and not self._stopping else 0.0
            if not seconds:
                return
            limit = ("--max-minutes", f"{seconds / 60:.2f}")
            done = await self._errand("sweep", "run", *limit, *FOR_US, hear=self._hear_sweep)
        if not self._cut:
            all_of_it = _issues_were_read(done) and done.seconds < seconds - 1
            self._schedule.swept(time.monotonic(), all_of_it=all_of_it)
        is_killed = done.code < 0  # by a signal that came before it knew what to do with it: it did nothing
        if not self._cut or not is_killed:
            self._count(done)
        self._changed.set()

    def _cut_short(self) -> None:
        self._cut = True
        self._end("sweep")

    def _end(self, purpose: str) -> None:
        """Let what is under way save what it has read, and end."""
        self._working[purpose].signal(signal.SIGTERM)

    def _hear_sweep(self, line: str, event: Event | None) -> None:
        if not self._cut:
            self._hear(line, event)

    def _count(self, done: Done) -> None:
        self._stale = True
        self.figures.add(done)
        self._closed(done)

    async def _look(self) -> None:
        self._stale, self._looked_at = False, time.monotonic()
        done = await self._errand("look", "status", "--format", "json", hear=lambda *_: None)
        if done.code == exits.DONE:
            self.figures.status = done.last.get("status")

    async def _errand(self, purpose: str, verb: str, *arguments: str, hear: Hear) -> Done:
        try:
            errand = Errand([verb, *self._options, *arguments], hear)
        except OSError as error:  # the machine has no room for another process
            return Done(
                exits.FAILED, 0.0, {"failure": {"event": "failure", "what": str(error), "remedy": ""}}
            )
        self._working[purpose] = errand
        try:
            return await errand.done()
        finally:
            del self._working[purpose]


def ended_well(done: Done) -> bool:
    """Whether a run read all that was due; one that gave way to others ends with 0 too."""
    return done.code == exits.DONE and done.last.get("run_finished", {}).get("complete", True)


def _issues_were_read(done: Done) -> bool:
    """Whether a run read the issues that had changed or rung, whatever else failed."""
    finished = done.last.get("run_finished", {})
    failed = {failure["lane"] for failure in finished.get("failures", ())}
    answered = done.code in (exits.DONE, exits.UNAVAILABLE) and finished.get("turns", 0) > 0
    return answered and failed.isdisjoint(OF_CHANGES)
