"""Load ids of the future: they are when a load began, by this machine's clock, and it may have been wrong.

dlt takes the state of the load with the highest id. One from the future would be taken by all runs until then.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Mapping

from ..catalog import TABLES, Ledger, is_read
from .copied import Copied

MOST = 500
"""Where more load ids than that lie in the future, it is this machine's clock that is slow; they are left alone."""


def bring_back(copied: Copied, now: float) -> None:
    """Give loads whose id lies in the future one between the last load before them and the present, in their order.

    Args:
        copied: The copy; the caller has the lock.
        now: The present, in seconds since 1970.
    """
    rows = copied.select("SELECT {l.load_id} FROM {_dlt_loads} AS l WHERE {l.schema_name} = %s", "pylon")
    names = renamed([row[0] for row in rows], now)
    if names:
        ledgers = [table.name for table in TABLES.values() if is_read(table, Ledger)]
        places = [(name, "load_id") for name in copied.tables(ledgers)]
        places += [("_dlt_pipeline_state", "_dlt_load_id"), ("_dlt_loads", "load_id")]
        copied.change([_statement(table, column, names) for table, column in sorted(places)])


def renamed(load_ids: Collection[str], now: float) -> dict[str, str]:
    """Return the new ids of loads that lie in the future, by their former ones."""
    known = sorted(load_ids, key=float)
    first = bisect_right(known, now, key=float)
    future = known[first:]
    if len(future) > MOST:
        return {}
    last = float(known[first - 1]) if first else now - 1
    step = (now - last) / (len(future) + 1)
    return {load_id: f"{last + step * place:.7f}" for place, load_id in enumerate(future, start=1)}


def _statement(table: str, column: str, names: Mapping[str, str]) -> str:
    cases = " ".join(f"WHEN '{old}' THEN '{new}'" for old, new in names.items())
    which = ", ".join(f"'{old}'" for old in names)
    return f"UPDATE {{{table}}} SET {{.{column}}} = CASE {{.{column}}} {cases} END WHERE {{.{column}}} IN ({which})"
