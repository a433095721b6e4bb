"""Tells which rows of a batch differ from what was recorded of them last. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import pyarrow as pa

from ..catalog import Table, Versions
from . import exact
from .rows import arrow_schema

Subject = tuple[str, ...]
"""What a record is about: the key of the watched row."""


def subjects(table: Table[Versions], batch: pa.Table) -> list[Subject]:
    """Return what each row of a watched batch is, in order."""
    columns = [batch.column(column).to_pylist() for _, column in table.read.subject]
    return list(zip(*columns, strict=True))


def record(table: Table[Versions], batch: pa.Table, known: dict[Subject, str]) -> pa.Table:
    """Return one record for each row of a batch whose values are not those recorded last.

    Args:
        table: The table to write.
        batch: Rows of the table that it watches.
        known: The fingerprint recorded last, by subject; brought up to date.
    """
    about, prints = subjects(table, batch), list(_fingerprints(table, batch))
    changed = []
    for index, (subject, fingerprint) in enumerate(zip(about, prints, strict=True)):
        if known.get(subject) != fingerprint:
            known[subject] = fingerprint
            changed.append(index)
    return _records(table, batch.take(pa.array(changed, pa.int64())), [prints[index] for index in changed])


def _compared(table: Table[Versions]) -> list[str]:
    written = {"id", "recorded_at", "fingerprint", *(name for name, _ in table.read.subject)}
    return [name for name in table.column_names if name not in written]


def _fingerprints(table: Table[Versions], batch: pa.Table) -> Iterator[str]:
    types = {column.name: column.type for column in table.columns}
    names = _compared(table)
    for values in zip(*(batch.column(name).to_pylist() for name in names), strict=True):
        # the API may give the keys of a map in any order
        plain = [
            exact.loads(value.encode()) if types[name] == "json" and value is not None else value
            for name, value in zip(names, values, strict=True)
        ]
        yield sha256(exact.dumps(plain, sort_keys=True)).hexdigest()[:32]


def _records(table: Table[Versions], batch: pa.Table, prints: list[str]) -> pa.Table:
    schema = arrow_schema(table)
    stamps = batch.column("_synced_at")
    moments: list[Any] = stamps.to_pylist()
    ids = [
        "/".join((*subject, moment.isoformat()))
        for subject, moment in zip(subjects(table, batch), moments, strict=True)
    ]
    written: dict[str, Any] = {
        "id": pa.array(ids, pa.string()),
        "recorded_at": stamps,
        "fingerprint": pa.array(prints, pa.string()),
    }
    written |= {name: batch.column(column) for name, column in table.read.subject}
    written |= {name: batch.column(name) for name in _compared(table)}
    rest = {field.name: pa.nulls(batch.num_rows, field.type) for field in schema if field.name not in written}
    arrays = {**written, **rest}
    return pa.Table.from_arrays([arrays[field.name] for field in schema], schema=schema)
