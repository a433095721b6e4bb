"""Each benchmark runs, in the smallest size, and every contestant copies the same rows. What they measure is not judged."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest
from support.postgres import OLDEST, running_postgres

from benchmarks import allowance, doorbell, growth, idle, lake, load, marts, memory, pace, words
from benchmarks.multiplying import make_due, multiply
from benchmarks.server import serving

IDLE_REQUESTS = 9
"""A run with nothing to do asks whose workspace it is, for changes, and for those of what has a search of its own."""


def figures(printed: str) -> dict[str, list[str]]:
    """Return the cells of a printed table by the name of their row."""
    lines = [line.strip()[1:-1].split("|") for line in printed.splitlines() if line.startswith("| ")]
    return {cells[0].strip(): [cell.strip() for cell in cells[1:]] for cells in lines}


@pytest.mark.slow
@pytest.mark.parametrize("part", ["with-http", "without-http"])
def test_load(capsys: pytest.CaptureFixture[str], part: str) -> None:
    load.main(["--issues", "60", "--rounds", "1", "--only", part])
    found = figures(capsys.readouterr().out)
    header = found.pop("")
    assert header[:3] == ["issues", "messages", "CPU s"]
    assert len(found) >= 3
    assert len({tuple(cells[:2]) for cells in found.values()}) == 1, "all of them copied the same"
    assert all(re.fullmatch(r"\d+\.\d\d", cells[6]) for cells in found.values())


@pytest.mark.dear
def test_merge(capsys: pytest.CaptureFixture[str]) -> None:
    load.main(["--issues", "60", "--rounds", "1", "--only", "merge"])
    found = figures(capsys.readouterr().out)
    assert found.pop("")[:2] == ["issues", "messages"]
    assert len(found) == 2
    assert len({tuple(cells[:2]) for cells in found.values()}) == 1, "both of them merged the same"


@pytest.mark.slow
def test_allowance(capsys: pytest.CaptureFixture[str]) -> None:
    allowance.main(
        [
            "--windows",
            "3",
            "--window-seconds",
            "1",
            "--tiers",
            "july",
            "--kinds",
            "sliding",
            "--contestants",
            "ours",
        ]
    )
    found = figures(capsys.readouterr().out)
    assert found["ours, july, sliding: messages"][0] == "60"


@pytest.mark.dear
def test_pace(capsys: pytest.CaptureFixture[str]) -> None:
    pace.main(["--windows", "5", "--allowances", "10", "60"])
    found = figures(capsys.readouterr().out)
    assert found.pop("") == ["10", "60"]
    assert set(found) == set(pace.KINDS)
    assert all(re.fullmatch(r"\d+\.\d%, \d+\.\d%", cell) for cells in found.values() for cell in cells)


@pytest.mark.slow
def test_idle(capsys: pytest.CaptureFixture[str]) -> None:
    idle.main(["--issues", "60", "--rounds", "1"])
    found = figures(capsys.readouterr().out)
    assert found["dlt alone: an empty resource"][0] == "0"
    assert found["ours, as a script"][0] == "2", "whose workspace it is, and one page of search results"


@pytest.mark.dear
@pytest.mark.slow
def test_growth(capsys: pytest.CaptureFixture[str]) -> None:
    growth.main(["--issues", "90", "200", "--seeded", "60", "--due", "5", "--rounds", "1"])
    printed = capsys.readouterr().out
    lines = [line.split("|")[1:-1] for line in printed.splitlines() if line.startswith("| ")]
    measured = [[cell.strip() for cell in cells[:2]] for cells in lines if len(cells) == 5][1:9]
    names = ("pylon run, idle", "pylon status", "pylon run, 5 due", "comparison")
    assert measured == [[name, issues] for name in names for issues in ("90", "200")]
    assert set(figures(printed)) >= {"each 100,000 issues more", *names}


@pytest.mark.dear
@pytest.mark.slow
def test_a_multiplied_copy_has_nothing_due_until_something_is(tmp_path: Path) -> None:
    with serving(60, now=datetime.now(UTC).isoformat(timespec="seconds"), log="counts") as server:
        growth.measure(server, tmp_path, "run")
        multiply(tmp_path / growth.FILE, 400)
        assert growth.measure(server, tmp_path, "run").facts["asked"] == IDLE_REQUESTS
        make_due(tmp_path / growth.FILE, 7)
        assert growth.measure(server, tmp_path, "run").facts["asked"] == IDLE_REQUESTS + 3 * 7
    with duckdb.connect(str(tmp_path / growth.FILE)) as connection:
        rows = {name: connection.execute(f"SELECT count(*), count(DISTINCT {key}) FROM pylon.{name}").fetchall()
                for name, key in (("issues", "id"), ("issue_sync", "(issue_id, child)"))}  # fmt: skip
    assert rows == {"issues": [(400, 400)], "issue_sync": [(1200, 1200)]}


@pytest.mark.slow
def test_memory(capsys: pytest.CaptureFixture[str]) -> None:
    memory.main(["--issues", "60", "--minutes", "0.5"])
    assert figures(capsys.readouterr().out)["60"][0] == "60"


@pytest.mark.slow
def test_marts(capsys: pytest.CaptureFixture[str]) -> None:
    marts.main(["--issues", "300"])
    printed = capsys.readouterr().out
    assert re.search(r"300 issues and 1,\d+ messages: \d+\.\d s, dbt's own start included", printed)
    assert len(figures(printed)) == marts.SLOWEST + 1


@pytest.mark.dear
@pytest.mark.slow
def test_lake(capsys: pytest.CaptureFixture[str]) -> None:
    lake.main(["--issues", "90", "--seeded", "60", "--edited", "5", "--engines", "daft"])
    found = figures(capsys.readouterr().out)
    assert found.pop("")[:2] == ["issues", "seconds"]
    assert list(found) == [
        *("publish, all", "publish, nothing to do", "publish, 5 issues edited"),
        *("metrics, DuckDB", "metrics, daft"),
    ]
    written = [cells[-1] for cells in found.values()]
    assert 0 < float(written[2]) < float(written[0])
    assert written[1] == "", "nothing was to be written"


@pytest.mark.dear
@pytest.mark.slow
def test_doorbell(capsys: pytest.CaptureFixture[str]) -> None:
    doorbell.main(["--issues", "20", "--edits", "6", "--apart", "0.5", "--tier", "none"])
    printed = capsys.readouterr().out.splitlines()[-1]
    assert re.fullmatch(r"\| [1-6] \|( \d+\.\d \|){3}", printed), printed


@pytest.mark.dear
def test_words(capsys: pytest.CaptureFixture[str]) -> None:
    words.main(["--issues", "50"])
    found = figures(capsys.readouterr().out)
    assert len(found) == 7


@pytest.mark.dear
@pytest.mark.skipif(not OLDEST.exists(), reason="Postgres 15, which has pg_trgm, is not here")
def test_words_in_postgres(capsys: pytest.CaptureFixture[str]) -> None:
    with running_postgres(OLDEST) as server:
        words.main(["--issues", "50", "--postgres", server.url()])
    found = figures(capsys.readouterr().out)
    assert found["in Postgres, s"] == ["no index", "trigrams"]
    assert float(found["building it"][1]) > 0
