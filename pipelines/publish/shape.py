"""The columns of a published table: Iceberg's types, and the Arrow types in which rows are compared and written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from ..base import exits

UTC_MICROSECONDS = pa.timestamp("us", "UTC")
_CATALOGUE: Mapping[str, pa.DataType] = {
    **dict.fromkeys(("text", "json", "urls"), pa.string()),
    "timestamp": UTC_MICROSECONDS,
    "bigint": pa.int64(),
    "double": pa.float64(),
    "bool": pa.bool_(),
}
"""By the catalogue's types."""
_POSTGRES: Mapping[str, pa.DataType] = {
    **dict.fromkeys(("text", "character varying", "json", "jsonb", "uuid"), pa.string()),
    **dict.fromkeys(("smallint", "integer"), pa.int32()),
    **dict.fromkeys(("real", "double precision", "numeric"), pa.float64()),
    "bigint": pa.int64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "timestamp with time zone": UTC_MICROSECONDS,
    "timestamp without time zone": pa.timestamp("us"),
}
"""By the names that Postgres gives its types."""
_KEPT: tuple[Callable[[pa.DataType], bool], ...] = (
    pa.types.is_boolean,
    pa.types.is_int32,
    pa.types.is_int64,
    pa.types.is_float32,
    pa.types.is_float64,
    pa.types.is_date32,
    pa.types.is_decimal128,
)


@dataclass(frozen=True)
class Shape:
    """The columns of one table.

    Args:
        schema: Their names and types, in the copy's order.
        told: What they mean, by name, as far as it is known.
    """

    schema: pa.Schema
    told: Mapping[str, str] = field(default_factory=dict)

    def only(self, names: tuple[str, ...]) -> pa.Schema:
        """Return some of the columns, in this order."""
        return pa.schema([self.schema.field(name) for name in names])


def canonical(kind: pa.DataType, column: str) -> pa.DataType:
    """Return the type in which a column is published.

    Raises:
        Problem: Iceberg has none for it that all readers know.
    """
    if isinstance(kind, pa.BaseExtensionType):
        return canonical(kind.storage_type, column)
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return pa.string()
    if pa.types.is_timestamp(kind):
        return UTC_MICROSECONDS if kind.tz else pa.timestamp("us")
    if pa.types.is_integer(kind):
        wide = kind.bit_width > 32 or kind == pa.uint32()
        return pa.decimal128(20, 0) if kind == pa.uint64() else pa.int64() if wide else pa.int32()
    if any(is_kept(kind) for is_kept in _KEPT):
        return kind
    raise exits.Problem(
        f"The column {column} has the type {kind}, which is not published.",
        "Leave its table out: name the others with --select.",
        exits.CONFIGURATION,
    )


def by_arrow(schema: pa.Schema, told: Mapping[str, str]) -> Shape:
    """Return the shape of a table as DuckDB gives it."""
    return Shape(pa.schema([pa.field(one.name, canonical(one.type, one.name)) for one in schema]), told)


def by_postgres(columns: list[tuple[str, str]], told: Mapping[str, str]) -> Shape:
    """Return the shape of a table as Postgres describes it: a name and a type for each column."""
    return Shape(
        pa.schema([pa.field(name, _POSTGRES.get(kind, pa.string())) for name, kind in columns]), told
    )


def by_catalogue(names: list[str], types: Mapping[str, str], told: Mapping[str, str]) -> Shape:
    """Return the shape of a table whose database tells no types: those of the catalogue."""
    kinds = [(name, _CATALOGUE.get(types.get(name, "text"), pa.string())) for name in names]
    return Shape(pa.schema(kinds), told)


def conform(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """Return rows in the types of a schema, whose columns they have, or lack because they are newer than the rows."""
    arrays = [
        _cast(table.column(one.name), one.type)
        if one.name in table.column_names
        else pa.nulls(table.num_rows, one.type)
        for one in schema
    ]
    return pa.Table.from_arrays(arrays, schema=schema)


def _cast(column: Any, kind: pa.DataType) -> Any:
    if isinstance(column.type, pa.BaseExtensionType):
        column = column.cast(column.type.storage_type)
    if column.type == kind:
        return column
    if pa.types.is_decimal(column.type) and pa.types.is_floating(kind):
        return column.cast(kind, safe=False)
    if pa.types.is_timestamp(kind) and pa.types.is_timestamp(column.type):
        return column.cast(pa.timestamp("us", column.type.tz)).cast(kind)
    return column.cast(kind)
