"""``pylon demo`` shows all there is, without an account, and touches nothing but its own files."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from support.repository import ROOT

MEANT_FOR_OTHERS = {
    "PYLON_API_KEY": "pyl_of_somebody",
    "SOURCES__PYLON__API_KEY": "pyl_of_somebody",
    "SOURCES__PYLON__REGION": "nowhere",
    "DESTINATION__DUCKDB__CREDENTIALS": "/dev/null/copy.duckdb",
}


def _demo(folder: Path, *first: Path) -> str:
    folder.mkdir()
    (folder / ".dlt").mkdir()
    (folder / ".dlt" / "secrets.toml").write_text('[sources.pylon]\napi_key = "pyl_of_somebody"\n')
    path = os.pathsep.join(map(str, (*first, ROOT)))
    done = subprocess.run(
        [sys.executable, "-m", "pylon_elt.pipelines.cli", "demo", "--issues", "20"],
        cwd=folder, env=os.environ | MEANT_FOR_OTHERS | {"PYTHONPATH": path, "COLUMNS": "100"},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    with duckdb.connect(str(folder / "pylon-demo.duckdb"), read_only=True) as connection:
        assert connection.execute("SELECT count(*) FROM pylon.issues").fetchall() == [(20,)]
    for shown in (
        "First run: everything",
        "What landed",
        "Open backlog by team",
        "Second run",
        " requests in ",
    ):
        assert shown in done.stdout
    assert "pyl_of_somebody" not in done.stdout
    return done.stdout


@pytest.mark.slow
def test_the_demo_copies_looks_and_analyses(tmp_path: Path) -> None:
    text = _demo(tmp_path / "here")
    assert "tables built" in text
    assert "ask backlog --by account" in text
    assert (tmp_path / "here" / "pylon-demo.html").read_text().startswith("<!doctype html>")


@pytest.mark.slow
def test_without_what_the_analysis_needs_it_says_how_to_see_it(tmp_path: Path) -> None:
    (tmp_path / "bare").mkdir()
    (tmp_path / "bare" / "dbt.py").write_text("raise ModuleNotFoundError('no dbt', name='dbt')\n")
    text = _demo(tmp_path / "here", tmp_path / "bare")
    assert "[analytics,report]" in text
    assert "ask backlog" not in text, "which needs what is not there"
    assert "query 'from issues limit 5'" in text
    assert not (tmp_path / "here" / "pylon-demo.html").exists()
