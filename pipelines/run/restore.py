"""Tables that runs had made and that somebody has dropped since: they are made again, and become due.

dlt believes its stored schema, and would load for ever into a table that is not there.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from pylon_elt.sources.pylon.catalog import ALL_TABLES, HANGING, ONCE
from pylon_elt.sources.pylon.copy.contents import Contents
from pylon_elt.sources.pylon.copy.ledger import Ledger
from pylon_elt.sources.pylon.lanes.resources import forget

if TYPE_CHECKING:
    import dlt
    from dlt.common.schema import Schema

    from pylon_elt.sources.pylon.copy.copied import Copied

_VERSION = "_dlt_version"
DLT_TABLES = (_VERSION, "_dlt_loads", "_dlt_pipeline_state")
"""The tables that dlt keeps for itself."""


def restore(pipeline: dlt.Pipeline, copied: Copied) -> str:
    """Make the tables again that are gone, and let what they held be read again.

    Args:
        pipeline: The pipeline, with the destination's state and schema.
        copied: What its destination holds.

    Returns:
        What the user is to be told; ``""``: nothing was gone.
    """
    if not pipeline.default_schema_name:
        return _restore_dlt(copied)
    made = _made(pipeline.default_schema)  # dlt reads it anew each time that it is asked for
    _restore_staging(copied, made)
    gone = dict(_gone(copied, made))
    if not gone:
        return ""
    empty(pipeline, copied, list(gone))
    return _told(gone)


def empty(pipeline: dlt.Pipeline, copied: Copied, tables: Sequence[str]) -> None:
    """Empty tables, making those that are gone, and forget all that says that their rows were read.

    In this order, since a kill may come between: a table is emptied once nothing vouches for it any more.

    Args:
        pipeline: The pipeline, with the destination's state and schema.
        copied: What its destination holds.
        tables: The tables; what a ledger says of them goes along.
    """
    ledger = Ledger(Contents(copied))
    for name in tables:
        if name in HANGING:
            ledger.forget(name)
    pipeline.run(forget(tables))
    # by dlt's way of emptying a table, it is made first where it is not there
    pipeline.run(forget(tables), refresh="drop_data")


def _made(schema: Schema) -> dict[str, Collection[str]]:
    """Return the tables that loads have made, each with its columns."""
    names = [table["name"] for table in schema.data_tables(seen_data_only=True)]
    return {name: schema.get_table_columns(name).keys() for name in names if name in ALL_TABLES}


def _gone(copied: Copied, made: Mapping[str, Collection[str]]) -> Iterator[tuple[str, set[str]]]:
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


def _restore_staging(copied: Copied, made: Mapping[str, Collection[str]]) -> None:
    """Have dlt look after the tables through which it loads, where some are gone; what they hold is not kept."""
    there = copied.columns(staging=True)
    if not there or _VERSION not in there:
        return  # dlt makes all of them
    if any(not there.get(name, set()).issuperset(map(str.casefold, made[name])) for name in made):
        copied.forget_schema(staging=True)


def _restore_dlt(copied: Copied) -> str:
    """Have dlt make its own tables again where some of them are gone: without all of them, nothing can be trusted."""
    there = copied.tables(DLT_TABLES)
    if _VERSION not in there or len(there) == len(DLT_TABLES):
        return ""
    copied.forget_schema()
    gone = ", ".join(name for name in DLT_TABLES if name not in there)
    return f"Gone from the database, by other hands than this program's: {gone}. Everything is read anew."


def _told(gone: Mapping[str, Collection[str]]) -> str:
    return f"Gone from the database, by other hands than this program's: {'; '.join(_fates(gone))}."


def _fates(gone: Mapping[str, Collection[str]]) -> Iterator[str]:
    """Say which tables are read anew and which cannot be."""
    called = {
        name: [f"{name}.{column}" for column in sorted(columns)] or [name] for name, columns in gone.items()
    }
    if again := [one for name, ones in called.items() if name not in ONCE for one in ones]:
        yield f"{', '.join(again)} (made again, and read anew)"
    if lost := [name for name in gone if name in ONCE]:
        yield f"{', '.join(lost)} (made again, but what it recorded of former times cannot be read again)"
