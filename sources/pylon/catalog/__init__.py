"""The catalogue: every endpoint and every table, once. Code, documents and tests read these facts here."""

from __future__ import annotations

from collections.abc import Collection
from typing import cast

from . import directory, endpoints, issues, ledgers, other, versions, work
from .endpoints import OBJECT_TYPES
from .model import (
    EXTRA,
    RATE_LIMITS,
    REMOVED,
    SYNCED_AT,
    Column,
    ColumnType,
    Configured,
    Deletions,
    Endpoint,
    Feed,
    FromApi,
    Issues,
    Ledger,
    Listed,
    Per,
    PerParent,
    R,
    Read,
    RowsOf,
    Scope,
    Table,
    Tier,
    Versions,
    Whole,
    is_read,
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
    "FOLLOWING",
    "HANGING",
    "INCREMENTAL",
    "ISSUES",
    "LEDGERS",
    "NESTED",
    "OBJECT_TYPES",
    "ONCE",
    "RATE_LIMITS",
    "READ",
    "REMOVED",
    "SYNCED_AT",
    "TABLES",
    "USUAL",
    "VERSIONS",
    "WRITTEN",
    "Column",
    "ColumnType",
    "Configured",
    "Deletions",
    "Endpoint",
    "Feed",
    "FromApi",
    "Issues",
    "Ledger",
    "Listed",
    "Per",
    "PerParent",
    "Read",
    "RowsOf",
    "Scope",
    "Table",
    "Tier",
    "Versions",
    "Whole",
    "companions",
    "is_read",
    "suggest",
    "with_ledgers",
]

ENDPOINTS: dict[str, Endpoint] = {endpoint.name: endpoint for endpoint in endpoints.ALL}
"""Every endpoint by its name."""

TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        *issues.ALL,
        other.ISSUE_VOICE_CALLS,
        ledgers.ISSUE_SYNC,
        *directory.ALL,
        *work.ALL,
        *other.ALL,
        ledgers.PARENT_SYNC,
        *versions.ALL,
    )
}
"""Every table by its name: issues, what hangs on them, then the rest; parents before children."""

ISSUES: Table[Issues] = issues.ISSUES
"""The issues themselves."""

DELETIONS: Table[Deletions] = ledgers.DELETIONS
"""What was removed from the copy; written by a reconciliation, not read from an endpoint."""

ALL_TABLES: dict[str, Table] = {**TABLES, DELETIONS.name: DELETIONS}
"""Every table that a copy may hold, by its name."""


def _read(how: type[R]) -> tuple[Table[R], ...]:
    return tuple(cast("Table[R]", table) for table in TABLES.values() if isinstance(table.read, how))


HANGING: dict[str, Table[PerParent]] = {table.name: table for table in _read(PerParent)}
"""What is read once for each row of another table, by its name."""

CHILDREN: tuple[Table[PerParent], ...] = tuple(table for table in HANGING.values() if table.read.is_of_issues)
"""What is read once for every issue."""

NESTED: tuple[Table[PerParent], ...] = tuple(
    table for table in HANGING.values() if not table.read.is_of_issues
)
"""What is read once for every task, account and the like."""

DIRECTORY: tuple[Table[Whole], ...] = _read(Whole)
"""What is re-read whole at an interval."""

INCREMENTAL: tuple[Table[Feed], ...] = _read(Feed)
"""What has a time filter."""

COLLECTED: dict[str, Table[Whole] | Table[Feed]] = {
    **{table.name: table for table in DIRECTORY},
    **{table.name: table for table in INCREMENTAL},
}
"""The tables whose rows go when a complete reading no longer shows them, by name."""

READ: tuple[Table[FromApi], ...] = tuple(
    cast("Table[FromApi]", table) for table in TABLES.values() if isinstance(table.read, FromApi)
)
"""What is read from the API; the connector writes the rest."""

LEDGERS: tuple[Table[Ledger], ...] = _read(Ledger)
"""What the connector writes to remember what it has read."""

VERSIONS: tuple[Table[Versions], ...] = _read(Versions)
"""What the connector writes when it sees that something has changed."""

ONCE: frozenset[str] = frozenset({DELETIONS.name, *(table.name for table in VERSIONS)})
"""The tables whose rows cannot be read again: they tell of former times."""

FOLLOWING: frozenset[str] = frozenset(
    table.name for table in ALL_TABLES.values() if isinstance(table.read, Ledger | Versions)
)
"""The names of what is written only because other tables are read."""

WRITTEN: tuple[Table, ...] = tuple(table for table in ALL_TABLES.values() if table.endpoint is None)
"""All that the connector writes itself."""

ABOUT_ISSUES: tuple[Table, ...] = (
    *(table for table in INCREMENTAL if table.read.excerpt_of == ISSUES.name),
    *(table for table in VERSIONS if table.read.watches == ISSUES.name),
)
"""What is kept about issues besides what hangs on them: it goes when the issue goes."""

USUAL: tuple[str, ...] = tuple(name for name, table in TABLES.items() if not table.off)
"""The tables that are read unless others are selected."""


def companions(names: Collection[str]) -> set[str]:
    """Return the tables without which some others cannot be filled: what they watch, and the ledgers of all."""
    watched = {table.read.watches for table in VERSIONS if table.name in names}
    return watched | {
        table.read.ledger for name, table in HANGING.items() if name in watched or name in names
    }


def with_ledgers(names: Collection[str]) -> tuple[str, ...]:
    """Return tables in the catalogue's order, with what they watch, the ledgers that they need and no other."""
    of_our_own = {table.name for table in LEDGERS}
    wanted = ({*names} - of_our_own) | companions(names)
    return tuple(name for name in TABLES if name in wanted)


def suggest(name: str) -> str | None:
    """Return the table that was probably meant by ``name``, or ``None`` if nothing comes near."""
    from difflib import get_close_matches  # only needed once something is wrong

    wanted = name.strip().lower().replace("-", "_").replace(" ", "_")
    return next(iter(get_close_matches(wanted, TABLES, n=1)), None)
