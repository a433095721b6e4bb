"""Lets the columns of a published table follow those of the copy."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.table import Transaction
from pyiceberg.transforms import MonthTransform, Transform, TruncateTransform
from pyiceberg.types import (
    BooleanType,
    DateType,
    DecimalType,
    DoubleType,
    FloatType,
    IcebergType,
    IntegerType,
    LongType,
    NestedField,
    StringType,
    TimestampType,
    TimestamptzType,
)

from ..base import exits
from .cuts import Cut
from .shape import UTC_MICROSECONDS, Shape

_TYPES: dict[pa.DataType, IcebergType] = {
    pa.string(): StringType(),
    pa.bool_(): BooleanType(),
    pa.int32(): IntegerType(),
    pa.int64(): LongType(),
    pa.float32(): FloatType(),
    pa.float64(): DoubleType(),
    pa.date32(): DateType(),
    pa.timestamp("us"): TimestampType(),
    UTC_MICROSECONDS: TimestamptzType(),
}
_GROWS = {(IntegerType(), LongType()), (FloatType(), DoubleType())}
"""Which types Iceberg turns into which without touching a file."""


def type_of(kind: pa.DataType) -> IcebergType:
    """Return Iceberg's type for one of those in which columns are published."""
    if isinstance(kind, pa.Decimal128Type):
        return DecimalType(kind.precision, kind.scale)
    return _TYPES[kind]


def made(shape: Shape) -> Schema:
    """Return the columns of a table that is yet to be made."""
    return Schema(
        *(
            NestedField(number, one.name, type_of(one.type), required=False, doc=shape.told.get(one.name))
            for number, one in enumerate(shape.schema, start=1)
        )
    )


def spec(cut: Cut | None, schema: Schema) -> PartitionSpec:
    """Return how a table that is yet to be made is partitioned."""
    if cut is None:
        return PartitionSpec()
    source = schema.find_field(cut.column).field_id
    return PartitionSpec(PartitionField(source, 1000, _transform(cut), _field(cut)))


def _transform(cut: Cut) -> Transform[Any, Any]:
    return MonthTransform() if cut.by == "month" else TruncateTransform(1)


def _field(cut: Cut) -> str:
    return f"{cut.column}_{cut.by}"


def follow(transaction: Transaction, shape: Shape, cut: Cut | None) -> tuple[list[str], bool]:
    """Let a table have the columns of the copy, and be partitioned as is wanted.

    Args:
        transaction: Takes the change along.
        shape: The columns of the copy.
        cut: How the table is to be cut.

    Returns:
        What was changed, for people; and whether every row has to be written anew.

    Raises:
        Problem: The column by which the table is partitioned would have to go.
    """
    there = {one.name: one for one in transaction.table_metadata.schema().fields}
    wanted = {one.name: type_of(one.type) for one in shape.schema}
    new = [column for column in wanted if column not in there]
    gone = [column for column in there if column not in wanted]
    other = [column for column in wanted if column in there and there[column].field_type != wanted[column]]
    larger = [column for column in other if (there[column].field_type, wanted[column]) in _GROWS]
    replaced = [column for column in other if column not in larger]
    _require_partition(transaction, {there[column].field_id for column in (*gone, *replaced)})
    is_cut_anew = not _is_cut(transaction, cut)
    if is_cut_anew:
        _uncut(transaction)
    if new or gone or other:
        with transaction.update_schema(allow_incompatible_changes=True) as change:
            for column in (*gone, *replaced):
                change.delete_column((column,))
            for column in larger:
                change.update_column((column,), wanted[column])
            for column in (*new, *replaced):
                change.add_column((column,), wanted[column], doc=shape.told.get(column))
    if is_cut_anew and cut:
        with transaction.update_spec() as anew:
            anew.add_field(cut.column, _transform(cut), _field(cut))
    told = [f"new column {column}" for column in new] + [f"column {column} is gone" for column in gone]
    told += [f"column {column} is {wanted[column]} now" for column in other]
    return told + ["partitioned anew"] * is_cut_anew, bool(replaced) or is_cut_anew


def _require_partition(transaction: Transaction, leaving: set[int]) -> None:
    metadata = transaction.table_metadata
    if any(one.source_id in leaving for one in metadata.spec().fields):
        name = transaction._table.name()[-1]  # noqa: SLF001 - the transaction's own is not told otherwise
        raise exits.Problem(
            f"The published table {name} is partitioned by a column that is gone from the copy, or of another type.",
            "Drop the published table, and publish again.",
            exits.CONFIGURATION,
        )


def _is_cut(transaction: Transaction, cut: Cut | None) -> bool:
    """Whether a table is cut as is wanted."""
    metadata = transaction.table_metadata
    fields = [(one.source_id, str(one.transform)) for one in metadata.spec().fields]
    known = {one.name: one.field_id for one in metadata.schema().fields}
    return fields == ([(known.get(cut.column), str(_transform(cut)))] if cut else [])


def _uncut(transaction: Transaction) -> None:
    if fields := transaction.table_metadata.spec().fields:
        with transaction.update_spec() as change:
            for one in fields:
                change.remove_field(one.name)
