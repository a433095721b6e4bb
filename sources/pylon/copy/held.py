"""What a copy holds of some rows: their times, and all of their values."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from ..catalog import Table
from .contents import Contents
from .copied import utc


def rows(contents: Contents, table: Table, ids: Sequence[str]) -> dict[tuple[str, ...], dict[str, Any]]:
    """Return the rows of a table with some ids, by their whole keys."""
    if not contents.holds(table.name) or not ids:
        return {}
    found = contents.copied.rows(table, table.key[-1], ids)
    return {tuple(row[name] for name in table.key): row for row in found}


def times(
    contents: Contents, table: Table, column: str, ids: Sequence[str]
) -> dict[tuple[str, str], datetime | None]:
    """Return a time of each of some rows (UTC), by what the row belongs to, or "", and its id.

    A row that the copy lacks is left out; where the table has no such column, the time is ``None``.
    """
    if not contents.holds(table.name) or not ids:
        return {}
    own = f"{{t.{table.key[-1]}}}"
    parent = f"{{t.{table.parent}}}" if table.parent else "''"
    time = f"{{t.{column}}}" if column in table.column_names else "NULL"
    sql = f"SELECT {parent}, {own}, {time} FROM {{{table.name}}} AS t WHERE {own} IN"
    return {(its, id_): utc(at) for its, id_, at in contents.copied.select_in(sql, ids)}


def newest(
    contents: Contents, table: Table, column: str, until: datetime, parent: str = ""
) -> datetime | None:
    """Return the latest time in a column that is not later than ``until`` (UTC); of one parent, if it is given."""
    if not contents.holds(table.name) or column not in table.column_names:
        return None
    sql = f"SELECT MAX({{t.{column}}}) FROM {{{table.name}}} AS t WHERE {{t.{column}}} <= %s"
    whose = f" AND {{t.{table.parent}}} = %s" if parent else ""
    ((found,),) = contents.copied.select(sql + whose, until, *filter(None, [parent]))
    return utc(found)
