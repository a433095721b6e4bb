"""What is to be done in a DuckLake, by its catalog: nothing is kept anywhere else.

The tables of the catalog are those of the DuckLake specification 1.0; a time in it is text where it is in SQLite.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from pylon_elt.sources.pylon.copy.copied import utc

from ..base.sql_text import literal, quoted
from .holder import TABLE

if TYPE_CHECKING:
    from pylon_elt.sources.pylon.copy.copied import Copied

    from .ducklake import Lake

SMALL = 16_000_000
"""Bytes below which a file is small."""
MANY = 10
"""So many small files of one table are merged."""
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class LakeState:
    """What a catalog tells.

    Args:
        snapshots: The states that can be read, each with when it came about (UTC), the oldest first.
        deleted_since: When the first row was deleted that is still in the files of the current state.
        put_down: When the last of the files was put down that are no part of any state, and wait to be removed.
        crowded: The tables with many small files: schema and name.
        rewritten: When files were last written anew, or merged.
        strangers: The schemas with tables that are none of a copy's.
    """

    snapshots: Sequence[tuple[int, datetime]]
    deleted_since: datetime | None
    put_down: datetime | None
    crowded: Sequence[tuple[str, str]]
    rewritten: datetime | None
    strangers: Sequence[str]

    def expired(self, before: datetime) -> list[int]:
        """Return the states in whose place another one was before an instant."""
        return [one for (one, _), (_, replaced) in pairwise(self.snapshots) if replaced <= before]

    def is_due(
        self, now: datetime, keep: timedelta | None, slack: timedelta, pause: timedelta | None
    ) -> bool:
        """Whether something waits to be done, and has waited for a while: a run that finds nothing new writes nothing.

        Args:
            now: The present (UTC).
            keep: How long a former state can be read; ``None``: for ever.
            slack: How long deleted rows and expired states may wait.
            pause: How long at least is between two times that files are merged; ``None``: they are not.
        """
        if self.crowded and pause is not None and (self.rewritten is None or self.rewritten <= now - pause):
            return True
        if keep is None:
            return False
        if self.deleted_since is not None and self.deleted_since <= now - slack:
            return True
        return bool(self.expired(now - keep - slack))


class Catalog:
    """The catalog of a lake, asked over the connection of a run.

    Args:
        copied: The copy in it.
        lake: The lake.
    """

    def __init__(self, copied: Copied, lake: Lake) -> None:
        self._copied = copied
        place = f"__ducklake_metadata_{lake.name}"
        self._place = f"{quoted(place)}.{quoted(str(lake.options.get('METADATA_SCHEMA', 'main')))}"
        self.schemas = copied.datasets()

    def state(self) -> LakeState:
        """Return what it tells."""
        snapshots = [
            (int(one), utc(at) or LONG_AGO)
            for one, at in self._select("SELECT snapshot_id, snapshot_time FROM :snapshot ORDER BY 1")
        ]
        times = dict(snapshots)
        ((put_down,),) = self._select("SELECT MAX(schedule_start) FROM :files_scheduled_for_deletion")
        ((rewritten,),) = self._select(
            "SELECT MAX(snapshot_id) FROM :snapshot_changes"
            " WHERE changes_made LIKE '%rewrite_delete%' OR changes_made LIKE '%merge_adjacent%'"
        )
        return LakeState(
            snapshots,
            self._deleted_since(times),
            utc(put_down),
            self._crowded(),
            times.get(rewritten),
            self._strangers(),
        )

    def tables(self) -> list[tuple[str, str]]:
        """Return all tables of the copy."""
        return self._tables("SELECT table_id FROM :table")

    def with_deleted(self) -> list[tuple[str, str]]:
        """Return the tables of the copy in whose files there are deleted rows."""
        return self._tables("SELECT table_id FROM :delete_file WHERE end_snapshot IS NULL")

    def bounds(self, types: Iterable[str]) -> list[tuple[Any, ...]]:
        """Return table, column, type, least and greatest value of the copy's columns of some types, as noted.

        A value that is a bound of a file is ``None``: it can be read there.
        """
        kinds, ours = (", ".join(map(literal, some)) for some in (types, self.schemas))
        bounds = [
            f"CASE WHEN NOT EXISTS (SELECT 1 FROM :file_column_stats AS f WHERE f.table_id = b.table_id"
            f" AND f.column_id = b.column_id AND f.{name} = b.{name}) THEN b.{name} END"
            for name in ("min_value", "max_value")
        ]
        return self._select(
            f"SELECT b.table_id, b.column_id, c.column_type, {', '.join(bounds)} FROM :table_column_stats AS b"
            " JOIN :column AS c USING (table_id, column_id) JOIN :table AS t USING (table_id)"
            " JOIN :schema AS s USING (schema_id) WHERE c.end_snapshot IS NULL AND t.end_snapshot IS NULL"
            f" AND s.end_snapshot IS NULL AND s.schema_name IN ({ours}) AND c.column_type IN ({kinds}) ORDER BY 1, 2"
        )

    def named(self, sql: str) -> str:
        """Return a statement in which each ``:table`` of the catalog is called by its whole name."""
        return sql.replace(":", f"{self._place}.ducklake_")

    def _deleted_since(self, times: dict[int, datetime]) -> datetime | None:
        ((in_files,),) = self._select(
            "SELECT MIN(begin_snapshot) FROM :delete_file WHERE end_snapshot IS NULL"
        )
        # what was deleted since rows were last taken out of files may stand in the catalog alone
        ((in_catalog,),) = self._select(
            "SELECT MIN(snapshot_id) FROM :snapshot_changes WHERE"
            " (changes_made LIKE '%inlined_delete%' OR changes_made LIKE '%deleted_from_table%') AND snapshot_id >"
            " (SELECT coalesce(MAX(snapshot_id), -1) FROM :snapshot_changes WHERE changes_made LIKE '%rewrite_delete%')"
        )
        found = [times.get(one, LONG_AGO) for one in (in_files, in_catalog) if one is not None]
        return min(found, default=None)

    def _crowded(self) -> list[tuple[str, str]]:
        return self._tables(
            f"SELECT table_id FROM :data_file WHERE end_snapshot IS NULL AND file_size_bytes < {SMALL}"
            f" GROUP BY table_id HAVING COUNT(*) > {MANY}"
        )

    def _tables(self, ids: str) -> list[tuple[str, str]]:
        """Return the tables of the copy, and of dlt's staging dataset, that are among some."""
        ours = ", ".join(map(literal, self.schemas))
        return [
            (str(schema), str(table))
            for schema, table in self._select(
                "SELECT s.schema_name, t.table_name FROM :table AS t JOIN :schema AS s USING (schema_id)"
                " WHERE t.end_snapshot IS NULL AND s.end_snapshot IS NULL"
                f" AND s.schema_name IN ({ours}) AND t.table_id IN ({ids}) ORDER BY 1, 2"
            )
        ]

    def _strangers(self) -> list[str]:
        found = self._select(
            "SELECT DISTINCT s.schema_name FROM :table AS t JOIN :schema AS s USING (schema_id)"
            " WHERE t.end_snapshot IS NULL AND s.end_snapshot IS NULL ORDER BY 1"
        )
        names = {str(name) for (name,) in found}
        copies = {
            str(name)
            for (name,) in self._select(
                "SELECT DISTINCT s.schema_name FROM :table AS t JOIN :schema AS s USING (schema_id)"
                f" WHERE t.end_snapshot IS NULL AND s.end_snapshot IS NULL AND t.table_name = {literal(TABLE)}"
            )
        }
        return sorted(
            name for name in names - {*self.schemas} if not any(name.startswith(copy) for copy in copies)
        )

    def _select(self, sql: str) -> list[tuple[Any, ...]]:
        return self._copied.select(self.named(sql))
