"""One set of tables for analysis over all workspaces: each row says whose it is.

In DuckDB a file of its own, which is put in place of the last one as a whole; in Postgres a schema of its own, in one
transaction. The copies are only read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from pylon_elt.sources.pylon.copy.neighbours import MARTS

from ..base import exits
from ..base.sql_text import literal, quoted
from ..copy.places import Place
from ..transform import package
from .union_sql import Part, union

LIST = "support__workspaces"
"""The table that says which workspaces a union holds, and by which it is known."""


@dataclass(frozen=True, slots=True)
class Made:
    """A union that was made."""

    place: str
    schema: str
    tables: tuple[str, ...]
    workspaces: tuple[str, ...]
    left_out: Mapping[str, str]
    """Workspaces that are not in it, each with the reason."""


class Database(Protocol):
    """Where a union is made."""

    text: str
    """The type of texts."""

    def run(self, statement: str) -> list[tuple[Any, ...]]:
        """Run one statement, and return its rows."""

    def columns(self, name: str) -> Mapping[str, Mapping[str, str]]:
        """Return the types of the columns of a workspace's tables, by table."""

    def table(self, name: str, table: str) -> str:
        """Return a table of a workspace in full."""

    def target(self, table: str) -> str:
        """Return a table of the union in full."""


def schema_of(place: Place) -> str:
    """Return where the tables for analysis of a copy are."""
    return f"{place.schema}{MARTS[0]}"


def fill(database: Database, found: Mapping[str, Place]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Make the tables of a union, and return their names and those of the workspaces in it.

    Args:
        database: Where.
        found: The copies by workspace.
    """
    known = {name: database.columns(name) for name in found}
    held = tuple(name for name, tables in known.items() if tables)
    made = []
    for table in package.marts():
        parts = [
            Part(name, database.table(name, table), known[name][table])
            for name in held
            if table in known[name]
        ]
        if parts:
            database.run(f"CREATE TABLE {database.target(table)} AS {union(parts, database.text)}")
            made.append(table)
    _list(database, {name: found[name] for name in held})
    return tuple(made), held


def _list(database: Database, found: Mapping[str, Place]) -> None:
    columns = ("workspace", "destination", "dataset", "file", "united_at")
    defined = ", ".join(f"{quoted(column)} {database.text}" for column in columns[:-1])
    target = database.target(LIST)
    database.run(f"CREATE TABLE {target} ({defined}, {quoted(columns[-1])} TIMESTAMP WITH TIME ZONE)")
    now = datetime.now(UTC).isoformat(timespec="seconds")
    for name, place in found.items():
        values = (name, place.destination, place.schema, str(place.file or ""), now)
        database.run(f"INSERT INTO {target} VALUES ({', '.join(map(literal, values))})")


def without(held: Mapping[str, Place], names: Sequence[str]) -> dict[str, str]:
    """Return why those are left out that have nothing to unite."""
    return {name: "it has no tables for analysis yet" for name in held if name not in names}


def taken(what: str) -> exits.Problem:
    """Return what is told where something else has the place of the union."""
    return exits.Problem(
        f"{what} is where the union of all workspaces would be made, but it holds something else.",
        "Move it away, or give it another name; then build again.",
        exits.CONFIGURATION,
    )


def by_table(rows: Sequence[tuple[Any, ...]]) -> dict[str, dict[str, str]]:
    """Return the types of columns by table, of rows with table, column and type; of tables of the package only."""
    found: dict[str, dict[str, str]] = {}
    for table, column, kind in rows:
        found.setdefault(str(table), {})[str(column)] = str(kind)
    marts = package.marts()
    return {table: columns for table, columns in found.items() if table in marts or table == LIST}
