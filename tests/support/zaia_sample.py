"""Zaia's tables of a small sample workspace, written as its source would, without asking anybody."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import duckdb

from pylon_elt.emulator import zaia
from pylon_elt.sources.zaia import catalog, rows

SCHEMA = "zaia"
TYPES = {
    "text": "VARCHAR",
    "bigint": "BIGINT",
    "bool": "BOOLEAN",
    "timestamp": "TIMESTAMPTZ",
    "json": "JSON",
}


def copy(connection: duckdb.DuckDBPyConnection, now: datetime, tickets: int = 60, seed: int = 7) -> None:
    """Make the schema ``zaia`` with what a copy of a workspace holds.

    Args:
        connection: Where to write; its time zone is UTC.
        now: The workspace's present, at which it is read.
        tickets: How many tickets there are.
        seed: Of the workspace.
    """
    world = zaia.World.seeded(seed=seed, tickets=tickets, now=now)
    connection.execute(f"CREATE SCHEMA {SCHEMA}")
    for table in (catalog.TICKETS, catalog.CHATS, *catalog.CHILDREN, *catalog.DIRECTORY):
        found = [rows.to_row(table, source, now.astimezone(UTC)) for source in world.rows(table.name)]
        _write(connection, table, found)
    for table in (catalog.CHAT_SYNC, catalog.DELETIONS):
        _write(connection, table, [])


def _write(connection: duckdb.DuckDBPyConnection, table: catalog.Table, found: list[dict[str, Any]]) -> None:
    columns = {name: hint["data_type"] for name, hint in catalog.hints(table)["columns"].items()}
    made = ", ".join(f'"{name}" {TYPES[kind]}' for name, kind in columns.items())
    connection.execute(f'CREATE TABLE {SCHEMA}."{table.name}" ({made})')
    values = [[_value(row.get(name), kind) for name, kind in columns.items()] for row in found]
    if values:
        marks = ", ".join("?" for _ in columns)
        connection.executemany(f'INSERT INTO {SCHEMA}."{table.name}" VALUES ({marks})', values)


def _value(value: Any, kind: str) -> Any:
    return json.dumps(value) if kind == "json" and value is not None else value
