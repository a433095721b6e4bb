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
    transform: Transform[Any, Any] = MonthTransform() if cut.by == "month" else TruncateTransform(1)
    source = schema.find_field(cut.column).field_id
    return PartitionSpec(PartitionField(source, 1000, transform, f"{cut.column}_{cut.by}"))


def follow(transaction: Transaction, shape: Shape, name: str) -> tuple[list[str], bool]:
    """Let a table have the columns of the copy.

    Args:
        transaction: Takes the change along.
        shape: The columns of the copy.
        name: What the table is called.

    Returns:
        What was changed, for people; and whether every row has to be written anew.

    Raises:
        Problem: The column by which the table is partitioned would have to go.
    """
    metadata = transaction.table_metadata
    there = {one.name: one for one in metadata.schema().fields}
    wanted = {one.name: type_of(one.type) for one in shape.schema}
    new = [column for column in wanted if column not in there]
    gone = [column for column in there if column not in wanted]
    other = [column for column in wanted if column in there and there[column].field_type != wanted[column]]
    larger = [column for column in other if (there[column].field_type, wanted[column]) in _GROWS]
    replaced = [column for column in other if column not in larger]
    _keep_partition(metadata.spec(), {there[column].field_id for column in (*gone, *replaced)}, name)
    if new or gone or other:
        with transaction.update_schema(allow_incompatible_changes=True) as change:
            for column in (*gone, *replaced):
                change.delete_column((column,))
            for column in larger:
                change.update_column((column,), wanted[column])
            for column in (*new, *replaced):
                change.add_column((column,), wanted[column], doc=shape.told.get(column))
    told = [f"new column {column}" for column in new] + [f"column {column} is gone" for column in gone]
    return told + [f"column {column} is {wanted[column]} now" for column in other], bool(replaced)


def _keep_partition(spec: PartitionSpec, leaving: set[int], name: str) -> None:
    if any(one.source_id in leaving for one in spec.fields):
        raise exits.Problem(
            f"The published table {name} is partitioned by a column that is gone from the copy, or of another type.",
            "Drop the published table, and publish again.",
            exits.CONFIGURATION,
        )
