"""The history of runs."""

from __future__ import annotations

from pathlib import Path

from pylon_elt.pipelines.copy import runs


def test_the_last_fifty_runs_are_kept(tmp_path: Path) -> None:
    for number in range(60):
        runs.remember(tmp_path, runs.Run(started=f"{number}", seconds=1.0, exit=0, rows={"issues": number}))
    kept = runs.recall(tmp_path)
    assert len(kept) == runs.KEPT == 50
    assert [kept[0].started, kept[-1].started] == ["10", "59"]
    assert kept[-1].rows == {"issues": 59}
    assert [file.name for file in tmp_path.iterdir()] == ["pylon.runs.jsonl"]


def test_lines_that_cannot_be_read_are_passed_over(tmp_path: Path) -> None:
    runs.remember(tmp_path, runs.Run("now", 1.0, 0))
    with runs.history_file(tmp_path).open("a") as file:
        file.write(
            'broken\n{"other": 1}\n[]\n{"started": "later", "seconds": 2, "exit": 4, "new_field": 1}\n'
        )
    assert [run.started for run in runs.recall(tmp_path)] == ["now", "later"]


def test_a_history_that_cannot_be_written_fails_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    runs.remember(tmp_path / "file" / "below", runs.Run("now", 1.0, 0))
    assert runs.recall(tmp_path / "nowhere") == []
