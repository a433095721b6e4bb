"""What the DuckDB file is called, what it may not be called, and how a copy of an earlier version gets its name."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import duckdb
import pytest
from support.workplaces import Desk

from pylon_elt.pipelines.base import exits
from pylon_elt.pipelines.copy.lock import hold, lock_file
from pylon_elt.sources.pylon.copy.naming import catalog_of

pytestmark = pytest.mark.dear

SQL = "select count(*) as n from pylon.issues"


@pytest.mark.parametrize(
    "name", ["support.duckdb", "a.b.duckdb", "noext", ".hidden.duckdb", "Support.duckdb"]
)
def test_a_file_is_known_by_the_name_that_duckdb_gives_it(tmp_path: Path, name: str) -> None:
    with duckdb.connect(str(tmp_path / name)) as connection:
        assert connection.execute("SELECT current_database()").fetchall() == [(catalog_of(name),)]


def test_the_same_sql_runs_everywhere(desk: Desk) -> None:
    """Where file and schema have one name, DuckDB does not say which of the two is meant."""
    assert desk.pylon("run", "--select", "issues").code == exits.DONE
    assert {path.name for path in desk.folder.glob("*.duckdb")} == {
        "support.duckdb",
        "support.snapshot.duckdb",
    }
    for file in desk.folder.glob("*.duckdb"):
        with duckdb.connect(str(file), read_only=True) as connection:
            assert connection.execute(SQL).fetchall() == [(30,)]
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{desk.database}' (READ_ONLY)")
        assert connection.execute("select count(*) from support.pylon.issues").fetchall() == [(30,)]
    assert json.loads(desk.pylon("query", SQL, "--format", "json").out) == [{"n": 30}]


@pytest.mark.parametrize(
    ("file", "dataset"),
    [
        ("pylon.duckdb", "pylon"),
        ("Pylon.db", "pylon"),
        ("pylon_dlt_staging.duckdb", "pylon"),
        ("own.x.duckdb", "own"),
    ],
)
def test_a_file_with_the_name_of_a_schema_is_refused(desk: Desk, file: str, dataset: str) -> None:
    at = {"DESTINATION__DUCKDB__CREDENTIALS": file}
    for verb in (("run",), ("run", "--dry-run"), ("reconcile",), ("status",), ("query", SQL), ("check",)):
        assert not desk.server.log, "nothing is asked first"
        result = desk.pylon(*verb, "--dataset", dataset, env=at)
        assert result.code == exits.CONFIGURATION, result.text
        assert str(desk.folder / file) in result.text
        assert f"pylon move --dataset {dataset} {desk.folder / file}" in result.text
    assert not (desk.folder / file).exists()


@pytest.mark.parametrize(
    "file", ["main.duckdb", "Temp.db", "memory.duckdb", "system.x.duckdb", "a?b.duckdb", "a#b"]
)
def test_a_file_that_programs_would_call_differently_is_refused(desk: Desk, file: str) -> None:
    at = {"DESTINATION__DUCKDB__CREDENTIALS": file}
    for verb in (("run",), ("status",), ("query", "select 1"), ("transform",)):
        result = desk.pylon(*verb, env=at)
        assert result.code == exits.CONFIGURATION, result.text
        assert f"{desk.folder / file} cannot be called so" in result.text
        assert f"pylon move {desk.folder / file}" in result.text
    assert not desk.server.log
    assert not (desk.folder / file).exists()


@pytest.mark.parametrize("file", ["support.prod.duckdb", ".x.duckdb"])
def test_a_file_with_dots_is_read_by_all(desk: Desk, file: str) -> None:
    at = {"DESTINATION__DUCKDB__CREDENTIALS": file}
    assert desk.pylon("run", "--select", "issues", env=at).code == exits.DONE
    built = desk.pylon("transform", "--select", "stg_pylon__issues", env=at)
    assert built.code == exits.DONE, built.text
    for table in ("issues", "stg_pylon__issues"):
        found = desk.pylon("query", f"select count(*) as n from {table}", "--format", "json", env=at)
        assert json.loads(found.out) == [{"n": 30}], found.text
    assert desk.pylon("status", env=at).code == exits.DONE


def test_every_verb_calls_a_dataset_as_dlt_does(desk: Desk) -> None:
    named = ("--dataset", "Support-Desk")
    ran = desk.pylon("run", "--select", "issues", *named)
    assert ran.code == exits.DONE, ran.text
    assert "dataset support_desk" in ran.text
    assert desk.rows("issues", "support_desk") == 30
    built = desk.pylon("transform", "--select", "stg_pylon__issues", *named)
    assert built.code == exits.DONE, built.text
    assert desk.rows("stg_pylon__issues", "support_desk_analytics_staging") == 30
    for dataset in ("Support-Desk", "support_desk"):
        found = desk.pylon("query", "select count(*) as n from issues", "-f", "json", "--dataset", dataset)
        assert json.loads(found.out) == [{"n": 30}], found.text
        told = json.loads(desk.pylon("status", "--json", "--dataset", dataset).out)
        assert told["tables"]["issues"]["rows"] == 30
        assert len(told["runs"]) == 1


def test_a_copy_of_an_earlier_version_is_found_and_moved(desk: Desk) -> None:
    _as_it_was(desk)
    for verb in (("run",), ("status",), ("query", SQL), ("transform",)):
        result = desk.pylon(*verb)
        assert result.code == exits.CONFIGURATION, result.text
        assert str(desk.folder / "pylon.duckdb") in result.text
        assert f"pylon move {desk.folder / 'pylon.duckdb'}" in result.text
    configured = desk.pylon("run", env={"DESTINATION__DUCKDB__CREDENTIALS": str(desk.database)})
    assert configured.code == exits.CONFIGURATION, (
        "a setting that follows the new name begins nothing anew either"
    )
    desk.server.clear_log()

    assert desk.pylon("move").code == exits.DONE
    names = {path.name for path in desk.folder.iterdir() if not path.name.startswith(".")}
    assert names == {"support.duckdb", "support.duckdb.lock", "support.snapshot.duckdb"}
    told = json.loads(desk.pylon("status", "--json").out)
    assert len(told["runs"]) == 1, "what is known of former runs comes along"
    assert not desk.server.log

    issue = desk.server.world.issue_ids()[0]
    desk.server.world.add_message(issue)
    assert desk.pylon("run", "--select", "issues,issue_messages").code == exits.DONE
    asked = sorted(record.path for record in desk.server.log)
    assert asked == sorted(["/me", "/issues/search", f"/issues/{issue}/messages"])
    assert desk.rows("issues") == 30


def test_what_the_log_of_a_killed_run_holds_moves_too(desk: Desk) -> None:
    _as_it_was(desk)
    file = desk.folder / "pylon.duckdb"
    with duckdb.connect(str(file)) as connection:
        connection.execute("SET checkpoint_threshold = '1GB'")
        connection.execute("UPDATE pylon.pylon.issues SET title = 'from the log'")
        shutil.copy2(file, desk.folder / "killed.duckdb")
        shutil.copy2(desk.folder / "pylon.duckdb.wal", desk.folder / "killed.duckdb.wal")
    file.unlink()
    assert desk.pylon("move", "killed.duckdb").code == exits.DONE
    with duckdb.connect(str(desk.database), read_only=True) as connection:
        assert connection.execute("SELECT DISTINCT title FROM pylon.issues").fetchall() == [("from the log",)]


def test_nothing_is_moved_onto_something_or_from_under_a_run(desk: Desk) -> None:
    assert desk.pylon("move").code == exits.USAGE, "there is nothing"
    _as_it_was(desk)
    former = desk.folder / "pylon.duckdb"
    with hold(lock_file(former)):
        assert desk.pylon("move").code == exits.LOCKED
    desk.database.touch()
    result = desk.pylon("move")
    assert result.code == exits.USAGE
    assert "already" in result.text
    desk.database.unlink()
    assert desk.pylon("move", "--dataset", "other").code == exits.USAGE, "it holds no such copy"
    assert former.exists()


def test_somebody_elses_file_can_be_left_alone(desk: Desk) -> None:
    (desk.folder / "pylon.duckdb").write_text("not ours")
    chosen = ("run", "--select", "tags")
    assert desk.pylon(*chosen).code == exits.CONFIGURATION
    assert desk.pylon(*chosen, env={"DESTINATION__DUCKDB__CREDENTIALS": "copy.duckdb"}).code == exits.DONE
    (desk.folder / "copy.duckdb").rename(desk.database)
    assert desk.pylon(*chosen).code == exits.DONE, "it is there now"
    assert (desk.folder / "pylon.duckdb").read_text() == "not ours"


def _as_it_was(desk: Desk) -> None:
    """Leave what a run of an earlier version left: all of it under the name ``pylon.duckdb``."""
    from pylon_elt.pipelines.copy import destinations, snapshot

    assert desk.pylon("run", "--select", "issues,issue_messages").code == exits.DONE
    former = desk.folder / "pylon.duckdb"
    before = os.environ.get("DLT_DATA_DIR")
    os.environ["DLT_DATA_DIR"] = desk.environment["DLT_DATA_DIR"]
    try:
        destinations.folder_of(desk.database, "pylon").rename(destinations.folder_of(former, "pylon"))
    finally:
        os.environ.pop("DLT_DATA_DIR")
        if before is not None:
            os.environ["DLT_DATA_DIR"] = before
    snapshot.of(desk.database).rename(snapshot.of(former))
    desk.database.rename(former)
    lock_file(desk.database).rename(lock_file(former))
