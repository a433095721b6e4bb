"""``pylon status``: what the copy holds, told without touching it."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from support.workplaces import Desk, amid_run, status

from pylon_elt.pipelines.copy.inspection import Place
from pylon_elt.pipelines.look.status import Status, look, render
from pylon_elt.pipelines.run.due import Due, IssuesRead


def test_without_a_copy_it_says_so_and_makes_none(desk: Desk) -> None:
    result = desk.pylon("status", env={"PYLON_API_KEY": None})
    assert result.code == 0
    assert "There is no copy yet. Make it with: pylon run" in result.out
    assert not desk.database.exists()
    assert status(desk)["exists"] is False


def test_it_needs_no_token_and_asks_nothing(desk: Desk) -> None:
    desk.pylon("run", "--select", "teams")
    desk.server.clear_log()
    assert (
        desk.pylon(
            "status", env={"PYLON_API_KEY": None, "SOURCES__PYLON__BASE_URL": "http://127.0.0.1:9"}
        ).code
        == 0
    )
    assert desk.server.counts() == {}


@pytest.mark.dear
def test_it_connects_to_the_database_once(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.pylon("run", "--select", "issues,issue_messages,teams")
    monkeypatch.chdir(desk.folder)
    connect, connected = duckdb.connect, []

    def counted(*given: Any, **named: Any) -> Any:
        connected.append(given)
        return connect(*given, **named)

    monkeypatch.setattr(duckdb, "connect", counted)
    found = look("duckdb", "pylon", datetime.now(UTC))
    assert found.tables
    assert found.tables["issues"].rows > 0
    assert len(connected) == 1


@pytest.mark.dear
def test_it_imports_nothing_that_only_reading_from_pylon_needs() -> None:
    program = "import pylon_elt.pipelines.look.status, sys; print({'httpx', 'pyarrow'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_rows_freshness_and_what_is_due_of_every_table(desk: Desk) -> None:
    desk.pylon("run", "--select", "issues,issue_messages,teams,accounts")
    found = status(desk)
    tables = found["tables"]
    assert list(tables) == ["issues", "issue_messages", "issue_sync", "accounts", "teams"]
    assert {name: table["rows"] for name, table in tables.items()} == {
        name: desk.rows(name) for name in tables
    }
    now = datetime.now(UTC)
    ages = {name: now - datetime.fromisoformat(table["read_at"]) for name, table in tables.items()}
    assert max(age.total_seconds() for age in ages.values()) < 300
    assert tables["issue_messages"]["due"] == 0
    assert datetime.fromisoformat(tables["teams"]["next_read"]) > now
    assert found["history_complete"] is True
    assert (now - datetime.fromisoformat(found["changed_until"])).total_seconds() < 300

    text = desk.pylon("status").out
    assert f"{desk.rows('issue_messages'):,}" in text
    assert "the history is complete" in text
    assert "in 23 h" in text


@pytest.mark.dear
def test_what_an_older_server_lacks_is_told_once_and_then_shown_here(open_desk: Any) -> None:
    desk = open_desk(lacking=("/email-suppressions",))
    first = desk.pylon("run", "--select", "email_suppressions,tags")
    assert first.code == 0
    assert first.out.count("--exclude email_suppressions") == 1, first.out
    second = desk.pylon("run", "--select", "email_suppressions,tags")
    assert second.code == 0
    assert "--exclude" not in second.out
    lines = [line for line in desk.pylon("status").out.splitlines() if "email_suppressions" in line]
    assert len(lines) == 1
    assert "not available here" in lines[0]
    assert "404" in lines[0]


def test_tables_that_are_read_by_time_or_by_parent_are_shown_too(desk: Desk) -> None:
    desk.pylon("run", "--select", "tasks,audit_logs")
    tables = status(desk)["tables"]
    assert list(tables) == ["tasks", "audit_logs"]
    assert datetime.fromisoformat(tables["tasks"]["next_read"]) > datetime.now(UTC)
    assert tables["audit_logs"]["next_read"] is None  # nothing ever goes from it
    desk.pylon("run", "--select", "task_comments")
    assert status(desk)["tables"]["task_comments"]["due"] == 0
    desk.server.world.edit("tasks", desk.server.world.rows("tasks")[0]["id"], title="Edited")
    desk.pylon("run", "--select", "tasks")
    assert status(desk)["tables"]["task_comments"]["due"] == 1
    assert "1 of its parents" in desk.pylon("status").out


def test_conversations_that_are_due_are_counted(desk: Desk) -> None:
    desk.pylon("run", "--select", "issues,issue_messages")
    for number in (1, 2, 3):
        desk.server.world.edit_issue(number, title="changed")
    desk.pylon("run", "--select", "issues")
    assert status(desk)["tables"]["issue_messages"]["due"] == 3
    assert "3 conversations" in desk.pylon("status").out


def test_the_pace_that_was_learnt_is_shown(open_desk: Any) -> None:
    desk = open_desk(issues=60)
    desk.pylon("run", "--select", "issues,issue_messages")
    pace = status(desk)["pace"]["GET /issues/{issue_id}/messages"]
    assert pace["requests_a_minute"] > pace["start"] == 20 * 60
    assert "learnt; began at 1,200" in desk.pylon("status").out


def test_the_last_runs_are_shown_newest_first(desk: Desk) -> None:
    desk.pylon("run", "--select", "teams")
    desk.server.settings.token = "another"
    desk.pylon("run", "--select", "tags")
    runs = status(desk)["runs"]
    assert [run["exit"] for run in runs] == [0, 3]
    assert "does not accept the token" in runs[1]["problem"]
    text = desk.pylon("status").out.partition("last runs")[2]
    assert text.index("exit 3") < text.index("exit 0")


def test_beside_a_run_it_says_who_holds_the_lock(open_desk: Any) -> None:
    desk = open_desk(issues=60)
    with amid_run(desk) as run:
        result = desk.pylon("status")
    assert result.code == 75
    assert f"process {run.process} on" in result.err
    assert run.wait().code == 0, "the run must not notice"


@pytest.mark.dear
def test_beside_a_run_it_answers_from_the_snapshot_and_says_from_when(open_desk: Any) -> None:
    desk = open_desk(issues=60)
    assert desk.pylon("run", "--select", "teams").code == 0
    with amid_run(desk, "--select", "teams,issues") as run:
        result, found = desk.pylon("status"), status(desk)
    assert (result.code, result.err) == (0, "")
    assert "support.duckdb is being written to; this is its snapshot," in result.text
    assert found["tables"]["teams"]["rows"] == len(desk.server.world.rows("teams"))
    assert datetime.fromisoformat(found["snapshot_at"]) < datetime.now(UTC)
    assert run.wait().code == 0
    assert status(desk)["snapshot_at"] is None


def test_a_copy_that_is_read_at_the_moment_does_not_fail_a_run(desk: Desk) -> None:
    desk.pylon("run", "--select", "teams")
    statuses = [desk.start("status") for _ in range(3)]
    run = desk.start("run", "--select", "issues")
    assert run.wait().code == 0
    assert {each.wait().code for each in statuses} <= {0, 75}


def test_a_read_only_copy_can_be_looked_at(desk: Desk) -> None:
    desk.pylon("run", "--select", "teams")
    desk.database.chmod(0o444)
    before = desk.database.stat().st_mtime_ns
    assert status(desk)["tables"]["teams"]["rows"] == desk.rows("teams")
    assert desk.database.stat().st_mtime_ns == before


def test_a_watermark_in_the_future_is_not_called_fresh() -> None:
    now = datetime(2026, 7, 1, tzinfo=UTC)

    def shown(changed_until: datetime) -> str:
        due = Due(now, IssuesRead(changed_until, now, history_complete=True))
        return render(Status(Place("duckdb", "pylon", Path()), now, [], 0, due=due))

    assert "in the future, since a clock was wrong" in shown(now + timedelta(hours=2))
    assert "(0.0 s ago)" in shown(now)
