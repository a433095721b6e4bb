"""What the tables of a copy hold, as one load finds them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from ..catalog import ALL_TABLES, DELETIONS, TABLES, PerParent, Table, Versions
from ..rows.volatile import Paths
from .copied import Copied
from .values import parsed, utc

EXPECTED = 2000
"""Whether the copy has rows is looked up for so many parents at a time: each look reads a whole column."""

MOST_PARENTS = 2
"""What stands under more parents than these is not one row that moves from one to the other."""

Expected = Callable[[int], Iterable[str]]
"""Returns so many parents' ids, at most."""


class Contents:
    """Reads keys and columns; a table that is not there has none.

    Which tables there are is asked once: they come and go by loads only, and this is for the time between two.

    Args:
        copied: The copy.
        dropped: Tables that the load in progress will drop or empty first; they count as empty.
    """

    def __init__(self, copied: Copied, dropped: Collection[str] = ()) -> None:
        self.copied = copied
        self._dropped = set(dropped)
        self._tables: set[str] | None = None
        self._deleted: set[str] | None = None
        self._has_rows: defaultdict[str, dict[str, bool]] = defaultdict(dict)

    def holds(self, table: str) -> bool:
        """Whether there is such a table."""
        if self._tables is None:
            self._tables = self.copied.tables(list(ALL_TABLES)) - self._dropped
        return table in self._tables

    def row_keys(self, table: str) -> dict[tuple[str, ...], str]:
        """Return the whole keys of all rows that a table holds, each with the id of what the row belongs to, or ""."""
        if not self.holds(table):
            return {}
        key, parent = TABLES[table].key, TABLES[table].parent
        names = ", ".join(f"{{t.{column}}}" for column in (*key, parent) if column)
        return self.copied.gather(
            lambda rows: {tuple(row[: len(key)]): row[len(key)] if parent else "" for row in rows},
            f"SELECT {names} FROM {{{table}}} AS t",
        )

    def has_rows(self, table: Table[PerParent], parent_id: str, expected: Expected) -> bool:
        """Whether a table holds rows that were read for a parent; ``expected``: who may be asked about soon."""
        if not self.holds(table.name):
            return False
        known = self._has_rows[table.name]
        if parent_id not in known:
            column = f"{{t.{table.read.asked_by}}}"
            ids = sorted({parent_id, *expected(EXPECTED)} - known.keys())
            sql = f"SELECT DISTINCT {column} FROM {{{table.name}}} AS t WHERE {column} IN"
            having = {id_ for (id_,) in self.copied.select_in(sql, ids)}
            known |= {id_: id_ in having for id_ in ids}
        return known[parent_id]

    def also_under(self, table: Table[PerParent], places: Collection[tuple[str, str]]) -> set[str]:
        """Return under which other parents a table holds rows that some parents did not have before.

        What stands under many is no row that moves: its id is only its parent's own.

        Args:
            table: A table of which a row is told from others by its parent and its id.
            places: ``(id, parent_id)`` of the rows that were read.
        """
        if not self.holds(table.name):
            return set()
        sql = f"SELECT {{t.id}}, {{t.{table.parent}}} FROM {{{table.name}}} AS t WHERE {{t.id}} IN"
        held = {
            (id_, parent) for id_, parent in self.copied.select_in(sql, sorted({id_ for id_, _ in places}))
        }
        times = Counter(id_ for id_, _ in held)
        new = {id_ for id_, _ in set(places) - held if times[id_] <= MOST_PARENTS}
        return {parent for id_, parent in held if id_ in new} - {parent for _, parent in places}

    def values(self, table: str, column: str) -> set[str]:
        """Return what stands in a column."""
        if not self.holds(table):
            return set()
        return self.copied.gather(_first, f"SELECT DISTINCT {{t.{column}}} FROM {{{table}}} AS t")

    def deleted(self, table: str) -> set[tuple[str, str]]:
        """Return ``(id, parent_id)`` of the rows of a table that are written down as gone."""
        if not self.holds(DELETIONS.name):
            return set()
        sql = f"SELECT {{d.id}}, {{d.parent_id}} FROM {{{DELETIONS.name}}} AS d WHERE {{d.table}} = %s"
        return {(row[0], row[1]) for row in self.copied.select(sql, table)}

    def has_deleted(self, table: str) -> bool:
        """Whether rows of a table are written down as gone."""
        if self._deleted is None:
            sql = f"SELECT DISTINCT {{d.table}} FROM {{{DELETIONS.name}}} AS d"
            self._deleted = self.copied.gather(_first, sql) if self.holds(DELETIONS.name) else set()
        return table in self._deleted

    def deleted_among(self, table: str, ids: Collection[str]) -> set[tuple[str, str]]:
        """Return ``(id, parent_id)`` of the rows with some ids that are written down as gone."""
        sql = (
            f"SELECT {{d.table}}, {{d.id}}, {{d.parent_id}} FROM {{{DELETIONS.name}}} AS d WHERE {{d.id}} IN"
        )
        return {(id_, parent) for its, id_, parent in self.copied.select_in(sql, sorted(ids)) if its == table}

    def one_of(self, table: Table, column: str, value: str) -> str | None:
        """Return the id of one row that has a value in a column."""
        if not self.holds(table.name):
            return None
        sql = f"SELECT MIN({{t.id}}) FROM {{{table.name}}} AS t WHERE {{t.{column}}} = %s"
        ((found,),) = self.copied.select(sql, value)
        return None if found is None else str(found)

    def recorded(
        self, versions: Table[Versions], subjects: Collection[tuple[str, ...]], volatile: Paths
    ) -> dict[tuple[str, ...], tuple[str, datetime | None]]:
        """Return the fingerprint of what is steady in that which was recorded last, and when that was, by subject."""
        from ..rows.versions import compared, concerning, fingerprint  # brings Arrow, which few who look need

        if not self.holds(versions.name):
            return {}
        volatile = concerning(versions, volatile)
        names = compared(versions) if volatile else ["fingerprint"]
        newest: dict[tuple[str, ...], tuple[Any, list[Any]]] = {}
        about = [f"{{v.{name}}}" for name, _ in versions.read.subject]
        columns = ", ".join([*about, "{v.recorded_at}", *(f"{{v.{name}}}" for name in names)])
        sql = f"SELECT {columns} FROM {{{versions.name}}} AS v WHERE {about[-1]} IN"
        for row in self.copied.select_in(sql, sorted({subject[-1] for subject in subjects})):
            subject, recorded_at, values = tuple(row[: len(about)]), row[len(about)], row[len(about) + 1 :]
            known = newest.get(subject)
            if known is None or known[0] < recorded_at:
                newest[subject] = (recorded_at, list(values))
        found = {subject: newest[subject] for subject in subjects if subject in newest}
        if not volatile:
            return {subject: (str(values[0]), utc(at)) for subject, (at, values) in found.items()}
        types = {column.name: column.type for column in versions.columns}
        kinds = [types[name] for name in names]
        return {
            subject: (fingerprint(versions, list(map(parsed, kinds, values)), volatile), utc(at))
            for subject, (at, values) in found.items()
        }

    def strays(self, table: str) -> set[str]:
        """Return the issues of which a child table or the ledger holds a row, though they are gone from ``issues``."""
        if not self.holds(table):
            return set()
        if not self.holds("issues"):
            return self.values(table, "issue_id")
        sql = (
            f"SELECT DISTINCT {{c.issue_id}} FROM {{{table}}} AS c"
            " LEFT JOIN {issues} AS i ON {i.id} = {c.issue_id} WHERE {i.id} IS NULL"
        )
        return self.copied.gather(_first, sql)

    def children(self, table: str, issue_ids: Sequence[str]) -> list[tuple[str, str]]:
        """Return ``(id, issue_id)`` of what a child table holds of some issues."""
        if not self.holds(table):
            return []
        sql = f"SELECT {{t.id}}, {{t.issue_id}} FROM {{{table}}} AS t WHERE {{t.issue_id}} IN"
        return [(row[0], row[1]) for row in self.copied.select_in(sql, issue_ids)]


def _first(rows: Any) -> set[str]:
    return {row[0] for row in rows}
