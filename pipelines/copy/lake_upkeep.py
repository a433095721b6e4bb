"""Keeps a DuckLake small, and lets what was deleted go: after a run, while it still has the copy.

A DuckLake keeps each former state, and the files in which its rows are. Here, in this order: states end that nobody is
to read any more, rows that stand in the catalog go into files, files with deleted rows are written anew without them,
small files are merged, and files that are part of no state are removed once nobody can be reading them. Each step is
one commit of DuckLake's own, so that a kill between two leaves the rest to the next run, and one in the middle of a
step nothing but files that no state knows.

Found by running them with DuckDB 1.5.5: where the catalog is in SQLite, ``older_than`` is right to the day only, since
times are compared as texts of two forms there; so states are named one by one, and files wait for midnight (UTC). Rows
that were deleted in the catalog come into files when they are flushed, so that goes before files are written anew.
Where another commit comes while rows are flushed, DuckLake tries to commit once more, and then some rows are back that
had been deleted; what else is done here and by loads stays right (hundreds of random changes, each beside a commit).
"""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, nullcontext, suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from dlt.destinations.exceptions import DatabaseException

from ..base.refusals import said
from ..base.sql_text import literal
from . import destinations, ducklake, lake_bounds, lake_settings
from .holder import TABLE
from .lake_settings import Upkeep
from .lake_state import SMALL, Catalog, LakeState

if TYPE_CHECKING:
    import dlt

    from pylon_elt.sources.pylon.copy.copied import Copied

READING = timedelta(hours=1)
"""So long a query may read the files of the state with which it began."""
UNKNOWN = timedelta(days=1)
"""So old a file must be that no state knows: somebody may be about to commit it."""
SHARE = 8
"""Deleted rows and expired states wait for this part of the time for which states are kept."""
MOST_SECONDS = 60.0
"""After so long no further step begins; the next run goes on."""
RETRIES = "ducklake_max_retry_count"
"""How often DuckLake itself tries to commit once more."""
TIMES, PAUSE = 5, 0.2
"""How often a step is tried, with so many seconds between."""
_OURS = re.compile(r"ducklake-[0-9a-f-]{36}(-delete)?\.(parquet|puffin)")


def require_settings(pipeline: dlt.Pipeline) -> None:
    """Make sure that what is configured can be used, before a run begins.

    Raises:
        ConfigurationError: It cannot.
    """
    if destinations.is_ducklake(pipeline):
        lake_settings.read()


def keep(pipeline: dlt.Pipeline, copied: Copied, is_over: Callable[[], bool]) -> str:
    """Do what is due; return what is to be told where that is not possible, else nothing.

    Args:
        pipeline: The pipeline of a run that has the copy; elsewhere than in a DuckLake, nothing is done.
        copied: What its destination holds.
        is_over: Whether the run is to end: no further step begins.
    """
    if not destinations.is_ducklake(pipeline):
        return ""
    try:
        return _Keeper(pipeline, copied, lake_settings.read(), is_over).keep()
    except DatabaseException as error:
        return f"The DuckLake could not be kept small: {said(error)}. Nothing is lost, and the next run tries again."


class _Keeper:
    """Goes through the steps."""

    def __init__(
        self, pipeline: dlt.Pipeline, copied: Copied, upkeep: Upkeep, is_over: Callable[[], bool]
    ) -> None:
        self._pipeline, self._copied, self._upkeep, self._is_over = pipeline, copied, upkeep, is_over
        self._lake = ducklake.lake_of(pipeline)
        self._catalog = Catalog(copied, self._lake)
        self._until = time.monotonic() + MOST_SECONDS
        self._now = datetime.now(UTC)

    def keep(self) -> str:
        """Do what is due."""
        state = self._catalog.state()
        span, told = self._span(state)
        grace = READING if span is None else min(READING, span)
        if state.put_down is not None:
            self._clean(state.put_down, grace)
        slack = timedelta(0) if span is None else span / SHARE
        if not state.is_due(self._now, span, slack, grace if self._upkeep.merge else None):
            return told
        for step in self._steps(span):
            step()
            if self._is_over() or time.monotonic() > self._until:
                return told
        if not grace:
            self._call("cleanup_old_files", "cleanup_all => true")
        self._forget()
        return told

    def _clean(self, put_down: datetime, grace: timedelta) -> None:
        """Remove the files that nobody can be reading any more."""
        before = self._now - grace
        if put_down <= before:
            self._call("cleanup_old_files", "cleanup_all => true")
            return
        if destinations.catalog_file(self._pipeline) is not None:
            before = before.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(microseconds=1)
        self._call("cleanup_old_files", f"older_than => TIMESTAMPTZ '{before.isoformat(' ')}'")

    def _span(self, state: LakeState) -> tuple[timedelta | None, str]:
        """Return how long states are kept; what others have in the lake is theirs, unless they were asked."""
        if self._upkeep.keep is None or self._upkeep.is_said or not state.strangers:
            return self._upkeep.keep, ""
        return None, (
            f"Former states of the DuckLake are kept, and what was deleted stays in them, since it also holds"
            f" {', '.join(state.strangers)}: say for how long all of it is kept, with expire_snapshots_after_days under"
            " [ducklake]."
        )

    def _steps(self, span: timedelta | None) -> Iterator[Callable[[], None]]:
        yield lambda: self._expire(span)  # first, since it may be all for which there is time
        for schema, table in self._catalog.tables():
            yield lambda schema=schema, table=table: self._flush(schema, table)  # type: ignore[misc]
        if span is not None:
            for schema, table in self._catalog.with_deleted():
                yield self._on_table("rewrite_data_files", schema, table, "delete_threshold => 0")
        if self._upkeep.merge:
            for schema, table in self._catalog.state().crowded:
                yield self._on_table("merge_adjacent_files", schema, table, f"max_file_size => {SMALL}")
        yield lambda: self._expire(span)
        if self._upkeep.unknown:
            yield self._remove_unknown
        if span is not None:
            yield self._widen

    def _on_table(self, function: str, schema: str, table: str, more: str) -> Callable[[], None]:
        return lambda: self._call(function, f"{literal(table)}, schema => {literal(schema)}, {more}")

    def _flush(self, schema: str, table: str) -> None:
        """Put the rows of one table into files; those of the fence another time, if the lease is renewed meanwhile.

        One table at a time, since all at once would always be refused where that takes longer than from one renewal to
        the next; and in one attempt each, which we repeat ourselves.
        """
        which = f"schema_name => {literal(schema)}, table_name => {literal(table)}"
        call = f"CALL ducklake_flush_inlined_data({literal(self._lake.name)}, {which})"
        ((attempts,),) = self._copied.select(f"SELECT current_setting('{RETRIES}')")
        try:
            with suppress(DatabaseException) if table == TABLE else nullcontext():
                self._tried(lambda: self._copied.change([f"SET {RETRIES} = 0", call]))
        finally:
            self._copied.execute(f"SET {RETRIES} = {attempts}")

    def _expire(self, span: timedelta | None) -> None:
        if span is not None and (gone := self._catalog.state().expired(datetime.now(UTC) - span)):
            self._call("expire_snapshots", f"versions => {gone}")

    def _remove_unknown(self) -> None:
        """Remove what no state knows, as a killed load leaves it; nothing where some of it was never the lake's."""
        older = f"older_than => TIMESTAMPTZ '{datetime.now(UTC) - UNKNOWN:%Y-%m-%d %H:%M:%S}+00'"
        call = f"CALL ducklake_delete_orphaned_files({literal(self._lake.name)}, {older}"
        found = [str(row[0]).replace("\\", "/") for row in self._copied.select(f"{call}, dry_run => true)")]
        if found and all(_OURS.fullmatch(path.rpartition("/")[2]) for path in found):
            self._copied.execute(f"{call})")

    def _widen(self) -> None:
        """Take the least and greatest texts out of the catalog."""
        for sql, values in lake_bounds.widen(self._catalog):
            self._run(sql, *values)
        self._copied.close()  # it remembers them, and would write them back

    def _call(self, function: str, arguments: str) -> None:
        """Do one step."""
        self._run(f"CALL ducklake_{function}({literal(self._lake.name)}, {arguments})")

    def _run(self, sql: str, *values: object) -> None:
        self._tried(lambda: self._copied.execute(sql, *values))

    def _tried(self, step: Callable[[], None]) -> None:
        """Do something; again where it meets another commit, as that of this run's own lease."""
        for left in reversed(range(TIMES)):
            try:
                step()
            except DatabaseException:
                if not left:
                    raise
                time.sleep(PAUSE)
            else:
                return

    def _forget(self) -> None:
        """Let SQLite overwrite what was deleted in the catalog: least and greatest values, and rows of small loads."""
        file = destinations.catalog_file(self._pipeline)
        if file is None:
            return
        self._copied.close()
        with suppress(sqlite3.OperationalError), closing(sqlite3.connect(file, timeout=1.0)) as catalog:
            catalog.execute("VACUUM")  # refused while somebody reads; the next time may do
            catalog.execute("PRAGMA wal_checkpoint(TRUNCATE)")
