"""What customers write gives no orders, neither to the terminal of who reads it nor to a spreadsheet."""

from __future__ import annotations

import csv
import io
import json

import pyarrow as pa
import pytest

from pylon_elt.pipelines.ask import formats
from pylon_elt.pipelines.ask.reader import Result
from pylon_elt.pipelines.base import exits, screens
from pylon_elt.pipelines.base.options import Format
from pylon_elt.pipelines.base.printable import printable

ORDER = "\x1b]0;owned\x07\x1b[2J\x9b31m a\tb\u202ec\x7f"
FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"]
PLAIN = ["'=1", " =1", "a=1", "", "é"]


def written(columns: dict[str, list[object]], form: Format, *, safe: bool, capfdbinary: object) -> bytes:
    table = pa.table(columns)
    formats.write(Result(table.schema, iter(table.to_batches())), form, None, safe_cells=safe)
    return capfdbinary.readouterr().out  # type: ignore[attr-defined,no-any-return]


def test_a_table_writes_out_what_a_terminal_would_obey(capfdbinary: object) -> None:
    out = written({f"n{ORDER}": [ORDER]}, Format.TABLE, safe=False, capfdbinary=capfdbinary).decode()
    assert not set(out) & set(ORDER) - set(" \tab]0;owned[2J31mc")
    assert "\\u001b]0;owned\\u0007\\u001b[2J\\u009b31m a b\\u202ec\\u007f" in out


@pytest.mark.parametrize("form", [Format.CSV, Format.JSON])
def test_data_for_programs_is_as_it_was(form: Format, capfdbinary: object) -> None:
    out = written({"n": [ORDER]}, form, safe=False, capfdbinary=capfdbinary).decode()
    assert (
        json.loads(out)[0]["n"] if form is Format.JSON else next(iter(csv.DictReader(io.StringIO(out))))["n"]
    ) == ORDER


def test_messages_write_it_out_and_json_among_them_stays_json(capsys: pytest.CaptureFixture[str]) -> None:
    screens.tell(f"a title: {ORDER}\nand more")
    screens.show(exits.Problem(ORDER, ORDER))
    screens.say(json.dumps({"title": ORDER}, ensure_ascii=False))
    out, err = capsys.readouterr()
    assert not (set(out) | set(err)) & set("\x1b\x07\x9b\x7f\u202e")
    assert out.endswith("\nand more\n")
    assert json.loads(err.splitlines()[-1]) == {"title": ORDER}


def test_letters_of_every_script_stay() -> None:
    assert printable("שלום, مرحبا, 你好 👩‍🚀\n\té\u200f") == "שלום, مرحبا, 你好 👩‍🚀\n\té\u200f"


def test_safe_cells_begin_with_no_formula_and_numbers_stay_numbers(capfdbinary: object) -> None:
    columns: dict[str, list[object]] = {
        "=name": [*FORMULAS, *PLAIN],
        "n": [-1.5] * len(FORMULAS + PLAIN),
    }
    out = written(columns, Format.CSV, safe=True, capfdbinary=capfdbinary).decode()
    head, *rows = csv.reader(io.StringIO(out, newline=""))
    assert head == ["'=name", "n"]
    assert [row[0] for row in rows] == [*(f"'{text}" for text in FORMULAS), *PLAIN]
    assert {row[1] for row in rows} == {"-1.5"}
    out = written(columns, Format.CSV, safe=False, capfdbinary=capfdbinary).decode()
    assert [row[0] for row in csv.reader(io.StringIO(out, newline=""))] == ["=name", *FORMULAS, *PLAIN]
