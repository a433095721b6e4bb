"""What is due is a query: the destination's ``issues`` against its ledger ``issue_sync``.

A ledger row counts only where the load that carried it is complete, since a kill may leave the ledger of a load
in the destination without the rows that it vouches for.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

from dlt.destinations.exceptions import DatabaseUndefinedRelation

from .catalog import CHILDREN, TABLES
from .work import IssueTimes, Synced

if TYPE_CHECKING:
    import dlt
    from dlt.destinations.sql_client import SqlClientBase

IDS_PER_QUERY = 500
CHUNK = 5000


class Ledger:
    """Reads the ledger and the keys of what is stored, through the pipeline's own SQL client.

    Args:
        pipeline: The pipeline whose destination holds the copy.
        dropped: Tables that the load in progress will drop first; they count as empty.
    """

    def __init__(self, pipeline: dlt.Pipeline, dropped: Collection[str] = ()) -> None:
        self._pipeline = pipeline
        self._dropped = set(dropped)
        self._found: dict[str, bool] = {}

    def due(self, child: str, most: int | None = None) -> list[tuple[IssueTimes, Synced | None]]:
        """Return issues whose child is due, at most ``most``: known ones that moved first, then the youngest."""
        if not self._exists("issues"):
            return []
        with self._client() as client:
            names = _Names(client)
            read = self._trusted(child)
            known = (
                names("s", "issue_id", "issue_updated_at", "latest_message_time")
                if read
                else "NULL, NULL, NULL"
            )
            first = f"CASE WHEN {names('s', 'issue_id')} IS NULL THEN 1 ELSE 0 END, " if read else ""
            sql = (
                f"SELECT {names('i', 'id', 'created_at', 'updated_at', 'latest_message_time')}, {known}"
                f" {names.due_from(child, read=read)} ORDER BY {first}{names('i', 'created_at')} DESC"
            )
            with client.execute_query(sql) as cursor:
                rows = cursor.fetchmany(most) if most else cursor.fetchall()
        return [(_issue(row[:4]), Synced(_utc(row[5]), _utc(row[6])) if row[4] else None) for row in rows]

    def count_due(self, child: str) -> int:
        """Return how many issues' child is due."""
        if not self._exists("issues"):
            return 0
        with self._client() as client:
            sql = f"SELECT COUNT(*) {_Names(client).due_from(child, read=self._trusted(child))}"
            with client.execute_query(sql) as cursor:
                return int(cursor.fetchall()[0][0])

    def synced(self, issue_ids: Sequence[str]) -> dict[str, dict[str, Synced]]:
        """Return what the ledger holds for some issues: ``{child: {issue_id: Synced}}``."""
        found: dict[str, dict[str, Synced]] = defaultdict(dict)
        trusted = [child.name for child in CHILDREN if self._trusted(child.name)]
        if not trusted:
            return found
        with self._client() as client:
            names = _Names(client)
            for start in range(0, len(issue_ids), IDS_PER_QUERY):
                ids = issue_ids[start : start + IDS_PER_QUERY]
                marks = ", ".join(["%s"] * len(ids))
                sql = f"{names.trusted(None)} AND {names('s', 'issue_id')} IN ({marks})"
                with client.execute_query(sql, *ids) as cursor:
                    for issue_id, updated_at, latest, child in cursor.fetchall():
                        if child in trusted:
                            found[child][issue_id] = Synced(_utc(updated_at), _utc(latest))
        return found

    def keys(self, table: str) -> set[str]:
        """Return the first key column of all rows that a table holds."""
        return self._values(table, TABLES[table].key[0])

    def parents(self, table: str) -> set[str]:
        """Return the issues of which a child table or the ledger holds a row."""
        return self._values(table, "issue_id")

    def _values(self, table: str, column: str) -> set[str]:
        if not self._exists(table):
            return set()
        with self._client() as client:
            name = client.escape_column_name(column)
            with client.execute_query(f"SELECT DISTINCT {name} FROM {_Names(client).table(table)}") as cursor:
                return {row[0] for row in cursor.fetchall()}

    def children(self, table: str, issue_ids: Sequence[str]) -> list[tuple[str, str]]:
        """Return ``(id, issue_id)`` of what a child table holds of some issues."""
        if not issue_ids or not self._exists(table):
            return []
        found: list[tuple[str, str]] = []
        with self._client() as client:
            names = _Names(client)
            for start in range(0, len(issue_ids), IDS_PER_QUERY):
                ids = issue_ids[start : start + IDS_PER_QUERY]
                marks = ", ".join(["%s"] * len(ids))
                sql = (
                    f"SELECT {names('c', 'id', 'issue_id')} FROM {names.table(table)} AS c"
                    f" WHERE {names('c', 'issue_id')} IN ({marks})"
                )
                with client.execute_query(sql, *ids) as cursor:
                    found += [(row[0], row[1]) for row in cursor.fetchall()]
        return found

    def _trusted(self, child: str) -> bool:
        """Whether the ledger vouches for rows that are really there: a child table that was dropped is unread."""
        return self._exists("issue_sync") and self._exists(child)

    def _exists(self, table: str) -> bool:
        if table not in self._found:
            self._found[table] = table not in self._dropped and self._can_be_read(table)
        return self._found[table]

    def _can_be_read(self, table: str) -> bool:
        try:
            with (
                self._client() as client,
                client.execute_query(f"SELECT 1 FROM {_Names(client).table(table)} WHERE 1 = 0") as cursor,
            ):
                cursor.fetchall()
        except DatabaseUndefinedRelation:
            return False
        return True

    @contextmanager
    def _client(self) -> Iterator[SqlClientBase[Any]]:
        with self._pipeline.sql_client() as client:
            yield client


class _Names:
    """Builds the pieces of SQL that all destinations read alike, with their own quoting."""

    def __init__(self, client: SqlClientBase[Any]) -> None:
        self._client = client

    def __call__(self, alias: str, *columns: str) -> str:
        return ", ".join(f"{alias}.{self._client.escape_column_name(column)}" for column in columns)

    def table(self, name: str) -> str:
        return self._client.make_qualified_table_name(name)

    def trusted(self, child: str | None) -> str:
        columns = ("issue_id", "issue_updated_at", "latest_message_time", "child")
        only = f" AND {self('s', 'child')} = '{child}'" if child else ""
        return (
            f"SELECT {self('s', *columns)} FROM {self.table('issue_sync')} AS s"
            f" JOIN {self.table('_dlt_loads')} AS l ON {self('l', 'load_id')} = {self('s', 'load_id')}"
            f" WHERE {self('l', 'status')} = 0{only}"
        )

    def due_from(self, child: str, *, read: bool) -> str:
        """The issues whose child is due, by the same rule as :func:`work.is_due`."""
        issues = f"FROM {self.table('issues')} AS i"
        if not read:
            return issues
        updated, seen = self("i", "updated_at"), self("s", "issue_updated_at")
        latest, known = self("i", "latest_message_time"), self("s", "latest_message_time")
        return (
            f"{issues} LEFT JOIN ({self.trusted(child)}) AS s ON {self('s', 'issue_id')} = {self('i', 'id')}"
            f" WHERE {self('s', 'issue_id')} IS NULL"
            f" OR {updated} > {seen} OR ({updated} IS NOT NULL AND {seen} IS NULL)"
            f" OR {latest} > {known} OR ({latest} IS NOT NULL AND {known} IS NULL)"
        )


def _issue(row: Sequence[Any]) -> IssueTimes:
    return IssueTimes(row[0], _utc(row[1]), _utc(row[2]), _utc(row[3]))


def _utc(value: object) -> datetime | None:
    """Return a destination's timestamp as an aware datetime; some drivers give naive ones, which are UTC."""
    if value is None:
        return None
    stamp = cast(datetime, value)
    return stamp.replace(tzinfo=UTC) if stamp.tzinfo is None else stamp.astimezone(UTC)
