"""What a plain dlt pipeline's state rests on: that the copy holds what it says was read.

``pylon run`` takes the destination's word for everything before it begins. In plain dlt the state may be this machine's
own: of a database that was deleted, emptied or put back since, of another dataset, or of a load that was given up. Then
what it says is there would be missing for ever. So it is looked at beside the copy's own tables, and where these say
otherwise, it is forgotten: what is read twice is only loaded again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from ..catalog import COLLECTED, HANGING, ISSUES
from . import gone
from .contents import Contents
from .copied import Copied
from .ledger import Ledger
from .state import SourceState

_READ = (ISSUES.name, *COLLECTED)
"""The tables of which the state says how far they were read; what hangs on their rows has a ledger in the copy."""


def settle(state: SourceState, schema: Any, copied: Copied, waiting: Collection[str]) -> Iterator[str]:
    """Forget what the copy does not bear out, and return what is to be told of it.

    Args:
        state: How far the workspace was read.
        schema: What dlt knows of the source's tables.
        copied: The copy. Of what it lacks, its ledger and dlt's record of what is there go at once.
        waiting: The load packages that wait to be loaded.
    """
    lost_dlt = gone.restore_dlt(copied, schema=schema.name)
    made = gone.made(schema)
    gone.restore_staging(copied, made, schema=schema.name)
    lost = dict(gone.gone(copied, made))
    if lost and copied.holds(gone.VERSION):
        copied.forget_schema(schema=schema.name)
    if _is_of_another(state, copied, waiting) or (made and lost.keys() == made.keys()):
        state.forget_all()
        yield "the copy lacks the load that this pipeline's state rests on: everything is read anew"
        return
    _forget(state, Ledger(Contents(copied)), lost)
    if lost or lost_dlt:
        yield f"gone from the database, made again and read anew: {', '.join(sorted(lost) or lost_dlt)}"
    there = [name for name in _READ if name in made and name not in lost and state.has_read(name)]
    if empty := _empty(copied, there):
        _forget(state, Ledger(Contents(copied)), empty)


def _is_of_another(state: SourceState, copied: Copied, waiting: Collection[str]) -> bool:
    """Whether the state is of a load that the copy has not, nor will have."""
    wanted = sorted(set(state.rests_on) - set(waiting))
    if not wanted:
        return False
    sql = "SELECT {l.load_id} FROM {_dlt_loads} AS l WHERE {l.status} = 0 AND {l.load_id} IN"
    return len(copied.select_in(sql, wanted)) < len(wanted)


def _forget(state: SourceState, ledger: Ledger, tables: Collection[str]) -> None:
    for name in tables:
        if name in HANGING:
            ledger.forget(name)
        elif state.has_read(name):
            state.forget(name)


def _empty(copied: Copied, tables: Collection[str]) -> list[str]:
    """Return which of some tables have no rows, with one query that needs not count them."""
    if not tables:
        return []
    each = ", ".join(
        f"CASE WHEN EXISTS (SELECT 1 FROM {{{name}}}) THEN 1 ELSE 0 END AS {{.{name}}}" for name in tables
    )
    (found,) = copied.select(f"SELECT {each}")
    return [name for name, has_rows in zip(tables, found, strict=True) if not has_rows]
