"""Lengths of time as text: DuckDB tells them in months, days and nanoseconds, which JSON and Parquet have not. Pure."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

_SECOND = 10**9


def as_text(
    schema: pa.Schema, batches: Iterator[pa.RecordBatch]
) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
    """Return rows in which each length of time is a text, as DuckDB and Postgres write it: ``2 days 03:04:05.5``."""
    places = [place for place, field in enumerate(schema) if pa.types.is_interval(field.type)]
    if not places:
        return schema, batches
    fields = [
        pa.field(field.name, pa.string()) if place in places else field for place, field in enumerate(schema)
    ]
    made = pa.schema(fields)
    return made, (_told(batch, places, made) for batch in batches)


def _told(batch: pa.RecordBatch, places: list[int], schema: pa.Schema) -> pa.RecordBatch:
    columns = [
        pa.array([None if one is None else text(*one) for one in column.to_pylist()], pa.string())
        if place in places
        else column
        for place, column in enumerate(batch.columns)
    ]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def text(months: int, days: int, nanoseconds: int) -> str:
    """Return a length of time as DuckDB and Postgres write it."""
    years, months = _split(months, 12)
    counted = ((years, "year"), (months, "month"), (days, "day"))
    parts = [f"{number} {noun}{'' if abs(number) == 1 else 's'}" for number, noun in counted if number]
    if nanoseconds or not parts:
        seconds, rest = divmod(abs(nanoseconds), _SECOND)
        minutes, seconds = divmod(seconds, 60)
        fraction = f".{rest:09}".rstrip("0") if rest else ""
        sign = "-" if nanoseconds < 0 else ""
        parts.append(f"{sign}{minutes // 60:02}:{minutes % 60:02}:{seconds:02}{fraction}")
    return " ".join(parts)


def _split(number: int, by: int) -> tuple[int, int]:
    """Divide towards zero: minus thirteen months are minus one year and minus one month."""
    whole, rest = divmod(abs(number), by)
    return (-whole, -rest) if number < 0 else (whole, rest)
