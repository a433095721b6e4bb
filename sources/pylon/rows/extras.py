"""Fields that the API gives and the catalogue does not know: remembered by name, so that they can become columns.

Their values are in ``_extra``; here are only names: of undocumented fields, and of columns with values that did not
fit them.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ..catalog import TABLES

EXTRA_FIELDS = "extra_fields"
"""Where the source's state keeps them: ``{table: {name: [since, misfit]}}``."""

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


def remember(state: dict[str, Any], found: Mapping[str, AbstractSet[str]], now: datetime) -> None:
    """Add what a run found in ``_extra`` to the source's state, as far as there is room.

    Args:
        state: The source's state.
        found: Names by table.
        now: The present (UTC).
    """
    for table, names in list(found.items()):
        known = _as_of_now(state, table)
        for name in sorted(names - known.keys()):
            if len(known) < MOST and len(name) <= LONGEST:
                known[name] = Extra(now, _is_column(table, name))
        stored = {name: [extra.since.isoformat(), extra.misfit] for name, extra in known.items()}
        state.setdefault(EXTRA_FIELDS, {})[table] = stored


def recall(state: Mapping[str, Any]) -> dict[str, dict[str, Extra]]:
    """Return what is known by table and name; an undocumented field that has become a column is left out."""
    found = {table: _as_of_now(state, table) for table in state.get(EXTRA_FIELDS) or {} if table in TABLES}
    return {table: names for table, names in found.items() if names}


def _as_of_now(state: Mapping[str, Any], table: str) -> dict[str, Extra]:
    stored = (state.get(EXTRA_FIELDS) or {}).get(table) or {}
    known = {name: Extra(datetime.fromisoformat(since), misfit) for name, (since, misfit) in stored.items()}
    return {name: extra for name, extra in known.items() if extra.misfit == _is_column(table, name)}


def _is_column(table: str, name: str) -> bool:
    return table in TABLES and name in TABLES[table].column_names
