"""What is due is a query: the destination's rows against its ledgers ``issue_sync`` and ``parent_sync``.

A ledger row counts only where the load that carried it is complete, since a kill may leave the ledger of a load
in the destination without the rows that it vouches for.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence

from ..catalog import HANGING, TABLES, PerParent, Table
from .contents import Contents
from .copied import chunks, marks, utc
from .due import Query
from .few import Few, Row
from .work import Span, Synced, Times


class Ledger:
    """Reads the ledgers.

    Args:
        contents: What the copy holds.
    """

    def __init__(self, contents: Contents) -> None:
        self._contents = contents
        self._copied = contents.copied
        self._few = Few(contents)

    def due(
        self, child: str, most: int | None = None, fresh: Span | None = None
    ) -> list[tuple[Times, Synced | None]]:
        """Return parents whose child is due, at most ``most``: known ones that moved first, then the youngest.

        Args:
            child: The table that hangs on them.
            most: How many to return.
            fresh: What was not read in that span is due as well.
        """
        rows = self._few_due(HANGING[child], fresh)
        if rows is None:
            query = self._query(HANGING[child], fresh)
            rows = self._copied.select(query.due(), *query.values, most=most) if query else []
        return [
            (Times(row[0], *map(utc, row[1:4])), Synced(*map(utc, row[5:8])) if row[4] else None)
            for row in rows[:most]
        ]

    def some_read(self, child: str, most: int) -> list[str]:
        """Return some parents of which a child was read before, at most ``most``: those with the most rows."""
        table = HANGING[child]
        if not self._trusted(table):
            return []
        query = Query(table, read=True)
        sql = f"{query.trusted(child)} ORDER BY {{s.row_count}} DESC"
        return [str(row[0]) for row in self._copied.select(sql, most=most)]

    def count_due(self, child: str, fresh: Span | None = None) -> int:
        """Return how many parents' child is due."""
        if (few := self._few_due(HANGING[child], fresh)) is not None:
            return len(few)
        query = self._query(HANGING[child], fresh)
        rows = self._copied.select(f"SELECT COUNT(*) {query.due_from()}", *query.values) if query else []
        return int(rows[0][0]) if rows else 0

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
        query = Query(next(iter(trusted.values())), read=True)
        for some in chunks(ids):
            sql = f"{query.trusted()} AND {{s.{query.parent}}} IN {marks(some)}"
            for parent_id, child, *stamps in self._copied.select(sql, *some):
                if child in trusted:
                    found[child][parent_id] = Synced(*map(utc, stamps))
        return found

    def found_empty(self, child: str) -> list[str]:
        """Return the parents that were found to have none of a child."""
        ledger = TABLES[HANGING[child].read.ledger]
        if not self._contents.holds(ledger.name):
            return []
        sql = (
            f"SELECT {{.{ledger.key[0]}}} FROM {{{ledger.name}}} WHERE {{.child}} = %s AND {{.row_count}} = 0"
        )
        return [str(row[0]) for row in self._copied.select(sql, child)]

    def forget(self, child: str) -> None:
        """Forget all readings of a child at once: it is due for every parent."""
        self._few.forget()
        ledger = HANGING[child].read.ledger
        if self._contents.holds(ledger):
            self._copied.execute(f"DELETE FROM {{{ledger}}} WHERE {{.child}} = %s", child)

    def miscounted(self, child: str) -> list[str]:
        """Return the parents of which a child table does not hold as many rows as the ledger vouches for."""
        table = HANGING[child]
        if not table.parent or not self._trusted(table):
            return []
        return [row[0] for row in self._copied.select(Query(table, read=True).miscounted(), child)]

    def forget_some(self, child: str, parents: Sequence[str]) -> None:
        """Forget the readings of a child of some parents at once: it is due for them."""
        self._few.forget()
        ledger = TABLES[HANGING[child].read.ledger]
        for some in chunks(parents):
            sql = f"DELETE FROM {{{ledger.name}}} WHERE {{.child}} = %s AND {{.{ledger.key[0]}}} IN {marks(some)}"
            self._copied.execute(sql, child, *some)

    def orphans(self, child: str) -> set[str]:
        """Return the parents that are gone from their table, though rows or the ledger still speak of them."""
        table = HANGING[child]
        if not self._contents.holds(table.read.of):
            return set()
        spoken_of = []
        if self._contents.holds(table.read.ledger):
            key = TABLES[table.read.ledger].key[0]
            spoken_of.append(
                f"SELECT {{s.{key}}} AS {{.id}} FROM {{{table.read.ledger}}} AS s WHERE {{s.child}} = '{child}'"
            )
        if table.parent and self._contents.holds(child):
            spoken_of.append(f"SELECT {{c.{table.parent}}} AS {{.id}} FROM {{{child}}} AS c")
        if not spoken_of:
            return set()
        sources = self._sources(table)
        alive = " UNION ".join(
            f"SELECT {{a.{column}}} AS {{.id}} FROM {{{name}}} AS a" for name, column in sources
        )
        rows = self._copied.select(
            f"SELECT {{k.id}} FROM ({' UNION '.join(spoken_of)}) AS k LEFT JOIN ({alive}) AS p ON {{p.id}} = {{k.id}}"
            " WHERE {p.id} IS NULL AND {k.id} IS NOT NULL"
        )
        return {str(row[0]) for row in rows}

    def _few_due(self, table: Table[PerParent], fresh: Span | None) -> list[Row] | None:
        """Return the parents whose child is due, if few can be; ``None``: all are to be asked about."""
        if fresh or not self._trusted(table) or not (sources := self._sources(table)):
            return None  # by its age, a reading may be due although nothing moved
        return self._few.due(table, sources)

    def _query(self, table: Table[PerParent], fresh: Span | None) -> Query | None:
        """Return what asks all parents whether a child is due; ``None``: there are none."""
        sources = self._sources(table)
        return Query(table, read=self._trusted(table), sources=sources, fresh=fresh) if sources else None

    def _sources(self, table: Table[PerParent]) -> list[tuple[str, str]]:
        """Return the tables and columns that tell which parents there are."""
        wanted = [(table.read.of, "_".join(table.read.refer))]
        if table.read.is_mentioned:
            wanted.append((table.name, "id"))  # what is known already is asked for whoever mentions it
        return [(name, column) for name, column in wanted if self._contents.holds(name)]

    def _trusted(self, child: Table[PerParent]) -> bool:
        """Whether the ledger vouches for rows that are really there: a child table that was dropped is unread."""
        return self._contents.holds(child.read.ledger) and self._contents.holds(child.name)
