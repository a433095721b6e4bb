"""What is special about DuckDB as a destination."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from pylon_elt.pipelines.base import exits
from pylon_elt.pipelines.base.causes import explain
from pylon_elt.pipelines.copy.destinations import open_pipeline

LIMIT = "SELECT value FROM duckdb_settings() WHERE name = 'memory_limit'"


@pytest.mark.parametrize(
    ("own", "limit"),
    [(None, "122.0 MiB"), ('{"memory_limit": "1GB"}', "953.6 MiB")],
    ids=["ours", "the user's"],
)
def test_duckdb_keeps_to_its_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own: str | None, limit: str
) -> None:
    monkeypatch.chdir(tmp_path)
    if own:
        monkeypatch.setenv("DESTINATION__DUCKDB__CREDENTIALS__GLOBAL_CONFIG", own)
    pipeline = open_pipeline(pipelines_dir=str(tmp_path / "pipelines"))
    with pipeline.sql_client() as client:
        assert client.execute_sql(LIMIT) == [(limit,)]


def test_running_out_of_memory_says_how_to_have_more() -> None:
    config = {"memory_limit": "2MB", "temp_directory": ""}
    with duckdb.connect(config=config) as connection, pytest.raises(duckdb.OutOfMemoryException) as caught:
        connection.execute("SELECT list(i) FROM range(10_000_000) t(i)").fetchall()
    problem = explain(caught.value)
    assert problem.code == exits.FAILED
    assert "GLOBAL_CONFIG" in problem.remedy
