"""What the resources of one source share, and what each needs while a run lasts."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import dlt
from dlt.common.configuration.container import Container
from dlt.common.pipeline import PipelineContext
from dlt.common.storages.exceptions import CurrentLoadPackageStateNotAvailable
from dlt.common.storages.load_package import load_package_state

from .catalog import DELETIONS, TABLES, Table
from .changes import Changes, Stamps, caught, implausible
from .copy import Copy, refuse_shared
from .destination import require_tested
from .lists import Lists
from .loads import refuse_other_loads
from .notes import Notes
from .readings import Extent
from .settings import Settings


@dataclass
class Run:
    """The parts that a resource works with."""

    settings: Settings
    lists: Lists
    notes: Notes = field(default_factory=Notes)
    stamps: Stamps = field(default_factory=Stamps)
    ends_at: float = math.inf
    """When no more chats are asked for what hangs on them, by :func:`time.monotonic`; one for each table always is."""
    left: bool = False
    """Whether chats are due that were not asked for then; the ledger keeps them due."""
    given_up: set[tuple[str, str]] = field(default_factory=set)
    """Table and chat of what has failed, or is not believed, and is not asked for again while this lasts."""
    emptied: Counter[str] = field(default_factory=Counter)
    """Chats that had some of what hangs on them and have none any more, by table."""
    _copy: Copy | None = None
    _looked_at: str | None = None
    """The load for which it was looked at; "" for none."""

    def copy(self) -> Copy:
        """Return the copy that the running pipeline fills.

        Raises:
            ConfigurationError: It is not to be filled, or not so. Nothing was read.
        """
        pipeline: Any = Container()[
            PipelineContext
        ].pipeline()  # what dlt.current.pipeline() resolves anew each time
        if self._copy is None or self._copy.pipeline is not pipeline:
            self._copy, self._looked_at = Copy(pipeline), None
        if (package := _package()) != self._looked_at:
            if pipeline.destination:  # without one, rows are only looked at
                self._look_at(self._copy, package)
            self._looked_at = package
        return self._copy

    def _look_at(self, copy: Copy, package: str) -> None:
        if told := require_tested(copy.pipeline, allowed=self.settings.untested_destination):
            self.notes.warn(told)
        if package:
            refuse_other_loads(dlt.current.source())
            refuse_shared(copy, dlt.current.source_schema().name, TABLES)

    def changes(self, table: Table) -> Changes:
        """Return what compares a table with the copy."""
        return Changes(table, self.copy(), self.notes, self.stamps, self.settings.zone)

    def may_go(self, changes: Changes, missing: int) -> bool:
        """Say whether so many rows may leave; if not, tell."""
        stored = changes.copy.count(changes.table)
        if self.settings.confirm_removals or not caught(missing, stored):
            return True
        self.notes.implausible(changes.table.name, implausible(missing, stored))
        return False


class ListState:
    """What dlt's state keeps of a list: when it was read whole, and how far it went.

    Args:
        name: The table.
    """

    def __init__(self, name: str) -> None:
        self._kept: dict[str, Any] = dlt.current.source_state().setdefault("lists", {}).setdefault(name, {})

    def is_due(self, settings: Settings) -> bool:
        """Whether the list must be read whole: it has not been for long, or what it lacks may go now."""
        read = self._kept.get("read_whole")
        if read is None or settings.confirm_removals:
            return True
        since = datetime.now(UTC) - datetime.fromisoformat(read)
        return since.total_seconds() >= settings.full_read_hours * 3600

    def pages(self, part: str = "") -> int:
        """Return how many pages it had, or one of its parts."""
        return int(self._kept.get("pages", {}).get(part, 0))

    def agrees(self, extent: Extent, count: int, part: str = "") -> bool:
        """Whether the copy has as many rows as the list, but for what the last complete reading could not explain."""
        return bool(extent.rows + self._kept.get("surplus", {}).get(part, 0) == count)

    def keep(self, extent: Extent, part: str = "") -> None:
        """Keep how far it goes."""
        self._kept.setdefault("pages", {})[part] = extent.pages

    def keep_whole(self, extent: Extent, count: int, part: str = "") -> None:
        """Keep that it was read whole, when the copy has so many rows after it."""
        self.keep(extent, part)
        self._kept.setdefault("surplus", {})[part] = count - extent.rows
        self._kept["read_whole"] = datetime.now(UTC).isoformat()

    @property
    def watermark(self) -> datetime | None:
        """The newest time that has been read to."""
        kept = self._kept.get("watermark")
        return datetime.fromisoformat(kept) if kept else None

    @watermark.setter
    def watermark(self, value: datetime | None) -> None:
        self._kept["watermark"] = value and value.isoformat()


def _package() -> str:
    """Return which load is being extracted; "" for none, as where a copy is only compared."""
    try:
        return str(load_package_state()["load_id"])
    except CurrentLoadPackageStateNotAvailable:
        return ""


def present(*besides: Table) -> Iterator[Any]:
    """Have the tables made into which a resource writes, though nothing may come for them."""
    yield dlt.mark.materialize_table_schema()
    for table in (DELETIONS, *besides):
        yield dlt.mark.with_table_name(dlt.mark.materialize_table_schema(), table.name)
