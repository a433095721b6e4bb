"""The catalogue: every endpoint and every table, once. Code, documents and tests read these facts here."""

from __future__ import annotations

from collections.abc import Collection

from . import (
    directory as tables_directory,
)
from . import (
    endpoints,
)
from . import (
    history as tables_history,
)
from . import (
    issues as tables_issues,
)
from . import (
    ledgers as tables_ledgers,
)
from . import (
    other as tables_other,
)
from . import (
    work as tables_work,
)
from .endpoints import OBJECT_TYPES
from .model import (
    EXTRA,
    RATE_LIMITS,
    SYNCED_AT,
    UNREAD,
    Column,
    ColumnType,
    Endpoint,
    Feed,
    Kind,
    Scope,
    Table,
    Tier,
)

__all__ = [
    "ABOUT_ISSUES",
    "ALL_TABLES",
    "CHILDREN",
    "COLLECTED",
    "DELETIONS",
    "DIRECTORY",
    "ENDPOINTS",
    "EXTRA",
    "HISTORIES",
    "INCREMENTAL",
    "LEDGERS",
    "NESTED",
    "OBJECT_TYPES",
    "RATE_LIMITS",
    "SYNCED_AT",
    "TABLES",
    "UNREAD",
    "USUAL",
    "Column",
    "ColumnType",
    "Endpoint",
    "Feed",
    "Kind",
    "Scope",
    "Table",
    "Tier",
    "companions",
    "suggest",
    "with_ledgers",
]

ENDPOINTS: dict[str, Endpoint] = {endpoint.name: endpoint for endpoint in endpoints.ALL}
"""Every endpoint by its name."""

TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        *tables_issues.ALL,
        tables_other.ISSUE_VOICE_CALLS,
        tables_ledgers.ISSUE_SYNC,
        *tables_directory.ALL,
        *tables_work.ALL,
        *tables_other.ALL,
        tables_ledgers.PARENT_SYNC,
        *tables_history.ALL,
    )
}
"""Every table by its name: issues, what hangs on them, then the rest; parents before children."""

DELETIONS: Table = tables_ledgers.DELETIONS
"""What was removed from the copy; written by a reconciliation, not read from an endpoint."""

ALL_TABLES: dict[str, Table] = {**TABLES, DELETIONS.name: DELETIONS}
"""Every table that a copy may hold, by its name."""

CHILDREN: tuple[Table, ...] = tuple(table for table in TABLES.values() if table.kind == "child")
"""What is read once for every issue."""

NESTED: tuple[Table, ...] = tuple(table for table in TABLES.values() if table.kind == "nested")
"""What is read once for every task, account and the like."""

INCREMENTAL: tuple[Table, ...] = tuple(table for table in TABLES.values() if table.kind == "incremental")
"""What has a time filter."""

LEDGERS: tuple[Table, ...] = tuple(table for table in TABLES.values() if table.kind == "ledger")
"""What the connector writes to remember what it has read."""

HISTORIES: tuple[Table, ...] = tuple(table for table in TABLES.values() if table.kind == "history")
"""What the connector writes when it sees that something has changed."""

ABOUT_ISSUES: tuple[Table, ...] = tuple(
    table for table in TABLES.values() if table.watches == "issues" or table.mentions
)
"""What is kept about issues besides what hangs on them: it goes when the issue goes."""

COLLECTED: frozenset[Kind] = frozenset({"directory", "incremental"})
"""The kinds of table whose rows go when a complete reading no longer shows them."""

USUAL: tuple[str, ...] = tuple(name for name, table in TABLES.items() if not table.off)
"""The tables that are read unless others are selected."""

DIRECTORY: tuple[Table, ...] = tuple(table for table in TABLES.values() if table.kind == "directory")
"""What is re-read whole at an interval."""


def companions(names: Collection[str]) -> set[str]:
    """Return the tables without which some others cannot be filled: what they watch, and the ledgers of all."""
    watched = {TABLES[name].watches for name in names}
    ledgers = {TABLES[name].ledger for name in (watched | {*names}) - {""}}
    return {name for name in watched | ledgers if name}


def with_ledgers(names: Collection[str]) -> tuple[str, ...]:
    """Return tables in the catalogue's order, with what they watch, the ledgers that they need and no other."""
    wanted = {name for name in names if TABLES[name].kind != "ledger"} | companions(names)
    return tuple(name for name in TABLES if name in wanted)


def suggest(name: str) -> str | None:
    """Return the table that was probably meant by ``name``, or ``None`` if nothing comes near."""
    from difflib import get_close_matches  # only needed once something is wrong

    wanted = name.strip().lower().replace("-", "_").replace(" ", "_")
    return next(iter(get_close_matches(wanted, TABLES, n=1)), None)
