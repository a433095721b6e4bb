"""Tables that loads have made and that are not there any more: dlt believes its stored schema, and looks no further."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from ..catalog import ALL_TABLES, ONCE
from .copied import Copied

VERSION = "_dlt_version"
DLT_TABLES = (VERSION, "_dlt_loads", "_dlt_pipeline_state")
"""The tables that dlt keeps for itself."""


def made(schema: Any) -> dict[str, Collection[str]]:
    """Return the tables that loads have made, each with its columns, by dlt's schema of the source."""
    names = [table["name"] for table in schema.data_tables(seen_data_only=True)]
    return {name: schema.get_table_columns(name).keys() for name in names if name in ALL_TABLES}


def gone(copied: Copied, made: Mapping[str, Collection[str]]) -> Iterator[tuple[str, set[str]]]:
    """Return which tables are gone, and which lack columns; each of them was asked for.

    That is since a listing shows what one may see. What cannot be read again is left as it is, if it is there.
    """
    there = copied.columns()
    for name, columns in made.items():
        if there is None or name not in there:
            if not copied.holds(name):
                yield name, set()
        elif (
            name not in ONCE
            and (lost := {column for column in columns if column.casefold() not in there[name]})
            and not copied.has(name, sorted(lost))
        ):
            yield name, lost


def restore_staging(copied: Copied, made: Mapping[str, Collection[str]], *, schema: str = "pylon") -> None:
    """Have dlt look after the tables through which it loads, where some are gone; what they hold is not kept."""
    there = copied.columns(staging=True)
    if not there or VERSION not in there:
        return  # dlt makes all of them
    if any(not there.get(name, set()).issuperset(map(str.casefold, made[name])) for name in made):
        copied.forget_schema(schema=schema, staging=True)


def restore_dlt(copied: Copied, *, schema: str = "pylon") -> list[str]:
    """Have dlt make its own tables again where some of them are gone: without all of them, nothing can be trusted.

    Returns:
        Those that are gone.
    """
    there = copied.tables(DLT_TABLES)
    if VERSION not in there or len(there) == len(DLT_TABLES):
        return []
    copied.forget_schema(schema=schema)
    return [name for name in DLT_TABLES if name not in there]
