"""What is special about DuckDB as a destination."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import duckdb
import pytest
from dlt.destinations.impl.duckdb.configuration import DuckDbClientConfiguration, DuckDbCredentials

from pylon_elt.pipelines.base import exits
from pylon_elt.pipelines.base.causes import explain
from pylon_elt.pipelines.copy.destinations import database_file, location, make_file, open_pipeline

LIMIT = "SELECT value FROM duckdb_settings() WHERE name = 'memory_limit'"


@pytest.mark.parametrize(
    ("own", "limit"),
    [(None, "61.0 MiB"), ('{"memory_limit": "1GB"}', "953.6 MiB")],
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


def test_what_is_configured_is_looked_up_once_and_each_client_has_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    pipeline = open_pipeline(pipelines_dir=str(tmp_path / "pipelines"))
    first = pipeline.destination_client().config
    monkeypatch.setenv("DESTINATION__DUCKDB__CREATE_INDEXES", "true")
    second = pipeline.destination_client().config
    assert (first.create_indexes, second.create_indexes) == (False, False)
    assert dict(first.credentials, conn_pool=0) == dict(second.credentials, conn_pool=0)
    assert first.credentials.conn_pool is not second.credentials.conn_pool
    assert pipeline.destination.configuration(first) is first, "those who load share its connections"
    pipeline.dataset_name = "other"
    third = pipeline.destination_client().config
    assert (second.dataset_name, third.dataset_name) == ("pylon", "other")


def test_a_load_says_where_the_file_is_and_needs_no_sqlalchemy_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    config = open_pipeline(pipelines_dir=str(tmp_path / "pipelines")).destination_client().config
    as_dlt_says_it = DuckDbClientConfiguration.__str__(config)
    monkeypatch.setattr(DuckDbCredentials, "to_url", lambda _its: pytest.fail("imports SQLAlchemy"))
    assert str(config) == as_dlt_says_it == f"duckdb:///{tmp_path / 'support.duckdb'}"


def test_running_out_of_memory_says_how_to_have_more() -> None:
    config = {"memory_limit": "2MB", "temp_directory": ""}
    with duckdb.connect(config=config) as connection, pytest.raises(duckdb.OutOfMemoryException) as caught:
        connection.execute("SELECT list(i) FROM range(10_000_000) t(i)").fetchall()
    problem = explain(caught.value)
    assert problem.code == exits.FAILED
    assert "GLOBAL_CONFIG" in problem.remedy


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("DESTINATION__DUCKDB__CREDENTIALS", "~/data/x.duckdb"),
        ("DESTINATION__DUCKDB__CREDENTIALS", "duckdb:///~/data/x.duckdb"),
        ("DESTINATION__DUCKDB__CREDENTIALS__DATABASE", "~/data/x.duckdb"),
    ],
)
@pytest.mark.parametrize("read_only", [False, True])
def test_a_tilde_is_the_home_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, read_only: bool
) -> None:
    home, work = tmp_path / "home", tmp_path / "work"
    (home / "data").mkdir(parents=True)
    work.mkdir()
    monkeypatch.chdir(work)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("DESTINATION__DUCKDB__CREDENTIALS", raising=False)
    monkeypatch.setenv(variable, value)
    file = home / "data" / "x.duckdb"
    pipelines = str(tmp_path / "pipelines")
    with open_pipeline(pipelines_dir=pipelines).sql_client() as client:
        client.execute_sql("CREATE TABLE there AS SELECT 1 AS one")
    pipeline = open_pipeline(pipelines_dir=pipelines, read_only=read_only)
    assert (database_file(pipeline), location(pipeline)) == (file, f"duckdb at {file}")
    with pipeline.sql_client() as client:
        assert client.execute_sql("SELECT one FROM there") == [(1,)]
    assert file.exists()
    assert not list(work.iterdir())


def test_a_home_folder_of_nobody_is_a_problem_of_the_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DESTINATION__DUCKDB__CREDENTIALS", "~nobody-of-this-name/x.duckdb")
    with pytest.raises(Exception, match="home folder") as caught:
        open_pipeline(pipelines_dir=str(tmp_path / "pipelines"))
    assert explain(caught.value).code == exits.CONFIGURATION


def test_threads_that_are_the_first_to_open_a_file_make_it_once(tmp_path: Path) -> None:
    together = Barrier(4, timeout=60)

    def make(number: int) -> None:
        together.wait()
        make_file(tmp_path / f"{number}.duckdb")

    with ThreadPoolExecutor(4) as threads:
        for number in range(20):
            for made in [threads.submit(make, number) for _ in range(4)]:
                made.result()
    assert len(list(tmp_path.iterdir())) == 20
