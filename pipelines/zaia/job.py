"""One run: the lock and the fence as for any copy, then turns, each of them one load by dlt."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from pylon_elt.sources.pylon.copy.copied import Copied
from pylon_elt.sources.zaia import watched_source
from pylon_elt.sources.zaia.catalog import CHAT_SYNC, CHILDREN, DELETIONS, TABLES
from pylon_elt.sources.zaia.lists import Lists
from pylon_elt.sources.zaia.run import Run

from ..base import exits
from ..copy import destinations, former_states, indexes, lake_upkeep, relief, snapshot
from ..run.begin import begun
from ..run.progress import LaneView, Moment
from .advice import remedy

if TYPE_CHECKING:
    import dlt

    from pylon_elt.sources.zaia.settings import Settings


FIRST_TURN_SECONDS = 30.0
TURN_SECONDS = 60.0
"""How long a turn asks for threads and messages of chats; what it has read is loaded then, and safe."""


@dataclass
class Job:
    """One run of Zaia's source: all lists in the first turn, and turns until what hangs on chats is read as well.

    Args:
        pipeline: Where to load; see :func:`destinations.open_pipeline`.
        settings: How to read.
        tables: The tables to fill.
        max_minutes: When to end although something is due; ``None`` for never.
        full_refresh: Drop the tables and read everything anew.
    """

    pipeline: dlt.Pipeline
    settings: Settings
    tables: tuple[str, ...] = tuple(TABLES)
    max_minutes: float | None = None
    full_refresh: bool = False
    copied: Copied = field(init=False)
    reading: Run = field(init=False)
    """What the source's resources share: it counts and notes while they work."""
    turns: int = 0
    """How many turns have been loaded."""

    def __post_init__(self) -> None:
        self.copied = Copied(self.pipeline)
        self.reading = Run(self.settings, Lists(self.settings))

    def run(self) -> int:
        """Take the lock, settle what a killed run left, and take turns until nothing is due.

        Returns:
            The exit code.

        Raises:
            Problem: The lock is held, or the destination cannot be used.
            ZaiaError: The key is not taken, or nothing answers.
        """
        notes = self.reading.notes
        deadline = math.inf if self.max_minutes is None else time.monotonic() + 60 * self.max_minutes
        with begun(self.pipeline, self.copied, notes.warn, restore):
            self._turn(self.tables, min(deadline, time.monotonic() + FIRST_TURN_SECONDS))
            while self.reading.left and time.monotonic() < deadline:
                self._keep_snapshot(snapshot.SECONDS)
                self._turn(self._children(), min(deadline, time.monotonic() + TURN_SECONDS))
            kept = indexes.keep(self.pipeline, self.copied, (*TABLES, CHAT_SYNC.name, DELETIONS.name))
            for problem in filter(None, (kept, former_states.forget(self.pipeline, self.copied))):
                notes.warn(problem)
            self._keep_snapshot()
            if problem := lake_upkeep.keep(self.pipeline, self.copied, lambda: time.monotonic() > deadline):
                notes.warn(problem)
        return exits.of_all(error for _, error in notes.failures)

    def _turn(self, tables: tuple[str, ...], ends_at: float) -> None:
        self.reading.left, self.reading.ends_at = False, ends_at
        source = watched_source(self.reading).with_resources(*tables)
        refresh: Any = "drop_resources" if self.full_refresh and not self.turns else None
        relief.load(self.pipeline, self.copied, partial(self.pipeline.run, source, refresh=refresh))
        self.turns += 1

    def _children(self) -> tuple[str, ...]:
        return tuple(table.name for table in CHILDREN if table.name in self.tables)

    def _keep_snapshot(self, oldest: float = 0.0) -> None:
        file = destinations.database_file(self.pipeline)
        if file is None:
            return
        self.copied.execute("CHECKPOINT")
        if problem := snapshot.keep(file, oldest=oldest, let_go=self.copied.close):
            self.reading.notes.warn(problem)


def restore(pipeline: dlt.Pipeline, copied: Copied) -> str:
    """Have dlt make the tables again that are gone; what they held is read anew, since the copy has none of it.

    Returns:
        What is to be told; ``""``: nothing was gone.
    """
    name = pipeline.default_schema_name
    if not name:
        return ""
    made = [str(table["name"]) for table in pipeline.default_schema.data_tables(seen_data_only=True)]
    there = copied.tables(made)
    gone = [table for table in made if table not in there]
    if not gone:
        return ""
    copied.forget_schema(schema=name)
    return f"Gone from the database, by other hands than this program's: {', '.join(gone)} (made again, and read anew)."


class Watched:
    """A run, to be watched from another thread."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._told = self._warned = self._lacking = 0

    @property
    def turns(self) -> int:
        """How many turns have been loaded."""
        return self._job.turns

    def moment(self, started: float) -> Moment:
        """Return what the run is doing; it began at ``started``, an instant of ``time.monotonic()``."""
        notes, session = self._job.reading.notes, self._job.reading.lists.session
        read = dict(notes.read)
        return Moment(
            seconds=time.monotonic() - started,
            turns=self.turns,
            rows=sum(read.values()),
            requests=sum(session.asked.values()),
            refused=sum(session.refused.values()),
            lanes=tuple(_lane(name, read[name]) for name in self._job.tables if read.get(name)),
        )

    def news(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Return what has happened since this was asked last: each event with its facts."""
        notes = self._job.reading.notes
        for text in notes.warnings[self._warned :]:
            self._warned += 1
            yield "warning", {"text": text}
        for name, lack in list(notes.lacking.items())[self._lacking :]:
            self._lacking += 1
            yield "not_available", {"table": name, "what": lack.message}
        for name, error in notes.failures[self._told :]:
            self._told += 1
            yield "failure", {"lane": name, "what": error.message, "remedy": remedy(error)}


def _lane(name: str, rows: int) -> LaneView:
    return LaneView(name, rows, None, "", 0.0, 0.0, None)
