"""The tables of a copy and their columns, as the catalogue and the marts describe them."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache

from typing_extensions import TypedDict

from pylon_elt.sources.pylon.catalog import ALL_TABLES

from ..ask.reader import Reader
from ..base import exits
from ..base.sql_text import literal
from ..transform import package
from .hidden import Hidden


class Column(TypedDict):
    """A column of a table."""

    name: str
    type: str
    description: str


class TableOf(TypedDict):
    """A table with its columns; the list of all tables leaves them out."""

    table: str
    schema: str
    description: str
    columns: list[Column]


class Tables(TypedDict):
    """What was asked about."""

    tables: list[TableOf]
    note: str


@cache
def known() -> dict[str, str]:
    """Return all tables that are described, with their descriptions: first the raw ones, then those for analysis."""
    return {name: table.description for name, table in ALL_TABLES.items()} | package.marts()


def described(reader: Reader, hidden: Hidden, names: list[str]) -> Tables:
    """Return the tables that are there, or some of them with their columns.

    Args:
        reader: The copy.
        hidden: What of it is left out.
        names: The tables whose columns are wanted; none for the list of all.

    Raises:
        Problem: There is no such table.
    """
    there, told = reader.tables(), known()
    places = {
        table: schema
        for schema in reader.schemas[:2]
        for table in there[schema]
        if table in told and not hidden.table(table)
    }
    wanted = [_plain(name, places) for name in names] or [name for name in told if name in places]
    columns = _columns(reader, hidden) if names else {}
    tables = [
        TableOf(
            table=name,
            schema=places[name],
            description=told[name],
            columns=columns.get((places[name], name), []),
        )
        for name in wanted
    ]
    note = f"{reader.note} {hidden.told()}".strip()
    if not there[reader.schemas[1]]:
        note = f"The tables for analysis are not there yet; pylon transform builds them. {note}".strip()
    return Tables(tables=tables, note=note)


def _plain(name: str, places: Mapping[str, str]) -> str:
    schema, _, plain = name.strip().lower().rpartition(".")
    if plain in places and schema in ("", places[plain]):
        return plain
    near = get_close_matches(plain, places, n=1)
    raise exits.Problem(
        f"There is no table {name!r} here.",
        f"Did you mean {near[0]}?" if near else "Without names, describe lists all.",
        exits.USAGE,
    )


def _columns(reader: Reader, hidden: Hidden) -> dict[tuple[str, str], list[Column]]:
    told = {name: {one.name: one.description for one in table.columns} for name, table in ALL_TABLES.items()}
    told |= package.mart_columns()
    places = ", ".join(literal(schema) for schema in reader.schemas[:2])
    rows = reader.ask(
        "SELECT table_schema, table_name, column_name, data_type FROM information_schema.columns"
        f" WHERE table_schema IN ({places}) ORDER BY table_schema, table_name, ordinal_position"
    )
    found: dict[tuple[str, str], list[Column]] = {}
    for schema, table, column, kind in (row.values() for row in rows.table().to_pylist()):
        if not hidden.column(table, column):
            description = told.get(table, {}).get(column, "")
            found.setdefault((schema, table), []).append(
                Column(name=column, type=str(kind).lower(), description=description)
            )
    return found
