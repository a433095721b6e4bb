"""``pylon export``: every row and value of every table, in files that are whole."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from support.workplaces import CopyDesk

from pylon_elt.pipelines.base import exits
from pylon_elt.pipelines.transform import package
from pylon_elt.sources.pylon.catalog import ALL_TABLES


def _same(desk: CopyDesk, *files: Path) -> None:
    """Look whether each file holds the rows of the table that it is called after."""
    with duckdb.connect(str(desk.database), read_only=True) as connection:
        for file in files:
            table = f"{'pylon_analytics' if file.stem in package.marts() else 'pylon'}.{file.stem}"
            difference = f"SELECT count(*) FROM (FROM {table} EXCEPT ALL FROM '{file}')"
            assert connection.execute(difference).fetchone() == (0,), table
            counts = f"SELECT (SELECT count(*) FROM {table}), (SELECT count(*) FROM '{file}')"
            there, written = connection.execute(counts).fetchone() or (0, 1)
            assert there == written, table


def test_every_table_is_written_as_it_is(desk: CopyDesk) -> None:
    result = desk.pylon("export", "out", "--marts")
    assert result.code == exits.DONE, result.text
    files = {path.stem: path for path in (desk.folder / "out").iterdir()}
    assert files.keys() == {*ALL_TABLES, *package.marts()}
    _same(desk, *files.values())
    rows = desk.sql("select count(*) from issue_messages")[0][0]
    (line,) = (line for line in result.out.splitlines() if line.startswith("issue_messages "))
    assert f"{rows:,} rows" in line


def test_chosen_tables_replace_their_files_and_only_those(desk: CopyDesk) -> None:
    desk.pylon("export", "out", "--select", "issues,tags")
    (desk.folder / "out" / "issues.parquet").write_bytes(b"old")
    result = desk.pylon("export", "out", "--select", "issues", "--select", "pylon__csat")
    assert result.code == exits.DONE
    assert {path.name for path in (desk.folder / "out").iterdir()} == {
        "issues.parquet",
        "tags.parquet",
        "pylon__csat.parquet",
    }
    _same(desk, desk.folder / "out" / "issues.parquet")


def test_a_folder_of_other_things_is_left_alone(raw_desk: CopyDesk) -> None:
    folder = raw_desk.folder / "out"
    folder.mkdir()
    (folder / "letter.txt").write_text("mine")
    refused = raw_desk.pylon("export", "out")
    assert refused.code == exits.USAGE
    assert "letter.txt" in refused.text
    assert [path.name for path in folder.iterdir()] == ["letter.txt"]
    assert raw_desk.pylon("export", "out", "--force", "--select", "tags").code == exits.DONE
    assert {path.name for path in folder.iterdir()} == {"letter.txt", "tags.parquet"}


@pytest.mark.parametrize(
    ("arguments", "hint", "code"),
    [
        (["--select", "isues"], "Did you mean issues?", exits.USAGE),
        (["--marts"], "pylon transform", exits.FAILED),
        (["--select", "pylon__csat"], "pylon transform", exits.FAILED),
    ],
)
def test_what_is_not_there_is_answered_with_what_to_do(
    raw_desk: CopyDesk, arguments: list[str], hint: str, code: int
) -> None:
    result = raw_desk.pylon("export", "out", *arguments)
    assert result.code == code
    assert hint in result.text
    assert not (raw_desk.folder / "out").exists()


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="has no /proc")
def test_a_folder_that_cannot_be_made_is_named(raw_desk: CopyDesk) -> None:
    refused = raw_desk.pylon("export", "/proc/out")
    assert refused.code == exits.USAGE
    assert "/proc/out cannot be made." in refused.text
