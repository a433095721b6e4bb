"""What is due is a query: the destination's rows against its ledgers ``issue_sync`` and ``parent_sync``.

A ledger row counts only where the load that carried it is complete, since a kill may leave the ledger of a load
in the destination without the rows that it vouches for.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ..catalog import DELETIONS, HANGING, TABLES, PerParent, Table, Versions
from .copied import Copied, chunks, marks, utc
from .work import Synced, Times

if TYPE_CHECKING:
    import dlt
    from dlt.destinations.sql_client import SqlClientBase

_TIMES = ("created_at", "updated_at", "latest_message_time")


class Ledger:
    """Reads the ledgers and the keys of what is stored, through the pipeline's own SQL client.

    Args:
        pipeline: The pipeline whose destination holds the copy.
        dropped: Tables that the load in progress will drop first; they count as empty.
    """

    def __init__(self, pipeline: dlt.Pipeline, dropped: Collection[str] = ()) -> None:
        self._pipeline = pipeline
        self._copied = Copied(pipeline)
        self._dropped = set(dropped)
        self._found: dict[str, bool] = {}

    def due(
        self, child: str, most: int | None = None, cutoff: datetime | None = None
    ) -> list[tuple[Times, Synced | None]]:
        """Return parents whose child is due, at most ``most``: known ones that moved first, then the youngest.

        Args:
            child: The table that hangs on them.
            most: How many to return.
            cutoff: What was read before is due as well.
        """
        table = HANGING[child]
        with self._client() as client:
            query = _Query(client, table, self._trusted(table), self._sources(table), cutoff)
            if not query.sources:
                return []
            with client.execute_query(query.due(), *query.values) as cursor:
                rows = cursor.fetchmany(most) if most else cursor.fetchall()
        return [
            (Times(row[0], *map(utc, row[1:4])), Synced(*map(utc, row[5:8])) if row[4] else None)
            for row in rows
        ]

    def count_due(self, child: str, cutoff: datetime | None = None) -> int:
        """Return how many parents' child is due."""
        table = HANGING[child]
        with self._client() as client:
            query = _Query(client, table, self._trusted(table), self._sources(table), cutoff)
            if not query.sources:
                return 0
            with client.execute_query(f"SELECT COUNT(*) {query.due_from()}", *query.values) as cursor:
                return int(cursor.fetchall()[0][0])

    def synced(
        self, children: Collection[Table[PerParent]], ids: Sequence[str]
    ) -> dict[str, dict[str, Synced]]:
        """Return what a ledger holds for some parents: ``{child: {parent's id: Synced}}``.

        Args:
            children: Tables with one ledger.
            ids: The parents.
        """
        found: dict[str, dict[str, Synced]] = defaultdict(dict)
        trusted = {child.name: child for child in children if self._trusted(child)}
        if not trusted:
            return found
        with self._client() as client:
            query = _Query(client, next(iter(trusted.values())), read=True)
            for chunk in chunks(ids):
                sql = f"{query.trusted()} AND {query.names('s', query.parent)} IN {marks(chunk)}"
                with client.execute_query(sql, *chunk) as cursor:
                    for parent_id, child, *stamps in cursor.fetchall():
                        if child in trusted:
                            found[child][parent_id] = Synced(*map(utc, stamps))
        return found

    def orphans(self, child: str) -> set[str]:
        """Return the parents that are gone from their table, though rows or the ledger still speak of them."""
        table = HANGING[child]
        if not self._exists(table.read.of):
            return set()
        known = self._in_ledger(table) | (self._values(child, table.parent) if table.parent else set())
        alive = (self._values(name, column) for name, column in self._sources(table))
        return known.difference(*alive) if known else set()

    def row_keys(self, table: str) -> set[tuple[str, ...]]:
        """Return the whole keys of all rows that a table holds."""
        if not self._exists(table):
            return set()
        names = ", ".join(f"{{t.{column}}}" for column in TABLES[table].key)
        return {tuple(row) for row in self._copied.each(f"SELECT {names} FROM {{{table}}} AS t")}

    def deleted(self, table: str) -> set[tuple[str, str]]:
        """Return ``(id, parent_id)`` of the rows of a table that are written down as gone."""
        if not self._exists(DELETIONS.name):
            return set()
        sql = f"SELECT {{d.id}}, {{d.parent_id}} FROM {{{DELETIONS.name}}} AS d WHERE {{d.table}} = %s"
        return {(row[0], row[1]) for row in self._copied.select(sql, table)}

    def one_of(self, table: Table, column: str, value: str) -> str | None:
        """Return the id of one row that has a value in a column."""
        if not self._exists(table.name):
            return None
        sql = f"SELECT MIN({{t.id}}) FROM {{{table.name}}} AS t WHERE {{t.{column}}} = %s"
        ((found,),) = self._copied.select(sql, value)
        return None if found is None else str(found)

    def recorded(
        self, table: Table[Versions], subjects: Collection[tuple[str, ...]]
    ) -> dict[tuple[str, ...], str]:
        """Return the fingerprint that was recorded last, by subject."""
        if not self._exists(table.name):
            return {}
        newest: dict[tuple[str, ...], tuple[Any, str]] = {}
        about = [f"{{v.{name}}}" for name, _ in table.read.subject]
        columns = ", ".join([*about, "{v.recorded_at}", "{v.fingerprint}"])
        sql = f"SELECT {columns} FROM {{{table.name}}} AS v WHERE {about[-1]} IN"
        for *subject, recorded_at, fingerprint in self._copied.select_in(
            sql, sorted({subject[-1] for subject in subjects})
        ):
            known = newest.get(tuple(subject))
            if known is None or known[0] < recorded_at:
                newest[tuple(subject)] = (recorded_at, fingerprint)
        return {subject: newest[subject][1] for subject in subjects if subject in newest}

    def strays(self, table: str) -> set[str]:
        """Return the issues of which a child table or the ledger holds a row, though they are gone from ``issues``."""
        if not self._exists(table):
            return set()
        if not self._exists("issues"):
            return self._values(table, "issue_id")
        sql = (
            f"SELECT DISTINCT {{c.issue_id}} FROM {{{table}}} AS c"
            " LEFT JOIN {issues} AS i ON {i.id} = {c.issue_id} WHERE {i.id} IS NULL"
        )
        return {row[0] for row in self._copied.each(sql)}

    def holds(self, table: str) -> bool:
        """Whether there is such a table."""
        return self._exists(table)

    def children(self, table: str, issue_ids: Sequence[str]) -> list[tuple[str, str]]:
        """Return ``(id, issue_id)`` of what a child table holds of some issues."""
        if not self._exists(table):
            return []
        sql = f"SELECT {{t.id}}, {{t.issue_id}} FROM {{{table}}} AS t WHERE {{t.issue_id}} IN"
        return [(row[0], row[1]) for row in self._copied.select_in(sql, issue_ids)]

    def _values(self, table: str, column: str) -> set[str]:
        if not self._exists(table):
            return set()
        return {row[0] for row in self._copied.each(f"SELECT DISTINCT {{t.{column}}} FROM {{{table}}} AS t")}

    def _in_ledger(self, table: Table[PerParent]) -> set[str]:
        ledger = TABLES[table.read.ledger]
        if not self._exists(ledger.name):
            return set()
        sql = f"SELECT {{s.{ledger.key[0]}}} FROM {{{ledger.name}}} AS s WHERE {{s.child}} = %s"
        return {row[0] for row in self._copied.each(sql, table.name)}

    def _sources(self, table: Table[PerParent]) -> list[tuple[str, str]]:
        """Return the tables and columns that tell which parents there are."""
        wanted = [(table.read.of, "_".join(table.read.refer))]
        if table.read.is_mentioned:
            wanted.append((table.name, "id"))  # what is known already is asked for whoever mentions it
        return [(name, column) for name, column in wanted if self._exists(name)]

    def _trusted(self, child: Table[PerParent]) -> bool:
        """Whether the ledger vouches for rows that are really there: a child table that was dropped is unread."""
        return self._exists(child.read.ledger) and self._exists(child.name)

    def _exists(self, table: str) -> bool:
        if table not in self._found:
            self._found[table] = table not in self._dropped and self._copied.holds(table)
        return self._found[table]

    @contextmanager
    def _client(self) -> Iterator[SqlClientBase[Any]]:
        with self._pipeline.sql_client() as client:
            yield client


class _Query:
    """Builds the SQL about one child that all destinations read alike, with their own quoting.

    Args:
        client: Whose quoting to use.
        table: The child.
        read: Whether there is a ledger to trust.
        sources: Tables and columns that name its parents.
        cutoff: What was read before is due as well.
    """

    def __init__(
        self,
        client: SqlClientBase[Any],
        table: Table[PerParent],
        read: bool,
        sources: Sequence[tuple[str, str]] = (),
        cutoff: datetime | None = None,
    ) -> None:
        self._client = client
        self._table = table
        self._read = read
        self._cutoff = cutoff
        self.sources = sources
        self.parent = TABLES[table.read.ledger].key[0]

    @property
    def values(self) -> list[Any]:
        """The values to bind."""
        return [self._cutoff] if self._read and self._cutoff else []

    def names(self, alias: str, *columns: str) -> str:
        return ", ".join(f"{alias}.{self._client.escape_column_name(column)}" for column in columns)

    def trusted(self, child: str | None = None) -> str:
        """The ledger's rows whose load is complete: parent, child, what was known of it, when it was read."""
        table = self._client.make_qualified_table_name
        known = dict(self._table.read.moves)
        stamps = [known.get(name) for name in ("updated_at", "latest_message_time")]
        columns = [self.names("s", name) if name else "NULL" for name in stamps]
        only = f" AND {self.names('s', 'child')} = '{child}'" if child else ""
        return (
            f"SELECT {self.names('s', self.parent, 'child')}, {', '.join(columns)}, {self.names('s', 'synced_at')}"
            f" FROM {table(self._table.read.ledger)} AS s"
            f" JOIN {table('_dlt_loads')} AS l ON {self.names('l', 'load_id')} = {self.names('s', 'load_id')}"
            f" WHERE {self.names('l', 'status')} = 0{only}"
        )

    def due(self) -> str:
        """The parents that are due, in the order in which they are worth reading."""
        read = self._table.read
        there = () if read.is_mentioned else TABLES[read.of].column_names
        times = [self.names("i", name) if name in there else "NULL" for name in _TIMES]
        known = ["NULL"] * 4
        order = []
        if self._read:
            stamps = dict(self._table.read.moves)
            known = [
                self.names("s", self.parent),
                *(
                    self.names("s", stamps[name]) if name in stamps else "NULL"
                    for name in ("updated_at", "latest_message_time")
                ),
                self.names("s", "synced_at"),
            ]
            order.append(f"CASE WHEN {self.names('s', self.parent)} IS NULL THEN 1 ELSE 0 END")
        order += [f"{times[0]} DESC"] if times[0] != "NULL" else []
        ordered = f" ORDER BY {', '.join(order)}" if order else ""
        return f"SELECT {self.names('i', 'id')}, {', '.join(times + known)} {self.due_from()}{ordered}"

    def due_from(self) -> str:
        """The parents whose child is due, by the same rule as :func:`work.is_due`."""
        conditions = []
        parents = f"FROM {self._parents()} AS i"
        if self._table.read.only:
            column, value = self._table.read.only
            conditions.append(f"{self.names('i', column)} = '{value}'")
        if self._read:
            seen = self.names("s", self.parent)
            child = self.trusted(self._table.name)
            parents += f" LEFT JOIN ({child}) AS s ON {seen} = {self.names('i', 'id')}"
            due = [f"{seen} IS NULL"]
            for mine, its in self._table.read.moves:
                now, then = self.names("i", mine), self.names("s", its)
                due += [f"{now} > {then}", f"({now} IS NOT NULL AND {then} IS NULL)"]
            if self._cutoff:
                due.append(f"{self.names('s', 'synced_at')} < %s")
            conditions.append(f"({' OR '.join(due)})")
        return f"{parents} WHERE {' AND '.join(conditions)}" if conditions else parents

    def _parents(self) -> str:
        """The table of the parents, or what mentions them."""
        qualified, quoted = self._client.make_qualified_table_name, self._client.escape_column_name
        if not self._table.read.is_mentioned:
            return qualified(self.sources[0][0])
        mentions = [
            f"SELECT {quoted(column)} AS {quoted('id')} FROM {qualified(name)} WHERE {quoted(column)} IS NOT NULL"
            for name, column in self.sources
        ]
        return f"({' UNION '.join(mentions)})"
