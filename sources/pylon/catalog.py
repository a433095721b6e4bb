"""The catalogue: every endpoint and every table, once. Code, documents and tests read these facts here."""

from __future__ import annotations

from . import endpoints, tables_directory, tables_issues
from .endpoints import OBJECT_TYPES
from .model import (
    EXTRA,
    RATE_LIMITS,
    SYNCED_AT,
    UNREAD,
    Column,
    ColumnType,
    Endpoint,
    Kind,
    Scope,
    Table,
    Tier,
)

__all__ = [
    "ALL_TABLES",
    "CHILDREN",
    "DELETIONS",
    "DIRECTORY",
    "ENDPOINTS",
    "EXTRA",
    "OBJECT_TYPES",
    "RATE_LIMITS",
    "SYNCED_AT",
    "TABLES",
    "UNREAD",
    "Column",
    "ColumnType",
    "Endpoint",
    "Kind",
    "Scope",
    "Table",
    "Tier",
    "suggest",
]

ENDPOINTS: dict[str, Endpoint] = {endpoint.name: endpoint for endpoint in endpoints.ALL}
"""Every endpoint by its name."""

TABLES: dict[str, Table] = {table.name: table for table in (*tables_issues.ALL, *tables_directory.ALL)}
"""Every table by its name: issues, what hangs on them, then the directory; parents before children."""

DELETIONS: Table = tables_issues.DELETIONS
"""What was removed from the copy; written by a reconciliation, not read from an endpoint."""

ALL_TABLES: dict[str, Table] = {**TABLES, DELETIONS.name: DELETIONS}
"""Every table that a copy may hold, by its name."""

CHILDREN: tuple[Table, ...] = tuple(table for table in TABLES.values() if table.kind == "child")
"""What is read once for every issue."""

DIRECTORY: tuple[Table, ...] = tuple(table for table in TABLES.values() if table.kind == "directory")
"""What is re-read whole at an interval."""


def suggest(name: str) -> str | None:
    """Return the table that was probably meant by ``name``, or ``None`` if nothing comes near."""
    from difflib import get_close_matches  # only needed once something is wrong

    wanted = name.strip().lower().replace("-", "_").replace(" ", "_")
    return next(iter(get_close_matches(wanted, TABLES, n=1)), None)
