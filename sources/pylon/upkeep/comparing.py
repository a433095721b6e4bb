"""Whether a row of the copy is what the API gives, value by value, by the catalogue's types."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from ..catalog import Column, Table
from ..copy.copied import utc
from ..rows import exact
from ..rows.masking import Masks
from ..rows.rows import Row, to_arrow


def typed(table: Table, rows: Sequence[Row], masks: Masks, parent: str | None = None) -> list[dict[str, Any]]:
    """Return the API's objects as the table would hold them: ``{column: value}``, JSON as text.

    Args:
        table: Which table they belong to.
        rows: The API's objects.
        masks: What must not be written.
        parent: The id of what they hang on.

    Raises:
        Unavailable: A row lacks its key.
    """
    given: dict[str, Any] = {column.name: None for column in table.columns if column.given}
    if table.parent:
        given[table.parent] = parent
    batch = to_arrow(table, rows, given, masks).select(list(table.column_names))
    held: list[dict[str, Any]] = batch.to_pylist()
    return held


def differing(table: Table, wanted: Mapping[str, Any], held: Mapping[str, Any]) -> list[str]:
    """Return the columns in which a row of the copy is not what the API gives; when it was read does not count."""
    return [
        column.name
        for column in table.columns
        if column.name != table.sort and not _same(column, wanted[column.name], held.get(column.name))
    ]


def _same(column: Column, wanted: Any, held: Any) -> bool:
    if column.type in ("json", "urls"):
        return wanted == held or _same_json(None if wanted is None else exact.loads(wanted.encode()), held)
    if isinstance(held, datetime):
        return bool(wanted == utc(held))
    return bool(wanted == held)


def _same_json(wanted: Any, held: Any) -> bool:
    """Compare a value with what a destination gives for a JSON column: its text, or the value itself."""
    if _alike(wanted, held):
        return True
    if not isinstance(held, (str, bytes)):
        return False
    try:
        return _alike(wanted, exact.loads(held.encode() if isinstance(held, str) else held))
    except ValueError:
        return False


def _alike(one: Any, two: Any) -> bool:
    """Compare as JSON does: numbers by value, but no number is a truth value."""
    if isinstance(one, dict) and isinstance(two, dict):
        return one.keys() == two.keys() and all(_alike(one[name], two[name]) for name in one)
    if isinstance(one, list) and isinstance(two, list):
        return len(one) == len(two) and all(map(_alike, one, two))
    if isinstance(one, bool) or isinstance(two, bool):
        return one is two
    return bool(one == two)
