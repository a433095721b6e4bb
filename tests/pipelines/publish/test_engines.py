"""Engines that are not ours read what was published, and count what DuckDB counts in the copy."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest
from support.lakes import Waters, stamp
from support.repository import ROOT

from benchmarks.lake_engines import main, metrics

pytestmark = pytest.mark.dear

ENVIRONMENT = Path(os.environ.get("PYLON_LAKE_ENVIRONMENT", ROOT / ".venv-lake"))
"""Where ``make lake`` installed Spark, and Daft on Ray."""


def _of_the_copy(waters: Waters) -> dict[str, list[list[Any]]]:
    with duckdb.connect(str(waters.database), read_only=True) as connection:
        connection.execute("SET TimeZone = 'UTC'; SET schema = 'pylon'")
        return {
            name: [list(row) for row in connection.execute(sql).fetchall()] for name, sql in metrics().items()
        }


@pytest.fixture
def published(waters: Waters) -> Waters:
    """Published twice, so that there are tables of which a part was written anew."""
    waters.publish("issues", "issue_messages")
    waters.change(
        f"UPDATE issues SET state = 'closed', _synced_at = {stamp()} WHERE id IN (SELECT id FROM issues LIMIT 9)",
        "DELETE FROM issue_messages WHERE issue_id = (SELECT max(issue_id) FROM issue_messages)",
    )
    waters.publish("issues", "issue_messages")
    return waters


def test_daft_counts_what_duckdb_counts(published: Waters, capfd: pytest.CaptureFixture[str]) -> None:
    main("daft", str(published.folder), "pylon")
    told = json.loads(capfd.readouterr().out.splitlines()[-1])
    expected = _of_the_copy(published)
    assert told["rows"] == expected
    assert all(expected.values())


def test_daft_reads_every_row(published: Waters) -> None:
    import daft

    found = daft.read_iceberg(published.table("issues")).to_arrow()
    assert found.num_rows == 120
    titles = sorted(published.held("issues").column("title").to_pylist())
    assert sorted(found.column("title").to_pylist()) == titles


@pytest.mark.slow
@pytest.mark.skipif(not (ENVIRONMENT / "installed").exists(), reason="make lake has not made its environment")
@pytest.mark.parametrize("engine", ["spark", "ray"])
def test_spark_and_ray_count_what_duckdb_counts(published: Waters, engine: str) -> None:
    jars = ",".join(str(path) for path in sorted((ENVIRONMENT / "jars").glob("*.jar")))
    done = subprocess.run(
        [
            *(str(ENVIRONMENT / "bin" / "python"), str(ROOT / "benchmarks" / "lake_engines.py")),
            *(engine, str(published.folder), "pylon"),
        ],
        check=False,
        capture_output=True,
        text=True,
        env={
            **{name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
            "PYLON_LAKE_JARS": jars,
        },
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert json.loads(done.stdout.splitlines()[-1])["rows"] == _of_the_copy(published)


def test_duckdb_reads_the_files_themselves(published: Waters) -> None:
    """The data files are plain Parquet, with the copy's names and types."""
    places = [task.file.file_path for task in published.table("issues").scan().plan_files()]
    with duckdb.connect(":memory:") as connection:
        connection.execute("SET TimeZone = 'UTC'")
        found = connection.execute(
            "SELECT count(*), min(created_at) FROM read_parquet($1)", [places]
        ).fetchone()
    held = published.held("issues").column("created_at").to_pylist()
    assert found == (120, min(held))


def test_the_metrics_need_no_more_than_python(tmp_path: Path) -> None:
    """The engines' own Python has nothing of this project."""
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); import lake_engines; print(len(lake_engines.metrics()))"
    )
    command = [sys.executable, "-S", "-c", code, str(ROOT / "benchmarks")]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=tmp_path)
    assert done.stdout.strip() == "3"
