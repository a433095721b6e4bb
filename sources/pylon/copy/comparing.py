"""Whether a row of the copy is what the API gives, value by value, by the catalogue's types."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from ..catalog import Column, Table
from ..rows import exact
from ..rows.masking import Masks
from ..rows.rows import Row, to_arrow
from ..rows.volatile import Paths, plain, steady
from .values import parsed


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


def differing(
    table: Table, wanted: Mapping[str, Any], held: Mapping[str, Any], volatile: Paths | None = None
) -> list[str]:
    """Return the columns in which a row of the copy is not what the API gives; when it was read does not count.

    Args:
        table: Which table it belongs to.
        wanted: What the API gives, as :func:`typed` returns it.
        held: The row of the copy.
        volatile: What differs at each reading, and says nothing.
    """
    columns = {path[0] for path in volatile or ()}
    return [
        column.name
        for column in table.columns
        if column.name != table.sort
        and not _same(column, wanted[column.name], held.get(column.name))
        and not (
            column.name in columns
            and _steady_same(column, wanted[column.name], held.get(column.name), volatile or {})
        )
    ]


def _steady_same(column: Column, wanted: Any, held: Any, volatile: Paths) -> bool:
    """Compare what of two values does not differ at each reading."""
    path = (column.name,)
    one = steady(path, plain(column, wanted), volatile)
    return any(_alike(one, steady(path, value, volatile)) for value in _readings(column, held))


def _readings(column: Column, held: Any) -> list[Any]:
    """Return what a value of a destination may stand for: JSON comes as its text, or as the value itself."""
    if column.type not in ("json", "urls"):
        return [parsed(column.type, held)]
    if isinstance(held, (str, bytes)):
        with suppress(ValueError):
            return [held, exact.loads(held.encode() if isinstance(held, str) else held)]
    return [held]


def _same(column: Column, wanted: Any, held: Any) -> bool:
    if column.type in ("json", "urls"):
        return wanted == held or any(
            _alike(plain(column, wanted), value) for value in _readings(column, held)
        )
    return bool(wanted == parsed(column.type, held))


def _alike(one: Any, two: Any) -> bool:
    """Compare as JSON does: numbers by value, but no number is a truth value."""
    if isinstance(one, dict) and isinstance(two, dict):
        return one.keys() == two.keys() and all(_alike(one[name], two[name]) for name in one)
    if isinstance(one, list) and isinstance(two, list):
        return len(one) == len(two) and all(map(_alike, one, two))
    if isinstance(one, bool) or isinstance(two, bool):
        return one is two
    return bool(one == two)
