"""Tables that runs had made and that somebody has dropped since: they are made again, and become due.

dlt believes its stored schema, and would load for ever into a table that is not there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from pylon_elt.sources.pylon.catalog import ALL_TABLES, DELETIONS, HANGING, Versions, is_read
from pylon_elt.sources.pylon.copy.contents import Contents
from pylon_elt.sources.pylon.copy.ledger import Ledger
from pylon_elt.sources.pylon.lanes.resources import forget

if TYPE_CHECKING:
    import dlt

    from pylon_elt.sources.pylon.copy.copied import Copied

_VERSION, _LOADS, _STATE = DLT_TABLES = ("_dlt_version", "_dlt_loads", "_dlt_pipeline_state")
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
    made = [table["name"] for table in pipeline.default_schema.data_tables(seen_data_only=True)]
    gone = _gone(copied, [name for name in made if name in ALL_TABLES])
    if not gone:
        return ""
    empty(pipeline, copied, gone)
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


def _gone(copied: Copied, names: Sequence[str]) -> list[str]:
    """Return which tables are gone; each of them was asked for, since a listing shows what one may see."""
    there = copied.tables(names) if names else set()
    return [name for name in names if name not in there and not copied.holds(name)]


def _restore_dlt(copied: Copied) -> str:
    """Have dlt make its own tables again where some of them are gone: without all of them, nothing can be trusted."""
    there = copied.tables(DLT_TABLES)
    if _VERSION not in there or len(there) == len(DLT_TABLES):
        return ""
    copied.execute(f"DELETE FROM {{{_VERSION}}} WHERE {{.schema_name}} = %s", "pylon")
    gone = ", ".join(name for name in DLT_TABLES if name not in there)
    return f"Gone from the database, by other hands than this program's: {gone}. Everything is read anew."


def _told(gone: Sequence[str]) -> str:
    return f"Gone from the database, by other hands than this program's: {'; '.join(_fates(gone))}."


def _fates(gone: Sequence[str]) -> Iterator[str]:
    """Say which tables are read anew and which cannot be."""
    lost = [name for name in gone if name == DELETIONS.name or is_read(ALL_TABLES[name], Versions)]
    if again := [name for name in gone if name not in lost]:
        yield f"{', '.join(again)} (made again, and read anew)"
    if lost:
        yield f"{', '.join(lost)} (made again, but what it recorded of former times cannot be read again)"
