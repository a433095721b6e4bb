"""``pylon demo`` shows all there is, without an account, and touches nothing but its own files."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from support.repository import ROOT

from pylon_elt.pipelines.sample.demo import TICKETS

pytestmark = pytest.mark.dear

MEANT_FOR_OTHERS = {
    "PYLON_API_KEY": "pyl_of_somebody",
    "ZAIA_API_KEY": "pyl_of_somebody",
    "SOURCES__PYLON__API_KEY": "pyl_of_somebody",
    "SOURCES__PYLON__REGION": "nowhere",
    "DESTINATION__DUCKDB__CREDENTIALS": "/dev/null/copy.duckdb",
}


@pytest.mark.slow
def test_without_what_the_analysis_needs_it_says_how_to_see_it(tmp_path: Path) -> None:
    """With all of it, it is shown by what is installed: see the tests of the wheel."""
    folder, bare = tmp_path / "here", tmp_path / "bare"
    (folder / ".dlt").mkdir(parents=True)
    (folder / ".dlt" / "secrets.toml").write_text('[sources.pylon]\napi_key = "pyl_of_somebody"\n')
    bare.mkdir()
    (bare / "dbt.py").write_text("raise ModuleNotFoundError('no dbt', name='dbt')\n")
    own = {"PYTHONPATH": os.pathsep.join(map(str, (bare, ROOT))), "COLUMNS": "100"}
    done = subprocess.run(
        [sys.executable, "-m", "pylon_elt.pipelines.cli", "demo", "--issues", "20"],
        cwd=folder, env=os.environ | MEANT_FOR_OTHERS | own,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    with duckdb.connect(str(folder / "pylon-demo.duckdb"), read_only=True) as connection:
        assert connection.execute("SELECT count(*) FROM pylon.issues").fetchall() == [(20,)]
        assert connection.execute("SELECT count(*) FROM zaia.tickets").fetchall() == [(TICKETS,)]
    for shown in (
        "What landed",
        "Second run",
        " requests in ",
        "[analytics,report]",
        "query 'from issues limit 5'",
    ):
        assert shown in done.stdout
    assert "ask backlog" not in done.stdout, "which needs what is not there"
    assert "pyl_of_somebody" not in done.stdout
    assert {path.name for path in folder.iterdir()} == {
        ".dlt",
        "pylon-demo.duckdb",
        "pylon-demo.duckdb.lock",
        "pylon-demo.snapshot.duckdb",
    }
