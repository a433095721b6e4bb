"""Tells which rows of a batch differ from what was recorded of them last. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import pyarrow as pa

from ..catalog import Table, Versions
from . import exact
from .rows import arrow_schema
from .volatile import Paths, steady

Subject = tuple[str, ...]
"""What a record is about: the key of the watched row."""
Recorded = tuple[str, datetime | None]
"""What was recorded last: the fingerprint of what is steady in it, and its ``recorded_at`` (UTC)."""

_TICK = timedelta(microseconds=1)


def subjects(table: Table[Versions], batch: pa.Table) -> list[Subject]:
    """Return what each row of a watched batch is, in order."""
    columns = [batch.column(column).to_pylist() for _, column in table.read.subject]
    return list(zip(*columns, strict=True))


def record(
    table: Table[Versions], batch: pa.Table, known: dict[Subject, Recorded], volatile: Paths
) -> pa.Table:
    """Return one record for each row of a batch whose values are not those recorded last.

    It is later than that: the server's clock ticks in seconds, in which there may be two runs.

    Args:
        table: The table to write.
        batch: Rows of the table that it watches.
        known: What was recorded last, by subject; brought up to date.
        volatile: What differs at each reading, and makes no version alone.
    """
    volatile = concerning(table, volatile)
    about, values = subjects(table, batch), _values(table, batch)
    prints = [fingerprint(table, row, {}) for row in values]
    steadily = [fingerprint(table, row, volatile) for row in values] if volatile else prints
    changed, moments = [], []
    for index, (subject, seen) in enumerate(zip(about, steadily, strict=True)):
        last = known.get(subject)
        if last is None or last[0] != seen:
            stamp: datetime = batch.column("_synced_at")[index].as_py()
            moments.append(max(stamp, last[1] + _TICK) if last and last[1] else stamp)
            known[subject] = (seen, moments[-1])
            changed.append(index)
    rows = batch.take(pa.array(changed, pa.int64()))
    return _records(table, rows, [prints[index] for index in changed], moments)


def compared(table: Table[Versions]) -> list[str]:
    """Return the columns that make a version."""
    written = {"id", "recorded_at", "fingerprint", *(name for name, _ in table.read.subject)}
    return [name for name in table.column_names if name not in written]


def _values(table: Table[Versions], batch: pa.Table) -> list[tuple[Any, ...]]:
    return list(zip(*(batch.column(name).to_pylist() for name in compared(table)), strict=True))


def fingerprint(table: Table[Versions], values: Sequence[Any], volatile: Paths) -> str:
    """Return the digest of what is steady in the values of one row.

    Args:
        table: The table of versions.
        values: In the order of :func:`compared`, JSON as text or as what it stands for.
        volatile: What differs at each reading.
    """
    types = {column.name: column.type for column in table.columns}
    kept = []
    for name, value in zip(compared(table), values, strict=True):
        # the API may give the keys of a map in any order
        read = _read(value) if types[name] == "json" else value
        kept.append(steady((name,), read, volatile) if volatile else read)
    return sha256(exact.dumps(kept, sort_keys=True)).hexdigest()[:32]


def _read(value: Any) -> Any:
    if isinstance(value, str):
        with suppress(ValueError):
            return exact.loads(value.encode())
    return value


def concerning(table: Table[Versions], volatile: Paths) -> Paths:
    """Return what of that which differs at each reading stands in a version."""
    names = set(compared(table))
    return {path: kind for path, kind in volatile.items() if path[0] in names}


def _records(table: Table[Versions], batch: pa.Table, prints: list[str], moments: list[datetime]) -> pa.Table:
    schema = arrow_schema(table)
    ids = [
        "/".join((*subject, moment.isoformat()))
        for subject, moment in zip(subjects(table, batch), moments, strict=True)
    ]
    written: dict[str, Any] = {
        "id": pa.array(ids, pa.string()),
        "recorded_at": pa.array(moments, schema.field("recorded_at").type),
        "fingerprint": pa.array(prints, pa.string()),
    }
    written |= {name: batch.column(column) for name, column in table.read.subject}
    written |= {name: batch.column(name) for name in compared(table)}
    rest = {field.name: pa.nulls(batch.num_rows, field.type) for field in schema if field.name not in written}
    arrays = {**written, **rest}
    return pa.Table.from_arrays([arrays[field.name] for field in schema], schema=schema)
