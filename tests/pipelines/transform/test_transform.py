"""``pylon transform``: from a copy to tables for analysis, and one screen for whatever is in the way."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest
from support.commands import Result, wait_until
from support.workplaces import Desk

from pylon_elt.pipelines.base import exits
from pylon_elt.pipelines.copy import destinations
from pylon_elt.pipelines.transform import dbt_profile

TABLES = "issues,issue_messages,teams,users"
HOLD = """
import sys, time, duckdb
connection = duckdb.connect(sys.argv[1])
print("open", flush=True)
time.sleep(120)
"""


def test_without_a_copy_it_says_what_comes_first(desk: Desk) -> None:
    result = desk.pylon("transform")
    assert result.code == exits.FAILED
    assert "There is no copy yet to build from. Next: Make it first, with: pylon run" in result.text
    assert not desk.database.exists()


def test_a_copy_whose_runs_were_not_asked_for_issues_says_so(desk: Desk) -> None:
    assert desk.pylon("run", "--select", "tags").code == exits.DONE
    result = desk.pylon("transform")
    assert result.code == exits.CONFIGURATION
    assert "no run has read them so far" in result.text
    assert "pylon run --select issues" in result.text


def test_issues_that_may_not_be_read_are_no_empty_workspace(open_desk: Any) -> None:
    desk = open_desk(denied=("GET /issues", "POST /issues/search"))
    assert desk.pylon("run", "--select", "issues,tags").code == exits.CONFIGURATION
    result = desk.pylon("transform")
    assert result.code == exits.CONFIGURATION
    assert "no run has read them so far" in result.text


def test_issues_that_were_dropped_are_no_empty_workspace(open_copy: Any) -> None:
    desk = open_copy(TABLES)
    with duckdb.connect(str(desk.database)) as connection:
        connection.execute("DROP TABLE pylon.issues")
    result = desk.pylon("transform")
    assert result.code == exits.CONFIGURATION
    assert "The table issues was dropped from the copy." in result.text


@pytest.mark.dear
def test_a_workspace_without_issues_makes_tables_without_rows(open_desk: Any) -> None:
    desk = open_desk(issues=0)
    assert desk.pylon("run", "--select", "issues,issue_messages,accounts").code == exits.DONE
    result = desk.pylon("transform", "--test", "--format", "json")
    assert result.code == exits.DONE, result.text
    assert {node["status"] for node in result.event("transformed")["nodes"]} == {"success", "pass"}
    assert desk.rows("pylon__issue_metrics", "pylon_analytics") == 0
    assert desk.rows("pylon__issues", "pylon_analytics") == 0


def told(result: Result) -> list[str]:
    """Return the lines on stderr; a fork that ends at once leaves dbt's locks to be warned of."""
    return [
        line
        for line in result.err.splitlines()
        if "resource_tracker" not in line and "warnings.warn" not in line
    ]


def test_one_table_with_what_it_needs(open_copy: Any) -> None:
    desk = open_copy(TABLES)
    hours = json.dumps({"monday": ["10:00", "11:00"]})
    variables = {"TRANSFORM__BUSINESS_HOURS": hours, "TRANSFORM__TIMEZONE": "Asia/Kolkata"}
    chosen = ("transform", "--select", "+pylon__issue_metrics", "--schema", "numbers")
    result = desk.pylon(*chosen, env=variables)
    assert result.code == exits.DONE, result.err
    assert "tables built in" in result.out
    assert f"{desk.database}, schema numbers." in result.text
    assert desk.rows("pylon__issue_metrics", "numbers") == desk.rows("issues") == 30
    lines = told(result)
    assert [int(line.split()[0]) for line in lines] == list(range(1, len(lines) + 1))
    assert all(f" of {len(lines)}  " in line and "success" in line for line in lines)
    files = {path.name for path in desk.folder.iterdir() if not path.name.startswith(".streams")}
    kept = {"support.duckdb", "support.duckdb.lock", "support.snapshot.duckdb"}
    assert files == kept, "dbt leaves nothing behind"

    with duckdb.connect(str(desk.database)) as connection:
        found = connection.execute(
            "SELECT DISTINCT weekday, business_seconds, strftime(opens_at AT TIME ZONE 'UTC', '%H:%M')"
            " FROM numbers_staging.int_pylon__days WHERE business_seconds > 0"
        ).fetchall()
        assert found == [(1, 3600, "04:30")], "the settings came from the environment"
        connection.execute("DELETE FROM pylon.issues WHERE number <= 10")
    assert desk.pylon(*chosen, "--progress", "none").code == exits.DONE
    assert desk.rows("pylon__issue_metrics", "numbers") == 20, "a second build takes over what is gone"


def test_tables_that_were_never_read_count_as_empty(desk: Desk) -> None:
    """Only issues are in the copy: everything is built all the same, and every test of it holds."""
    desk.pylon("run", "--select", "issues")
    result = desk.pylon("transform", "--test", "--json")
    assert result.code == exits.DONE, result.text
    assert told(result) == []
    nodes = json.loads(result.out)["nodes"]
    assert {node["status"] for node in nodes} <= {"success", "pass", "warn"}
    assert {node["name"].split("_")[0] for node in nodes if node["status"] == "warn"} == {"relationships"}
    assert desk.rows("pylon__issue_metrics", "pylon_analytics") == desk.rows("issues")
    assert desk.rows("pylon__issue_messages", "pylon_analytics") == 0


@pytest.mark.parametrize(
    ("arguments", "code", "phrases"),
    [
        (
            ["-s", "pylon__isues"],
            exits.USAGE,
            ["Nothing is called pylon__isues.", "Did you mean pylon__issues?"],
        ),
        (["-d", "snowflake"], exits.USAGE, ["builds in DuckDB, DuckLake and Postgres, not in snowflake"]),
        (["-d", "dukdb"], exits.USAGE, ["Did you mean duckdb?"]),
    ],
)
def test_what_cannot_be_asked_for(desk: Desk, arguments: list[str], code: int, phrases: list[str]) -> None:
    result = desk.pylon("transform", *arguments)
    assert result.code == code, result.text
    assert all(phrase in result.text for phrase in phrases)
    assert "Traceback" not in result.err


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ('timezone = "Mars/Olympus"', "timezone is 'Mars/Olympus'. Next: It must be a time zone"),
        ('timzone = "UTC"', "has a setting timzone, which means nothing. Next: Did you mean timezone?"),
        ("history_days = 'long'", "history_days is 'long'. Next: Its default is 730."),
        ("conversation_characters = 10", "conversation_characters is 10. Next: It must be at least 1000."),
        ("issue_day_custom_fields = [1]", 'It must be a list of slugs, such as ["priority"].'),
        ('issue_day_fields = ["state", "mood"]', "It may have state, assignee, team, tags."),
        ('schedules = { default = { teams = ["a"] } }', "Each has a name other than default, teams,"),
        ("schedules = { a = { holidays = [] } }", "a must have teams, by id or name"),
        ('schedules = { a = { teams = ["x"] }, b = { teams = ["x"] } }', "x can be in one schedule only."),
        ('schedules = { a = { teams = ["x"], timezone = "Mars" } }', "timezone of a: It must be a time zone"),
        ('targets = [{ event = "reply", minutes = 5 }]', "Target 1 must have an event, of first_response,"),
        ('targets = [{ event = "resolution", minutes = 0 }]', "Target 1 must have minutes, more than 0."),
        (
            'targets = [{ event = "resolution", minutes = 5, teams = "a" }]',
            "teams and priorities of target 1",
        ),
        ("holidays = true", "holidays is True. Next: Its default is []."),
        ('holidays = ["25.12.2026"]', "It must be a list of days"),
        ('business_hours = { mondey = ["09:00", "17:00"] }', "It must have hours for each working day"),
        ('business_hours = { monday = ["9", "17:00"] }', "It must have hours for each working day"),
        ('business_hours = { monday = ["17:00", "09:00"] }', "It must have hours for each working day"),
        ('business_hours = { monday = ["22:00", "06:00"] }', "hours past midnight are the next day's"),
    ],
)
def test_settings_that_cannot_be_used(desk: Desk, text: str, phrase: str) -> None:
    desk.config(f"[transform]\n{text}\n")
    result = desk.pylon("transform")
    assert result.code == exits.CONFIGURATION
    assert phrase in result.text


def test_beside_a_run_it_says_who_holds_the_lock(open_desk: Any) -> None:
    desk = open_desk(issues=60, latency_seconds=0.3)
    desk.pylon("run", "--select", "teams")
    run = desk.start("run")
    lock = desk.database.with_name("support.duckdb.lock")
    wait_until(lambda: lock.exists() and lock.read_text())
    wait_until(lambda: desk.server.count("GET /issues") > 0)
    result = desk.pylon("transform")
    assert result.code == exits.LOCKED
    assert f"process {run.process} on" in result.err
    assert run.wait().code == 0


def test_a_file_that_another_program_has_open(open_copy: Any) -> None:
    desk = open_copy(TABLES)
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(desk.database)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "open\n"
        result = desk.pylon("transform")
    finally:
        holder.kill()
        holder.wait()
    assert result.code == exits.LOCKED, result.text
    assert str(holder.pid) in result.text


def test_a_model_that_fails_is_named_on_one_screen(open_copy: Any) -> None:
    desk = open_copy(TABLES)
    with duckdb.connect(str(desk.database)) as connection:
        connection.execute("ALTER TABLE pylon.users DROP COLUMN status")
    result = desk.pylon("transform", "--progress", "none", "-s", "+pylon__agent_daily")
    assert result.code == exits.FAILED
    assert "1 of the models could not be built." in result.text
    assert "stg_pylon__users: Runtime Error" in result.text
    assert "status" in result.text
    assert len(result.err.splitlines()) < 12
    assert "Traceback" not in result.err


def test_a_test_that_does_not_hold_has_its_own_exit_code(open_copy: Any) -> None:
    desk = open_copy(TABLES)
    with duckdb.connect(str(desk.database)) as connection:
        connection.execute("INSERT INTO pylon.teams SELECT * FROM pylon.teams LIMIT 1")
    result = desk.pylon("transform", "--test", "-s", "stg_pylon__teams")
    assert result.code == exits.DATA_CHECK
    assert "1 of the tests do not hold. unique_stg_pylon__teams_team_id" in result.text
    assert desk.rows("stg_pylon__teams", "pylon_analytics_staging") == desk.rows("teams")


def test_the_password_is_never_in_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = "s3cr3t-pass"
    url = f"postgresql://loader:{secret}@db.example:6543/support?sslmode=require&connect_timeout=7"
    monkeypatch.setenv("DESTINATION__POSTGRES__CREDENTIALS", url)
    pipeline = destinations.open_pipeline("postgres", "pylon", pipelines_dir=str(tmp_path / "dlt"))
    with dbt_profile.written(pipeline, tmp_path, "marts", "postgres"):
        file = tmp_path / "profiles.yml"
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        text = file.read_text()
        assert secret not in text
        target = json.loads(text)["pylon"]["outputs"]["copy"]
        assert target == target | {
            "host": "db.example", "port": 6543, "user": "loader", "dbname": "support", "schema": "marts",
            "sslmode": "require", "connect_timeout": 7,
        }  # fmt: skip
        import os

        assert os.environ[dbt_profile.PASSWORD] == secret
    assert dbt_profile.PASSWORD not in os.environ
