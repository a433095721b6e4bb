"""Fields that the API gives and the catalogue does not know: remembered by name, so that they can become columns.

Their values are in ``_extra``; here are only names: of undocumented fields, and of columns with values that did not
fit them.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime

from ..catalog import TABLES

MOST = 50
"""How many names of a table are remembered: where names are data, there is no end of them."""

LONGEST = 100
"""Characters; a longer name is no field that anybody would make a column."""


@dataclass(frozen=True, slots=True)
class Extra:
    """A name that stands in ``_extra``, and since when that is known (UTC).

    ``misfit`` tells that there is a column of this name, with values that did not fit it.
    """

    since: datetime
    misfit: bool


Extras = Mapping[str, Mapping[str, Extra]]
"""What stands in ``_extra``, by table and name."""


def added(extras: Extras, found: Mapping[str, AbstractSet[str]], now: datetime) -> Extras:
    """Return what is known once a run has been, as far as there is room.

    Args:
        extras: What was known before.
        found: The names that the run found, by table.
        now: The present (UTC).
    """
    return {**extras, **{table: _with(extras, table, names, now) for table, names in list(found.items())}}


def _with(extras: Extras, table: str, names: AbstractSet[str], now: datetime) -> dict[str, Extra]:
    known = _as_of_now(extras, table)
    for name in sorted(names - known.keys()):
        if len(known) < MOST and len(name) <= LONGEST:
            known[name] = Extra(now, is_column(table, name))
    return known


def current(extras: Extras) -> dict[str, dict[str, Extra]]:
    """Return what is still so: an undocumented field that has become a column is left out."""
    found = {table: _as_of_now(extras, table) for table in extras if table in TABLES}
    return {table: names for table, names in found.items() if names}


def _as_of_now(extras: Extras, table: str) -> dict[str, Extra]:
    known = extras.get(table, {})
    return {name: extra for name, extra in known.items() if extra.misfit == is_column(table, name)}


def is_column(table: str, name: str) -> bool:
    """Return whether a table has a column of a name, which a value that stands in ``_extra`` did not fit."""
    return table in TABLES and name in TABLES[table].column_names
