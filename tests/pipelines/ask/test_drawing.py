"""Rows that are wider than the screen: one can read them, and what is left out is said."""

from __future__ import annotations

import io
from pathlib import Path

import pyarrow as pa
import pytest
from rich.cells import cell_len
from support.workplaces import CopyDesk

from pylon_elt.pipelines.ask import drawing, formats
from pylon_elt.pipelines.ask.reader import Result
from pylon_elt.pipelines.ask.reader_duckdb import DuckDbReader
from pylon_elt.pipelines.base import exits

COLUMNS = 40


def drawn(rows: int, width: int, columns: int = COLUMNS, *, vertical: bool = False) -> list[str]:
    names = [f"column_{number}" for number in range(columns)]
    schema = pa.schema([(name, pa.string()) for name in names])
    values = [
        [f"value {row}/{number} 東京 {'x' * number}" for number in range(columns)] for row in range(rows)
    ]
    stream = io.StringIO()
    formats.draw(schema, values, stream, width, vertical=vertical)
    return stream.getvalue().splitlines()


@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize("rows", [1, drawing.FEW])
def test_a_few_wide_rows_are_shown_whole_one_value_a_line(rows: int, width: int) -> None:
    lines = drawn(rows, width)
    assert max(map(cell_len, lines)) <= width
    assert sum(line.startswith("── ") for line in lines) == rows
    for row in range(rows):
        for number in range(COLUMNS):
            assert any(line.split()[:3] == [f"column_{number}", "value", f"{row}/{number}"] for line in lines)


@pytest.mark.parametrize("width", [60, 80, 120])
def test_of_many_wide_rows_so_many_columns_are_shown_as_fit_and_the_rest_is_counted(width: int) -> None:
    *table, told = drawn(drawing.FEW + 1, width)
    shown = sum(f"column_{number} " in f"{table[0]} " for number in range(COLUMNS))
    assert told.startswith(f"{shown} of {COLUMNS} columns fit here; --format vertical shows all")
    assert 1 < shown < COLUMNS
    assert max(map(cell_len, table)) <= width
    assert all(f"value {row}/0" in table[row + 2] for row in range(drawing.FEW + 1))


def test_what_fits_is_a_table_and_nothing_is_cut() -> None:
    lines = drawn(2, 120, columns=3)
    assert len(lines) == 4
    assert "value 1/2 東京 xx" in lines[-1]
    assert len(drawn(2, 120, columns=3, vertical=True)) == 2 * (1 + 3), "unless it is asked for"


@pytest.mark.parametrize("width", [80, 120])
def test_what_the_demo_recommends_can_be_read(raw: Path, width: int) -> None:
    with DuckDbReader.opened(raw, raw, ("pylon", "pylon_analytics", "pylon_analytics_staging")) as reader:
        answer: Result = reader.ask("from issues limit 5")
        rows = [list(row.values()) for row in answer.table().to_pylist()]
    stream = io.StringIO()
    formats.draw(answer.schema, rows, stream, width)
    assert all(str(row[0]) in stream.getvalue() for row in rows)
    assert max(map(cell_len, stream.getvalue().splitlines())) <= width


def test_vertical_can_be_asked_for_and_shortens_nothing_for_a_file(raw_desk: CopyDesk) -> None:
    result = raw_desk.pylon("query", "select 'x' as a, repeat('y', 3000) as b", "--format", "vertical")
    assert result.out.splitlines()[1:] == ["a  x", f"b  {'y' * 3000}"]


@pytest.mark.parametrize("given", [("-o", "x.xlsx"), ("-o", "x.xlsx", "-f", "csv"), ("-o", "rows.xml")])
def test_a_file_is_not_called_what_it_is_not(raw_desk: CopyDesk, given: tuple[str, ...]) -> None:
    result = raw_desk.pylon("query", "select 1 as a", *given)
    assert (result.code, result.out) == (exits.USAGE, "")
    assert f"Name it {Path(given[1]).stem}.csv" in result.text
    assert not (raw_desk.folder / given[1]).exists()
