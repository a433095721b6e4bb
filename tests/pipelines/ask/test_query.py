"""``pylon query``: right answers in every format, nothing written whatever is asked, one screen when it is wrong."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest
from support.hostile import ELSEWHERE, WRITES
from support.workplaces import CopyDesk

from pylon_elt.pipelines.ask import query as query_command
from pylon_elt.pipelines.ask import reading
from pylon_elt.pipelines.base import exits


def _contents(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file() and ".streams" not in str(path))
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture
def here(raw_desk: CopyDesk, monkeypatch: pytest.MonkeyPatch) -> CopyDesk:
    """The desk's folder is ours: for what needs no process of its own."""
    monkeypatch.chdir(raw_desk.folder)
    monkeypatch.setenv("DLT_DATA_DIR", str(raw_desk.folder / "dlt"))
    return raw_desk


def _ask(statement: str) -> None:
    query_command.run(statement, query_command.Options("duckdb", "pylon", "", None, None, 100))


@pytest.mark.parametrize("statement", WRITES)
def test_what_writes_is_refused_before_it_is_tried(
    here: CopyDesk, statement: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = _contents(here.folder)
    with pytest.raises(exits.Problem) as refused:
        _ask(statement)
    assert refused.value.code == exits.USAGE
    assert capsys.readouterr().out == ""
    assert _contents(here.folder) == before


@pytest.mark.parametrize("statement", ELSEWHERE)
def test_nothing_but_the_copy_can_be_read(
    here: CopyDesk, statement: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (here.folder / "secret.csv").write_text("column\nhidden\n")
    before = _contents(here.folder)
    with pytest.raises(exits.Problem) as refused:
        _ask(statement)
    assert refused.value.code == exits.USAGE
    assert "hidden" not in capsys.readouterr().out
    assert _contents(here.folder) == before


@pytest.mark.parametrize("statement", ["select b'é'", "select 'é'::bit"])
def test_a_message_in_which_the_database_cuts_a_character_is_told_as_any_other(
    here: CopyDesk, statement: str
) -> None:
    with pytest.raises(exits.Problem, match="\N{REPLACEMENT CHARACTER}") as refused:
        _ask(statement)
    assert refused.value.code == exits.USAGE


def test_a_refusal_is_one_screen(raw_desk: CopyDesk) -> None:
    result = raw_desk.pylon("query", "delete from issues")
    assert result.code == exits.USAGE
    assert result.out == ""
    assert result.err.startswith("Error: DELETE does more than read.\nNext:")


def test_what_slips_past_the_check_is_stopped_by_the_database(here: CopyDesk) -> None:
    before = here.sql("select count(*) from issues")
    with reading.opened("duckdb", "pylon") as reader:
        for statement in WRITES[:9]:
            with pytest.raises(duckdb.Error):
                list(reader.ask(statement).batches)
    assert here.sql("select count(*) from issues") == before


@pytest.mark.parametrize(
    "statement",
    [
        "select count(*) as n from issues",
        "with open as (select * from issues) select count(*) as n from open",
        "from issues select count(*) as n",
        "/* how many */\n-- issues\nselect count(*) as n from issues;",
        "(select count(*) as n from pylon.issues)",
        "select count(*) as n from (pivot issues on state using count(*) group by id)",
    ],
)
def test_tables_are_found_with_and_without_their_schema(raw_desk: CopyDesk, statement: str) -> None:
    answer = json.loads(raw_desk.pylon("query", statement, "--format", "json").out)
    assert answer == [{"n": raw_desk.sql("select count(*) from issues")[0][0]}]


@pytest.mark.parametrize(
    "statement", ["show tables", "describe issues", "summarize tags", "explain from issues"]
)
def test_the_copy_can_be_explored(raw_desk: CopyDesk, statement: str) -> None:
    result = raw_desk.pylon("query", statement)
    assert result.code == exits.DONE
    assert result.out.strip()


def test_every_format_holds_every_row_and_value(desk: CopyDesk) -> None:
    query = "select id, number, title, created_at, first_response_seconds, customer_portal_visible, tags from issues order by id"
    expected = desk.sql(query)
    for name in ("rows.csv", "rows.json", "rows.parquet"):
        result = desk.pylon("query", query, "--output", name)
        assert result.out == f"{len(expected):,} rows in {name}.\n"
    parquet = pq.read_table(desk.folder / "rows.parquet").to_pylist()
    assert [tuple(row.values()) for row in parquet] == expected
    as_json = json.loads((desk.folder / "rows.json").read_text())
    with (desk.folder / "rows.csv").open(newline="") as file:
        as_csv = list(csv.DictReader(file))
    for row, one, other in zip(parquet, as_json, as_csv, strict=True):
        stamp = row["created_at"].isoformat().replace("+00:00", "Z")
        assert one == row | {"created_at": stamp}
        texts = {key: "" if value is None else str(value) for key, value in one.items()}
        texts["customer_portal_visible"] = texts["customer_portal_visible"].lower()
        assert other == texts


def test_numbers_in_json_are_not_rounded(raw_desk: CopyDesk) -> None:
    query = "select 9007199254740993 as a, 1.10::decimal(10, 2) as b, sum(n) as c, 0.1 + 0.2 as d from range(3) as t(n)"
    (row,) = json.loads(raw_desk.pylon("query", query, "--format", "json").out)
    assert row == {"a": 9007199254740993, "b": 1.1, "c": 3, "d": 0.3}
    (row,) = json.loads(raw_desk.pylon("query", "select 1 as a, 2 as a", "--format", "json").out)
    assert list(row.values()) == [1, 2]


def test_csv_to_stdout_and_the_statement_from_stdin(raw_desk: CopyDesk) -> None:
    question = raw_desk.folder / "question.sql"
    question.write_text("select 'a,b' as x, 'say \"hi\"' as y, null as z")
    out = raw_desk.pylon("query", "-", "--format", "csv", stdin=question).out
    assert list(csv.reader(io.StringIO(out))) == [["x", "y", "z"], ["a,b", 'say "hi"', ""]]


def test_the_table_ends_at_the_limit_and_says_so(raw_desk: CopyDesk) -> None:
    shown = raw_desk.pylon("query", "from range(5)", "--limit", "3").out
    assert "The first 3 rows" in shown
    assert "2" in shown.split()
    assert "4" not in shown.split()
    everything = raw_desk.pylon("query", "from range(5)", "--limit", "5").out
    assert "4" in everything.split()
    assert "The first" not in everything


def test_an_output_that_fails_leaves_no_file(raw_desk: CopyDesk) -> None:
    query = "select case when n < 50000 then n else error('stop') end as n from range(60000) as t(n)"
    result = raw_desk.pylon("query", query, "--output", "rows.csv")
    assert result.code != exits.DONE
    assert not [path for path in raw_desk.folder.iterdir() if "rows" in path.name]
    assert raw_desk.pylon("query", "select 1", "--output", "nowhere/rows.csv").code == exits.USAGE


def test_what_is_no_file_is_written_to_as_it_is(raw_desk: CopyDesk) -> None:
    """As root, a file in the place of ``/dev/null`` ends more than this command."""
    pipe, link, target = (raw_desk.folder / name for name in ("pipe.csv", "link.csv", "target.csv"))
    os.mkfifo(pipe)
    target.write_text("before")
    link.symlink_to(target)
    asking = raw_desk.start("query", "select 1 as a", "--output", "pipe.csv")
    assert pipe.read_text() == "a\n1\n"
    assert asking.wait().code == exits.DONE
    assert pipe.is_fifo()
    assert raw_desk.pylon("query", "select 2 as a", "--output", "link.csv").code == exits.DONE
    assert link.is_symlink()
    assert target.read_text() == "a\n2\n"
    folder = raw_desk.pylon("query", "select 1", "--format", "csv", "--output", ".")
    assert folder.code == exits.USAGE
    assert "is a folder" in folder.text


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="there is no /proc")
def test_a_name_of_stdout_is_stdout(raw_desk: CopyDesk) -> None:
    result = raw_desk.pylon("query", "select 1 as a", "--format", "csv", "--output", "/proc/self/fd/1")
    assert (result.code, result.out) == (exits.DONE, "a\n1\n")


def test_errors_show_the_place_and_what_was_meant(raw_desk: CopyDesk) -> None:
    wrong = raw_desk.pylon("query", "select 1\nfrm issues")
    assert wrong.code == exits.USAGE
    assert "LINE 2: frm issues" in wrong.err
    missing = raw_desk.pylon("query", "select * from isues")
    assert missing.code == exits.USAGE
    assert "Did you mean issues?" in missing.text
    column = raw_desk.pylon("query", "select titel from issues")
    assert column.code == exits.USAGE
    assert '"title"' in column.err
    mart = raw_desk.pylon("query", "from pylon__issue_metrics")
    assert mart.code == exits.USAGE
    assert "pylon transform" in mart.text
    form = raw_desk.pylon("query", "select 1", "--format", "xml")
    assert form.code == exits.USAGE


def test_without_a_copy_it_says_how_to_make_one(raw_desk: CopyDesk) -> None:
    raw_desk.database.unlink()
    result = raw_desk.pylon("query", "select 1")
    assert result.code == exits.FAILED
    assert "pylon run" in result.text


def test_large_answers_are_sorted_on_disk_though_no_file_can_be_read(raw_desk: CopyDesk) -> None:
    query = "select max(n) as n from (select n from range(3000000) as t(n) order by hash(n) limit 2999999)"
    assert json.loads(raw_desk.pylon("query", query, "--format", "json").out)[0]["n"] > 0
