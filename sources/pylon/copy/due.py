"""The SQL that asks what is due, and what the ledgers vouch for; names as :class:`copied.Copied` quotes them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from ..catalog import TABLES, PerParent, Table
from .agreement import among
from .work import Span

_TIMES = ("created_at", "updated_at", "latest_message_time")


class Query:
    """Builds the SQL about one child that all destinations read alike.

    Args:
        table: The child.
        read: Whether there is a ledger to trust.
        sources: Tables and columns that name its parents.
        fresh: What was read before it or, by its stamp, after it is due as well.
    """

    def __init__(
        self,
        table: Table[PerParent],
        *,
        read: bool,
        sources: Sequence[tuple[str, str]] = (),
        fresh: Span | None = None,
    ) -> None:
        self._table = table
        self._read = read
        self._fresh = fresh
        self._sources = sources
        self.parent = TABLES[table.read.ledger].key[0]
        """The ledger's column with the parent's id."""

    @property
    def values(self) -> list[datetime]:
        """The values to bind."""
        return [self._fresh.since, self._fresh.until] if self._read and self._fresh else []

    def trusted(self, child: str | None = None) -> str:
        """The ledger's rows whose load is complete: parent, child, what was known of it, when it was read."""
        known = dict(self._table.read.moves)
        stamps = [known.get(name) for name in ("updated_at", "latest_message_time")]
        # two without a name would be one name twice, which MySQL refuses in a derived table
        columns = [
            f"{{s.{name}}}" if name else f"NULL AS {{.unknown_{number}}}"
            for number, name in enumerate(stamps)
        ]
        only = f" AND {{s.child}} = '{child}'" if child else ""
        return (
            f"SELECT {{s.{self.parent}}}, {{s.child}}, {', '.join(columns)}, {{s.synced_at}}"
            f" FROM {{{self._table.read.ledger}}} AS s JOIN {{_dlt_loads}} AS l ON {{l.load_id}} = {{s.load_id}}"
            f" WHERE {{l.status}} = 0{only}"
        )

    def due(self) -> str:
        """The parents that are due, in the order in which they are worth reading."""
        return f"SELECT {self._told()} {self.due_from()}{self._ordered()}"

    def due_from(self) -> str:
        """The parents whose child is due, by the same rule as :func:`work.is_due`."""
        conditions = []
        parents = f"FROM {self._parents()} AS i"
        if self._table.read.only:
            column, value = self._table.read.only
            conditions.append(f"{{i.{column}}} = '{value}'")
        if self._read:
            parents += f" LEFT JOIN ({self.trusted(self._table.name)}) AS s ON {{s.{self.parent}}} = {{i.id}}"
            conditions.append(self._moved())
        return f"{parents} WHERE {' AND '.join(conditions)}" if conditions else parents

    def due_among(self, children: Collection[Table[PerParent]], parts: Collection[int]) -> str:
        """The same of several children that share parents and ledger, of the parents in some parts; DuckDB's SQL.

        A row begins with the child's name. It is one look at the ledger, which takes as long as one for each child.

        Args:
            children: The children; all have been read before.
            parts: Where parents and ledger differ, as :mod:`.agreement` divides them.
        """
        names = ", ".join(f"'{child.name}'" for child in children)
        only = [
            f"({{c.child}} <> '{child.name}' OR {{i.{child.read.only[0]}}} = '{child.read.only[1]}')"
            for child in children
            if child.read.only
        ]
        conditions = [among("{i.id}", parts), *only, self._moved()]
        return (
            f"SELECT {{c.child}}, {self._told()} FROM {self._parents()} AS i"
            f" CROSS JOIN (SELECT UNNEST([{names}]) AS {{.child}}) AS c"
            f" LEFT JOIN ({self.trusted()} AND {among(f'{{s.{self.parent}}}', parts)}) AS s"
            f" ON {{s.{self.parent}}} = {{i.id}} AND {{s.child}} = {{c.child}}"
            f" WHERE {' AND '.join(conditions)}{self._ordered()}"
        )

    def miscounted(self) -> str:
        """The parents of which there are not as many rows as the ledger says; binds the child's name."""
        name, parent = self._table.name, self._table.parent
        columns = f"{{c.{parent}}} AS {{.parent}}, COUNT(*) AS {{.number}}"
        counted = f"SELECT {columns} FROM {{{name}}} AS c GROUP BY {{c.{parent}}}"
        return (
            f"SELECT {{s.{self.parent}}} FROM {{{self._table.read.ledger}}} AS s"
            f" JOIN {{_dlt_loads}} AS l ON {{l.load_id}} = {{s.load_id}}"
            f" LEFT JOIN ({counted}) AS n ON {{n.parent}} = {{s.{self.parent}}}"
            f" WHERE {{l.status}} = 0 AND {{s.child}} = %s AND {{s.row_count}} <> COALESCE({{n.number}}, 0)"
        )

    def _moved(self) -> str:
        """Whether a parent moved on since its child was read, or is due for its age."""
        due = [f"{{s.{self.parent}}} IS NULL"]
        for mine, its in self._table.read.moves:
            now, then = f"{{i.{mine}}}", f"{{s.{its}}}"
            due += [f"{now} > {then}", f"({now} IS NOT NULL AND {then} IS NULL)"]
        if self._fresh:
            due += ["{s.synced_at} < %s", "{s.synced_at} > %s"]
        return f"({' OR '.join(due)})"

    def _told(self) -> str:
        """The columns about a parent: its id and times, and what the ledger holds of it."""
        return ", ".join(["{i.id}", *self._times(), *self._known()])

    def _times(self) -> list[str]:
        there = () if self._table.read.is_mentioned else TABLES[self._table.read.of].column_names
        return [f"{{i.{name}}}" if name in there else "NULL" for name in _TIMES]

    def _ordered(self) -> str:
        order = [f"CASE WHEN {{s.{self.parent}}} IS NULL THEN 1 ELSE 0 END"] if self._read else []
        created = self._times()[0]
        order += [f"{created} DESC"] if created != "NULL" else []
        return f" ORDER BY {', '.join(order)}" if order else ""

    def _known(self) -> list[str]:
        """What the ledger holds of a parent: its id, up to when it was known, when it was read."""
        if not self._read:
            return ["NULL"] * 4
        stamps = dict(self._table.read.moves)
        moved = [
            f"{{s.{stamps[name]}}}" if name in stamps else "NULL"
            for name in ("updated_at", "latest_message_time")
        ]
        return [f"{{s.{self.parent}}}", *moved, "{s.synced_at}"]

    def _parents(self) -> str:
        """The table of the parents, or what mentions them."""
        if not self._table.read.is_mentioned:
            return f"{{{self._sources[0][0]}}}"
        mentions = [
            f"SELECT {{.{column}}} AS {{.id}} FROM {{{name}}} WHERE {{.{column}}} IS NOT NULL"
            for name, column in self._sources
        ]
        return f"({' UNION '.join(mentions)})"
