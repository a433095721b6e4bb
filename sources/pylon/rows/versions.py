"""Tells which rows of a batch differ from what was recorded of them last. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import orjson
import pyarrow as pa

from ..catalog import Table
from .rows import arrow_schema

Subject = tuple[str, ...]
"""What a record is about: the key of the watched row."""


def subjects(history: Table, batch: pa.Table) -> list[Subject]:
    """Return what each row of a watched batch is, in order."""
    columns = [batch.column(column).to_pylist() for _, column in history.subject]
    return list(zip(*columns, strict=True))


def record(history: Table, batch: pa.Table, known: dict[Subject, str]) -> pa.Table:
    """Return one record for each row of a batch whose values are not those recorded last.

    Args:
        history: The table to write.
        batch: Rows of the table that it watches.
        known: The fingerprint recorded last, by subject; brought up to date.
    """
    about, prints = subjects(history, batch), list(_fingerprints(history, batch))
    changed = []
    for index, (subject, fingerprint) in enumerate(zip(about, prints, strict=True)):
        if known.get(subject) != fingerprint:
            known[subject] = fingerprint
            changed.append(index)
    return _records(history, batch.take(pa.array(changed, pa.int64())), [prints[index] for index in changed])


def _compared(history: Table) -> list[str]:
    written = {"id", "recorded_at", "fingerprint", *(name for name, _ in history.subject)}
    return [name for name in history.column_names if name not in written]


def _fingerprints(history: Table, batch: pa.Table) -> Iterator[str]:
    types = {column.name: column.type for column in history.columns}
    names = _compared(history)
    for values in zip(*(batch.column(name).to_pylist() for name in names), strict=True):
        # the API may give the keys of a map in any order
        plain = [
            orjson.loads(value) if types[name] == "json" and value is not None else value
            for name, value in zip(names, values, strict=True)
        ]
        yield sha256(orjson.dumps(plain, option=orjson.OPT_SORT_KEYS)).hexdigest()[:32]


def _records(history: Table, batch: pa.Table, prints: list[str]) -> pa.Table:
    schema = arrow_schema(history)
    stamps = batch.column("_synced_at")
    moments: list[Any] = stamps.to_pylist()
    ids = [
        "/".join((*subject, moment.isoformat()))
        for subject, moment in zip(subjects(history, batch), moments, strict=True)
    ]
    written: dict[str, Any] = {
        "id": pa.array(ids, pa.string()),
        "recorded_at": stamps,
        "fingerprint": pa.array(prints, pa.string()),
    }
    written |= {name: batch.column(column) for name, column in history.subject}
    written |= {name: batch.column(name) for name in _compared(history)}
    rest = {field.name: pa.nulls(batch.num_rows, field.type) for field in schema if field.name not in written}
    arrays = {**written, **rest}
    return pa.Table.from_arrays([arrays[field.name] for field in schema], schema=schema)
