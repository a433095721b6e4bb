"""Tables that runs had made and that somebody has dropped since: they are made again, and become due.

dlt believes its stored schema, and would load for ever into a table that is not there.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from pylon_elt.sources.pylon.catalog import HANGING, ONCE
from pylon_elt.sources.pylon.copy import gone
from pylon_elt.sources.pylon.copy.contents import Contents
from pylon_elt.sources.pylon.copy.ledger import Ledger
from pylon_elt.sources.pylon.lanes.resources import forget

if TYPE_CHECKING:
    import dlt

    from pylon_elt.sources.pylon.copy.copied import Copied


def restore(pipeline: dlt.Pipeline, copied: Copied) -> str:
    """Make the tables again that are gone, and let what they held be read again.

    Args:
        pipeline: The pipeline, with the destination's state and schema.
        copied: What its destination holds.

    Returns:
        What the user is to be told; ``""``: nothing was gone.
    """
    if not pipeline.default_schema_name:
        return _restored_dlt(gone.restore_dlt(copied))
    made = gone.made(pipeline.default_schema)  # dlt reads it anew each time that it is asked for
    gone.restore_staging(copied, made)
    lost = dict(gone.gone(copied, made))
    if not lost:
        return ""
    empty(pipeline, copied, list(lost))
    return _told(lost)


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


def _restored_dlt(names: Sequence[str]) -> str:
    if not names:
        return ""
    return f"Gone from the database, by other hands than this program's: {', '.join(names)}. Everything is read anew."


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
