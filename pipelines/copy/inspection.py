"""Looks at a copy without changing it: no request to Pylon, no file written, no run disturbed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from pylon_elt.sources.pylon.catalog import ALL_TABLES, Table
from pylon_elt.sources.pylon.copy.contents import Contents
from pylon_elt.sources.pylon.copy.copied import Copied, utc
from pylon_elt.sources.pylon.copy.ledger import Ledger
from pylon_elt.sources.pylon.copy.neighbours import holds_copy
from pylon_elt.sources.pylon.copy.state import SourceState
from pylon_elt.sources.pylon.copy.verified import Verified, cutoff
from pylon_elt.sources.pylon.copy.work import Span
from pylon_elt.sources.pylon.rows import extras
from pylon_elt.sources.pylon.rows.extras import Extra

from ..base import exits
from ..base.desk import NAMES, command
from . import destinations, saved, snapshot
from .lock import is_locked, read_lock, still_lock

if TYPE_CHECKING:
    import dlt

    from pylon_elt.sources.pylon.settings import Settings

EXTRACTED = "normalize/extracted"
WAITING = (EXTRACTED, "load/normalized")
"""Where dlt keeps the packages that wait to be loaded."""


@dataclass(frozen=True)
class Place:
    """Where a copy is, or will be."""

    location: str
    dataset: str
    folder: Path
    others: tuple[str, ...] = ()
    """The datasets beside it that hold a copy, where it holds none."""
    snapshot_of: Path | None = None
    """The file that somebody writes to, where its snapshot is looked at instead."""
    file: Path | None = None
    """The database file that is looked at itself."""

    def note(self, now: datetime) -> str:
        """Say that the snapshot is looked at, or that it lags; nothing where neither is so."""
        if self.snapshot_of:
            return snapshot.note(self.snapshot_of, now)
        return snapshot.behind(self.file, now) if self.file else ""

    @property
    def snapshot_at(self) -> datetime | None:
        """What moment the snapshot shows that is looked at (UTC)."""
        return snapshot.taken_at(self.snapshot_of) if self.snapshot_of else None


@dataclass
class Copy:
    """A copy that was opened for reading."""

    pipeline: dlt.Pipeline
    copied: Copied
    """What it holds, over one connection."""

    def __post_init__(self) -> None:
        self._contents = Contents(self.copied)
        self._ledger = Ledger(self._contents)
        self._verified = Verified(self.copied)

    @cached_property
    def state(self) -> SourceState:
        """The source's state as it was saved with the last load."""
        return SourceState.among(saved.state(self.copied, self.pipeline.pipeline_name))

    @property
    def exists(self) -> bool:
        """Whether anything has been loaded."""
        return bool(self.state.stored)

    @property
    def extras(self) -> dict[str, dict[str, Extra]]:
        """What stands in ``_extra``, by table and name."""
        return extras.current(self.state.extra_fields)

    def due(self, child: str, fresh: Span | None = None) -> int:
        """Return for how many parents a child is due; what was not read in the span ``fresh`` is."""
        return self._ledger.count_due(child, fresh)

    def sweep(self, settings: Settings, now: datetime) -> dict[str, int]:
        """Return how many conversations are old enough for the sweep, by child; none is left out."""
        before = cutoff(settings, now)
        self._verified = Verified(self.copied, now)
        return self._verified.count(before) if before else {}

    def verified(self) -> dict[str, datetime]:
        """Return when the conversation that was verified longest ago was read (UTC), by child."""
        return self._verified.oldest()

    def rows(self, table: Table) -> tuple[int, datetime | None] | None:
        """Return how many rows a table holds and when the newest was read; ``None``: there is no table."""
        sql = f"SELECT COUNT(*), MAX({{t.{table.sort}}}) FROM {{{table.name}}} AS t"
        if not (found := self.copied.select(sql)):
            return None
        count, stamp = found[0]
        return int(count), utc(stamp)

    def oldest_issue(self) -> datetime | None:
        """Return when the oldest issue of the copy was created (UTC)."""
        found = self.copied.select("SELECT MIN({i.created_at}) FROM {issues} AS i")
        return utc(found[0][0]) if found else None

    def all_rows(self) -> dict[str, tuple[int, datetime | None]]:
        """Return the same for every table that is there."""
        there = [table for table in ALL_TABLES.values() if self._contents.holds(table.name)]
        each = (
            f"SELECT '{table.name}' AS {{.name}}, COUNT(*) AS {{.number}}, MAX({{t.{table.sort}}}) AS {{.newest}}"
            f" FROM {{{table.name}}} AS t"
            for table in there
        )
        found = self.copied.select(" UNION ALL ".join(each)) if there else []
        rows = {name: (int(count), utc(at)) for name, count, at in found}
        return {table.name: rows[table.name] for table in there if table.name in rows}


@contextmanager
def opened(destination: str, dataset: str, *, still: bool = False) -> Iterator[Copy | None]:
    """Open a copy for reading, or give ``None`` where there is none yet.

    Args:
        destination: Where it is.
        dataset: Its schema.
        still: It must not change meanwhile, also where the database lets readers in beside a run.

    Raises:
        Problem: dlt knows no such destination, or a run has locked the file (exit code 75).
    """
    with seen(destination, dataset, still=still) as (_, copy):
        yield copy


@contextmanager
def seen(
    destination: str, dataset: str, *, still: bool = False, beside_a_run: bool = False
) -> Iterator[tuple[Place, Copy | None]]:
    """Say where a copy is, or will be, and open it for reading; arguments and errors as of :func:`looked_at`."""
    found = looked_at(destination, dataset, still=still, beside_a_run=beside_a_run)
    with found as (place, pipeline, copied):
        copy = Copy(pipeline, copied) if copied else None
        yield (place, copy) if copy and copy.exists else (beside(place, copied), None)


def beside(place: Place, copied: Copied | None) -> Place:
    """Return a place that holds no copy with the usual datasets that hold one."""
    if copied is None:
        return place
    usual = (name for name in NAMES if name != place.dataset)
    return replace(place, others=tuple(name for name in usual if holds_copy(copied.neighbour(name))))


@contextmanager
def looked_at(
    destination: str,
    dataset: str,
    *,
    name: str = destinations.PIPELINE,
    still: bool = False,
    beside_a_run: bool = False,
) -> Iterator[tuple[Place, dlt.Pipeline, Copied | None]]:
    """Say where a copy is, or will be, and open what is there for reading, whatever it is.

    Args:
        destination: Where it is.
        dataset: Its schema.
        name: What its pipeline is called.
        still: As of :func:`opened`.
        beside_a_run: Look at the snapshot where somebody writes to the file.

    Returns:
        The place, the pipeline, and what the destination holds; ``None``: there is no file.

    Raises:
        Problem: As :func:`opened`.
    """
    with TemporaryDirectory() as scratch:
        pipeline = destinations.open_pipeline(destination, dataset, name=name, pipelines_dir=scratch)
        place = Place(
            destinations.location(pipeline), pipeline.dataset_name, destinations.working_folder(pipeline)
        )
        file = destinations.database_file(pipeline)
        # to look for a lake whose catalog is not there would make one
        whole = file or destinations.catalog_file(pipeline)
        if whole is not None and not whole.exists():
            yield place, pipeline, None
            return
        with ExitStack() as stack:
            try:
                copied = _open(stack, pipeline, (still_lock if still else read_lock)(pipeline))
            except Exception as error:
                instead = snapshot.of(file) if file and beside_a_run and is_locked(error) else None
                if instead is None or not instead.exists():
                    raise
                stack.close()
                copied = _open(stack, pipeline, nullcontext(), instead)
                place = replace(place, snapshot_of=file)
            else:
                place = replace(place, file=file)
            yield place, pipeline, copied


def _open(
    stack: ExitStack, pipeline: dlt.Pipeline, lock: AbstractContextManager[Any], instead: Path | None = None
) -> Copied:
    """Open a copy for reading until the stack is closed."""
    stack.enter_context(lock)
    if destinations.database_file(pipeline) is not None:
        destinations.only_read(pipeline, instead)
    copied = stack.enter_context(Copied(pipeline))
    copied.open()
    return copied


def no_copy() -> exits.Problem:
    """Return what is told where there is nothing to compare."""
    return exits.Problem("There is no copy yet.", f"Make it with: {command('run')}", exits.FAILED)


def pending_packages(folder: Path, name: str = destinations.PIPELINE) -> int:
    """Return how many load packages a killed run of a pipeline left in its working folder."""
    return len(packages(folder / name, (*WAITING, "load/new")))


def packages(work: Path, places: Sequence[str]) -> list[str]:
    """Return the ids of the load packages in some places of a pipeline's own folder, in no order."""
    return [entry.name for place in places for entry in (work / place).glob("*") if entry.is_dir()]
