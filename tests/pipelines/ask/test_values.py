"""Values that JSON, Parquet or a screen have no form for are told nevertheless."""

from __future__ import annotations

import io
import json
from decimal import Decimal

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pylon_elt.pipelines.ask import formats, intervals
from pylon_elt.pipelines.ask.reader import Result
from pylon_elt.pipelines.ask.reader_duckdb import DuckDbReader
from pylon_elt.pipelines.assistant.limits import Limits, cut

LENGTHS = [
    "0 seconds", "1 day", "-1 day", "2 days 03:04:05.5", "13 months -2 days", "-13 months -00:00:00.000001", "100 hours",
]  # fmt: skip


def _asked(sql: str) -> Result:
    reader = DuckDbReader.__new__(DuckDbReader)
    reader.connection = duckdb.connect()
    return reader.ask(sql)


@pytest.mark.parametrize("length", LENGTHS)
def test_a_length_of_time_is_a_text_as_the_database_writes_it(length: str) -> None:
    sql = f"SELECT INTERVAL '{length}' AS a, CAST(INTERVAL '{length}' AS VARCHAR) AS b, CAST(NULL AS INTERVAL) AS c"
    ((told, expected, nothing),) = [tuple(row.values()) for row in _asked(sql).table().to_pylist()]
    assert (told, nothing) == (expected, None)


def test_how_long_something_took_can_be_written_in_every_format() -> None:
    sql = "SELECT timestamptz '2026-03-02 10:00:00+00' - timestamptz '2026-03-01 08:30:00+00' AS took, 1 AS n"
    rows = [{"took": "1 day 01:30:00", "n": 1}]
    written, text = io.BytesIO(), io.BytesIO()
    formats.parquet(_asked(sql), written)
    assert pq.read_table(written).to_pylist() == rows
    formats._json(_asked(sql), text)
    assert json.loads(text.getvalue()) == rows
    assert cut(_asked(sql), Limits())["rows"] == [["1 day 01:30:00", 1]]


def test_other_columns_are_left_as_they_are() -> None:
    schema = pa.schema([("n", pa.int64())])
    batches = iter([pa.RecordBatch.from_pydict({"n": [1]}, schema=schema)])
    assert intervals.as_text(schema, batches) == (schema, batches)


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (0.004, "0.004"),
        (Decimal("-0.00123"), "-0.0012"),
        (0.0, "0"),
        (0.01, "0.01"),
        (2.5, "2.5"),
        (1e-7, "1e-07"),
    ],
)
def test_a_small_number_is_not_shown_as_none(value: float, told: str) -> None:
    assert formats.cell(value) == told


def test_bytes_are_told_in_csv_as_in_json() -> None:
    assert formats._csv_cell(b"\xff\x00") == "ff00"
