"""The copy and its snapshot open in an older DuckDB, as most programs that look at such files have one."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import duckdb
import pytest
from support.repository import ROOT
from support.workplaces import Desk

from pylon_elt.pipelines.base import exits

pytestmark = pytest.mark.dear

OLDER = ROOT / ".venv-duckdb1" / "bin" / "python"
"""A Python with DuckDB 1.4; ``make test`` makes it."""
LOOK = """
import duckdb, json, sys
assert duckdb.__version__.startswith("1."), duckdb.__version__
with duckdb.connect(sys.argv[1], read_only=True) as connection:
    names = connection.execute(
        "SELECT schema_name || '.' || table_name FROM duckdb_tables() ORDER BY ALL"
    ).fetchall()
    # a hash of the rows: all of their values are read
    counts = {
        name: connection.execute(f"SELECT count(hash(each)) FROM {name} AS each").fetchone()[0] for (name,) in names
    }
print(json.dumps(counts))
"""


@pytest.mark.skipif(not OLDER.exists(), reason="no .venv-duckdb1, which make test makes")
def test_the_copy_its_snapshot_and_the_tables_for_analysis_open_in_an_older_duckdb(desk: Desk) -> None:
    assert desk.pylon("run").code == exits.DONE
    assert desk.pylon("transform", "--select", "+pylon__issues").code == exits.DONE
    with duckdb.connect(str(desk.database), read_only=True) as connection:
        tables = connection.execute("SELECT schema_name, table_name FROM duckdb_tables()").fetchall()
    for file in ("support.duckdb", "support.snapshot.duckdb"):
        counts = _look(desk.folder / file)
        assert len(counts) == len(tables), "all of them"
        assert counts["pylon.issues"] == counts["pylon_analytics.pylon__issues"] == 30


def test_a_file_that_is_there_keeps_its_format(desk: Desk) -> None:
    duckdb.connect(str(desk.database)).close()
    before = _format(desk.database)
    assert desk.pylon("run", "--select", "tags").code == exits.DONE
    assert _format(desk.database) == before
    desk.database.unlink()
    assert desk.pylon("run", "--select", "tags").code == exits.DONE
    assert _format(desk.database) == "v1.0.0+" != before


def _look(file: Path) -> dict[str, int]:
    done = subprocess.run(
        [str(OLDER), "-I", "-c", LOOK, str(file)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    counts: dict[str, int] = json.loads(done.stdout)
    return counts


def _format(file: Path) -> Any:
    with duckdb.connect(str(file), read_only=True) as connection:
        found = connection.execute(
            "SELECT tags FROM duckdb_databases() WHERE path = ?", [str(file)]
        ).fetchone()
    return found and found[0]["storage_version"]
