"""Turns a page of the API's objects into a typed Arrow table by the catalogue.

No value is lost: what has no column, or does not fit its column's type, is kept in ``_extra`` under its name.
Pure: no I/O, no clock.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

import orjson
import pyarrow as pa

from ..catalog import EXTRA, REMOVED, SYNCED_AT, Column, Table
from ..errors import Unavailable
from . import exact
from .addresses import unsigned
from .masking import Masks

if TYPE_CHECKING:
    Array = pa.Array[Any]

Row = dict[str, Any]
Given = Mapping[str, Any]
"""Values of the given columns: one value for all rows, or a list with one for each row."""

_MICROSECONDS = pa.timestamp("us", "UTC")
_EARLIEST, _LATEST = -62_135_596_800_000_000, 253_402_300_799_999_999  # years 1 and 9999, in microseconds
_ARROW: dict[str, pa.DataType] = {
    "text": pa.string(),
    "timestamp": _MICROSECONDS,
    "bigint": pa.int64(),
    "double": pa.float64(),
    "bool": pa.bool_(),
    "json": pa.string(),
    "urls": pa.string(),
}
_NONE = type(None)
_PYTHON: dict[str, frozenset[type]] = {
    "text": frozenset({str, _NONE}),
    "timestamp": frozenset({str, _NONE}),
    "bigint": frozenset({int, _NONE}),
    "double": frozenset({float, int, _NONE}),
    "bool": frozenset({bool, _NONE}),
}


@cache
def arrow_schema(table: Table) -> pa.Schema:
    """Return the Arrow schema of a table, tombstone column included."""
    fields = [
        pa.field(column.name, _ARROW[column.type], column.name not in table.key) for column in table.columns
    ]
    return pa.schema([*fields, pa.field(REMOVED, pa.bool_())])


def to_arrow(table: Table, rows: Sequence[Row], given: Given, masks: Masks) -> pa.Table:
    """Build the Arrow table of some rows.

    Args:
        table: Which table they belong to.
        rows: The API's objects.
        given: What the catalogue marks as given, ``_extra`` excepted.
        masks: What must not be written.

    Raises:
        Unavailable: A row lacks its key, so that it could not be told from another.
    """
    rows = masks.apply(table, rows)
    known = _fields(table)
    extras: list[Row | None] = [_unknown(row, known) for row in rows]
    arrays: list[Array] = []
    for column in table.columns:
        if column is EXTRA:
            continue
        values = _given(given[column.name], len(rows)) if column.given else _values(column, rows)
        arrays.append(_column(table, column, values, extras))
    if table.columns[-1] is EXTRA:
        arrays.append(pa.array([_json(extra) for extra in extras], pa.string()))
    arrays.append(pa.nulls(len(rows), pa.bool_()))
    return pa.Table.from_arrays(arrays, schema=arrow_schema(table))


def keys_of(table: Table, batch: pa.Table) -> set[tuple[str, ...]]:
    """Return the keys of a batch's rows."""
    return set(zip(*(batch.column(name).to_pylist() for name in table.key), strict=True))


def has_key(table: Table, row: Row) -> bool:
    """Say whether an object has what its row is told from others by."""
    for column in table.columns:
        if column.name in table.key and not column.given:
            value: Any = row
            for name in column.source:
                value = value.get(name) if isinstance(value, dict) else None
            if _FIT[column.type](value) is None:
                return False
    return True


def distinct(table: Table, rows: Sequence[Row]) -> list[Row]:
    """Return the objects without those that come once more, as they may at the edge of a page; the last one counts."""
    names = [column.source[0] for column in table.columns if column.name in table.key and not column.given]
    if not names:
        return list(rows)
    return list({tuple(str(row.get(name)) for name in names): row for row in rows}.values())


def tombstones(table: Table, parents: Sequence[Mapping[str, Any]], synced_at: datetime) -> pa.Table:
    """Build one tombstone for each parent that was read: its rows in the table are replaced by what came.

    Args:
        table: A table whose reads replace a parent or the whole table.
        parents: Values to put into the key columns; the others get a mark that no id of Pylon's can be.
        synced_at: When they were read.
    """
    schema = arrow_schema(table)
    arrays = []
    for field in schema:
        if field.name == REMOVED:
            arrays.append(pa.array([True] * len(parents)))
        elif field.name == table.sort:
            arrays.append(pa.array([synced_at] * len(parents), field.type))
        elif field.name in table.key or field.name == table.parent:
            mark = "__scope__:{}" if field.type == pa.string() else None
            marks = [
                parent.get(field.name, mark.format("/".join(parent.values())) if mark else -1)
                for parent in parents
            ]
            arrays.append(pa.array(marks, field.type))
        else:
            arrays.append(pa.nulls(len(parents), field.type))
    return pa.Table.from_arrays(arrays, schema=schema)


def misfits(batch: pa.Table) -> set[str]:
    """Return the names that stand in ``_extra`` of a batch: undocumented fields and values that did not fit."""
    if EXTRA.name not in batch.column_names:
        return set()
    return {
        name
        for extra in batch.column(EXTRA.name).drop_null().to_pylist()
        for name in orjson.loads(str(extra))
    }


def instant(value: object) -> datetime | None:
    """Return an RFC 3339 time in UTC, cut to microseconds; ``None`` for anything else."""
    if not isinstance(value, str) or "T" not in value.upper():
        return None
    try:
        parsed = datetime.fromisoformat(value)
        return parsed.astimezone(UTC) if parsed.tzinfo else None
    except (ValueError, OverflowError):
        return None


@cache
def _fields(table: Table) -> frozenset[str]:
    return frozenset(column.name for column in table.columns if not column.path)


def _unknown(row: Row, known: frozenset[str]) -> Row | None:
    if row.keys() <= known:
        return None
    return {name: value for name, value in row.items() if name not in known}


def _given(value: object, count: int) -> Sequence[Any]:
    return value if isinstance(value, list) else [value] * count


def _values(column: Column, rows: Sequence[Row]) -> list[Any]:
    """Take a column's value out of each object, level by level: a call for each value would cost twice as much."""
    first, *deeper = column.source
    values = [row.get(first) for row in rows]
    for name in deeper:
        values = [value.get(name) if isinstance(value, dict) else None for value in values]
    return values


def _column(table: Table, column: Column, values: Sequence[Any], extras: list[Row | None]) -> Array:
    if column.type in ("json", "urls"):
        convert = _addresses if column.type == "urls" else _json
        return pa.array([convert(value) for value in values], pa.string())
    if column.given and column.type == "timestamp":
        return pa.array(values, _MICROSECONDS)
    array = _fast(column.type, values)
    if array is None:
        array = _slow(column, values, extras)
    if column.name in table.key and array.null_count:
        raise Unavailable(
            _origin(table),
            f"gave an object without {column.name}, which is the key of {table.name}",
            "Report it to Pylon; the other tables are read on.",
        )
    return array


def _origin(table: Table) -> str:
    return table.endpoint.label if table.endpoint else "The connector"


def _fast(kind: str, values: Sequence[Any]) -> Array | None:
    """Convert a whole column at once; ``None`` where a value needs a closer look."""
    if not set(map(type, values)) <= _PYTHON[kind]:
        return None
    try:
        if kind == "timestamp":
            return _timestamps(pa.array(values, pa.string()))
        return pa.array(values, _ARROW[kind])
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError, UnicodeEncodeError):
        return None


def _timestamps(texts: Array) -> Array:
    import pyarrow.compute as pc

    try:
        found = texts.cast(_MICROSECONDS)
    except pa.ArrowInvalid:
        # Go trims zeros, so fractions have one to nine digits; a cast alone would round up what is before 1970
        exact: Any = texts.cast(pa.timestamp("ns", "UTC")).cast(pa.timestamp("ns"))
        found = pc.floor_temporal(exact, unit="microsecond").cast(_MICROSECONDS)
    bounds: Any = pc.min_max(found)
    if (
        found.null_count < len(found)
        and not _EARLIEST <= bounds["min"].value <= bounds["max"].value <= _LATEST
    ):
        raise pa.ArrowInvalid("a year that neither Python nor every destination knows")
    return found


def _slow(column: Column, values: Sequence[Any], extras: list[Row | None]) -> Array:
    """Convert value by value; what does not fit goes to the row's ``_extra``, unless it stands in a column already."""
    fit = _FIT[column.type]
    fitted = [fit(value) for value in values]
    for index, (value, kept) in enumerate(zip(values, fitted, strict=True)):
        if value is not None and kept is None and not column.path:
            extras[index] = {**(extras[index] or {}), column.name: value}
    return pa.array(fitted, _ARROW[column.type])


def _bigint(value: object) -> int | None:
    return value if type(value) is int and -(2**63) <= value < 2**63 else None


def _double(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return float(value) if isinstance(value, float) or abs(value) <= 2**53 else None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _bool(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


_FIT: dict[str, Callable[[object], Any]] = {
    "text": _text,
    "timestamp": instant,
    "bigint": _bigint,
    "double": _double,
    "bool": _bool,
}


def _json(value: object) -> str | None:
    if value is None:
        return None
    return exact.dumps(value).decode()


def _addresses(value: object) -> str | None:
    return _json(unsigned(value))


__all__ = [
    "REMOVED",
    "SYNCED_AT",
    "arrow_schema",
    "distinct",
    "has_key",
    "instant",
    "keys_of",
    "misfits",
    "to_arrow",
    "tombstones",
]
