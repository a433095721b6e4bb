"""What the copy holds, asked of the destination: what is new, and what is gone, is told against it."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Self

import dlt
from dlt.common.storages.exceptions import CurrentLoadPackageStateNotAvailable
from dlt.common.storages.load_package import load_package_state
from dlt.destinations.exceptions import DatabaseTransientException, DatabaseUndefinedRelation
from dlt.destinations.sql_client import SqlClientBase

from .catalog import CHAT_SYNC, CHATS, DELETIONS, DIGEST, TICKETS, Table
from .errors import ConfigurationError

IDS_PER_QUERY = 500
_NAME = re.compile(r"\{(?:(\w*)\.)?(\w+)\}")

_COMPLETE = "{t._dlt_load_id} IN (SELECT {l.load_id} FROM {_dlt_loads} AS l WHERE {l.status} = 0)"
"""A kill may leave some tables of a load without the others: a ledger's row counts only if its load is complete."""

Known = dict[str, tuple[str, str | None]]
"""Digest and status by id; tables without a status have ``None``."""


class Copy:
    """Reads the copy that a pipeline fills; a table that is not there holds nothing.

    In its queries ``{table}`` and ``{alias.column}`` stand for names, quoted as the destination wants them.

    Args:
        pipeline: The pipeline; without a destination, as where rows are only looked at, nothing is known.
    """

    def __init__(self, pipeline: dlt.Pipeline) -> None:
        self.pipeline = pipeline
        self._client: SqlClientBase[Any] | None = None
        self._users = 0

    def __enter__(self) -> Self:
        """Stay connected until the last of those who have entered is done."""
        self._users += 1
        return self

    def __exit__(self, *_: object) -> None:
        self._users -= 1
        if not self._users:
            self._close()

    def known(self, table: Table, ids: Collection[str] | None = None) -> Known:
        """Return what tells the state of rows: of some, or of all."""
        status = "{t.status}" if table is TICKETS else "NULL"
        sql = f"SELECT {{t.id}}, {{t._digest}}, {status} FROM {{{table.name}}} AS t"
        rows = self._select(sql) if ids is None else self._select_in(f"{sql} WHERE {{t.id}} IN", ids)
        return {row[0]: (row[1], row[2]) for row in rows}

    def open_tickets(self, closed: Sequence[str]) -> Known:
        """Return the tickets of the copy that are not in one of some statuses."""
        sql = "SELECT {t.id}, {t._digest}, {t.status} FROM {tickets} AS t"
        where = f" WHERE {{t.status}} NOT IN {_marks(closed)}" if closed else ""
        return {row[0]: (row[1], row[2]) for row in self._select(sql + where, *closed)}

    def chats_of(self, ids: Collection[str]) -> dict[str, str]:
        """Return the chat of each of some tickets."""
        sql = "SELECT {t.id}, {t.chat_id} FROM {tickets} AS t WHERE {t.id} IN"
        return dict(self._select_in(sql, ids))

    def count(self, table: Table, status: str | None = None) -> int:
        """Return how many rows a table holds, of tickets perhaps those in one status."""
        where = "" if status is None else " WHERE {t.status} = %s"
        values = () if status is None else (status,)
        found = self._select(f"SELECT COUNT(*) FROM {{{table.name}}} AS t{where}", *values)
        return int(found[0][0]) if found else 0

    def ids_of(self, table: Table, parent_id: str) -> list[str]:
        """Return the rows that a table holds of a parent."""
        sql = f"SELECT {{t.id}} FROM {{{table.name}}} AS t WHERE {{t.{table.parent}}} = %s"
        return [row[0] for row in self._select(sql, parent_id)]

    def recorded(self, table: Table, ids: Collection[str]) -> list[tuple[str, str]]:
        """Return ``(id, parent_id)`` of those of some rows that ``deletions`` holds."""
        sql = (
            f"SELECT {{t.id}}, {{t.parent_id}}, {{t.table}} FROM {{{DELETIONS.name}}} AS t WHERE {{t.id}} IN"
        )
        return [(row[0], row[1]) for row in self._select_in(sql, ids) if row[2] == table.name]

    def read_to(self, child: Table, chats: Collection[str]) -> dict[str, datetime | None]:
        """Return the ledger of some chats: which time their newest message had when a child was last read."""
        sql = (
            f"SELECT {{t.chat_id}}, {{t.last_chat_message_created_at}}, {{t.child}} FROM {{{CHAT_SYNC.name}}} AS t"
            f" WHERE {_COMPLETE} AND {{t.chat_id}} IN"
        )
        return {row[0]: _utc(row[1]) for row in self._select_in(sql, chats) if row[2] == child.name}

    def vouches(self, child: Table) -> bool:
        """Whether the ledger is to be believed of a table: it knows the table, and what it tells of is there."""
        sql = f"SELECT SUM({{t.row_count}}) FROM {{{CHAT_SYNC.name}}} AS t WHERE {{t.child}} = %s"
        told = next(iter(self._select(sql, child.name)), (None,))[0]
        return told is not None and (not told or self.count(child) > 0)

    def told_of(self, child: Table) -> list[str]:
        """Return the chats of which the ledger tells that a child was read."""
        return [
            row[0]
            for row in self._select(
                "SELECT {t.chat_id} FROM {chat_sync} AS t WHERE {t.child} = %s", child.name
            )
        ]

    def chats(self) -> dict[str, datetime | None]:
        """Return all chats of the copy, each with the time of its newest message."""
        sql = f"SELECT {{t.id}}, {{t.last_chat_message_created_at}} FROM {{{CHATS.name}}} AS t"
        return {row[0]: _utc(row[1]) for row in self._select(sql)}

    def chats_after(self, moment: datetime) -> set[str]:
        """Return the chats of the copy whose newest message is later than that."""
        sql = f"SELECT {{t.id}} FROM {{{CHATS.name}}} AS t WHERE {{t.last_chat_message_created_at}} > %s"
        return {row[0] for row in self._select(sql, moment)}

    def due(self, child: Table) -> dict[str, datetime | None]:
        """Return the chats of the copy of which a child has not been read since their newest message, with its time.

        A chat that does not tell when that was is due once it has changed.
        """
        sql = (
            f"SELECT {{c.id}}, {{c.last_chat_message_created_at}} FROM {{{CHATS.name}}} AS c LEFT JOIN"
            " (SELECT {t.chat_id}, {t.last_chat_message_created_at}, {t._synced_at}"
            f" FROM {{{CHAT_SYNC.name}}} AS t"
            f" WHERE {{t.child}} = %s AND {_COMPLETE}) AS s ON {{s.chat_id}} = {{c.id}}"
            " WHERE {s.chat_id} IS NULL OR {s.last_chat_message_created_at} <> {c.last_chat_message_created_at} OR"
            " ({s.last_chat_message_created_at} IS NULL AND {c.last_chat_message_created_at} IS NOT NULL) OR"
            " ({c.last_chat_message_created_at} IS NULL AND {s._synced_at} < {c._synced_at})"
        )
        return {row[0]: _utc(row[1]) for row in self._select(sql, child.name)}

    def _select_in(self, sql: str, ids: Collection[str]) -> Iterator[tuple[Any, ...]]:
        asked = list(ids)
        for start in range(0, len(asked), IDS_PER_QUERY):
            some = asked[start : start + IDS_PER_QUERY]
            yield from self._select(f"{sql} {_marks(some)}", *some)

    def _select(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        if not self.pipeline.destination:  # rows may be looked at without loading them
            return []
        if _emptied() & {word for alias, word in _NAME.findall(sql) if not alias}:
            return []
        try:
            return self._ask(sql, values)
        except DatabaseTransientException:  # a server closes a connection that was idle for long
            self._close()
            return self._ask(sql, values)

    def _ask(self, sql: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        if self._client is None:
            self._client = self.pipeline.sql_client()
            self._client.open_connection()
        try:
            return [tuple(row) for row in self._client.execute_sql(_named(self._client, sql), *values) or []]
        except DatabaseUndefinedRelation:
            return []

    def _close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            with suppress(Exception):
                client.close_connection()


def refuse_shared(copy: Copy, schema: str, tables: Collection[str]) -> None:
    """Make sure that no other source has, or is about to have, tables of these names in the dataset.

    Args:
        copy: The copy in that dataset.
        schema: What dlt calls the schema of this source.
        tables: What this source reads.

    Raises:
        ConfigurationError: One has. Nothing was read.
    """
    if not copy.pipeline.config.use_single_dataset:
        if (first := copy.pipeline.default_schema_name) not in (None, schema):
            raise ConfigurationError(
                f"With use_single_dataset = false, the dataset of {first} would tell what is new in {schema}.",
                "Load each source by a pipeline of its own.",
            )
        return
    for other, its in _others(copy, schema):
        shared = [name for name in its if name in tables and _is_alien(its[name])]
        if shared:
            raise ConfigurationError(
                f"The source {other} has tables in the dataset {copy.pipeline.dataset_name} that are called as"
                f" those of {schema}: {', '.join(sorted(shared))}. Rows of both would be in one table.",
                "Load each source into a dataset of its own, by a pipeline with another dataset_name.",
            )


def _others(copy: Copy, schema: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Return the other schemas of the dataset, as the pipeline and the destination know them, with their tables."""
    schemas: Any = copy.pipeline.schemas
    for name in {*copy.pipeline.schema_names, *schemas.live_schemas} - {schema}:
        yield name, schemas[name].tables
    sql = "SELECT {v.schema_name}, {v.schema}, {v.inserted_at} FROM {_dlt_version} AS v ORDER BY {v.inserted_at}"
    newest = {row[0]: row[1] for row in copy._select(sql)}  # noqa: SLF001 - of this module
    for name, stored in newest.items():
        if name != schema:
            yield name, json.loads(stored).get("tables", {})


def _is_alien(table: Mapping[str, Any]) -> bool:
    """Whether a table is not ours under another schema's name, as where resources were run without their source."""
    columns = {column.casefold() for column in table["columns"]}
    return bool(columns) and DIGEST.name not in columns


def _emptied() -> set[str]:
    """Return the tables that the load in progress drops or empties first, as ``refresh`` asks it to."""
    try:
        state: Any = load_package_state()["state"]
    except CurrentLoadPackageStateNotAvailable:
        return set()
    tables = [*(state.get("dropped_tables") or []), *(state.get("truncated_tables") or [])]
    return {str(table["name"]) for table in tables}


def _marks(some: Sequence[str]) -> str:
    return f"({', '.join(['%s'] * len(some))})"


def _named(client: SqlClientBase[Any], sql: str) -> str:
    def name(found: re.Match[str]) -> str:
        alias, word = found.groups()
        if alias is None:
            return client.make_qualified_table_name(word)
        return f"{alias}.{client.escape_column_name(word)}"

    return _NAME.sub(name, sql)


def _utc(value: Any) -> datetime | None:
    """Return a destination's timestamp; some drivers give naive ones, which are UTC."""
    if not isinstance(value, datetime):
        return None
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
