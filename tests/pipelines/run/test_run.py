"""``pylon run``: what its options do, and what it says."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import time
from pathlib import Path
from typing import Any

import pytest
from support.workplaces import Desk

from pylon_elt.sources.pylon.catalog import LEDGERS, USUAL

FILLED = set(USUAL) - {"custom_objects"}
"""What a run fills unless told otherwise; of custom objects nobody knows the types."""
CONVERSATIONS = ("--select", "issues,issue_messages")


def test_needs_a_token_and_nothing_else(desk: Desk) -> None:
    result = desk.pylon("run")
    assert result.code == 0, result.err
    assert desk.rows("issues") == len(desk.server.world)
    assert desk.rows("issue_messages") == len(desk.server.world.snapshot()["issue_messages"])
    assert f"Copied to duckdb at {desk.database}, dataset pylon" in result.out
    assert "Nothing is left to read." in result.out
    assert desk.tables() == FILLED


def test_the_token_may_stand_in_secrets_toml_and_the_settings_in_config_toml(desk: Desk) -> None:
    desk.config(f'[sources.pylon]\napi_key = "{desk.server.token}"\n', "secrets.toml")
    desk.config(f'[sources.pylon]\nbase_url = "{desk.server.base_url}"\nstart_date = 2025-01-31\n')
    result = desk.pylon(
        "run", "--select", "teams", env={"PYLON_API_KEY": None, "SOURCES__PYLON__BASE_URL": None}
    )
    assert result.code == 0, result.err
    assert desk.rows("teams") > 0


def test_says_how_many_rows_and_requests_and_that_a_second_run_needs_almost_none(desk: Desk) -> None:
    first = desk.pylon("run", *CONVERSATIONS)
    messages = len(desk.server.world.snapshot()["issue_messages"])
    (line,) = (line for line in first.out.splitlines() if "issue_messages" in line and "fields" not in line)
    assert line.split()[1:3] == [f"{messages:,}", f"{desk.server.count('GET /issues/{id}/messages'):,}"]
    assert "fields that are not documented: issues.sentiment_beta" in " ".join(first.out.split())

    desk.server.clear_log()
    second = desk.pylon("run", *CONVERSATIONS)
    assert second.code == 0
    assert desk.server.counts()["POST /issues/search"]["served"] == 1
    assert "requests" in second.out
    assert "issue_messages" not in second.out


def test_select_takes_several_names_and_brings_the_ledger_along(desk: Desk) -> None:
    result = desk.pylon("run", "--select", "issues,issue_messages", "--select", "teams")
    assert result.code == 0, result.err
    assert desk.tables() == {"issues", "issue_messages", "issue_sync", "teams"}
    assert desk.server.count("GET /issues/{id}/threads") == 0


def test_exclude_leaves_tables_out(desk: Desk) -> None:
    result = desk.pylon(
        "run", "--exclude", "issue_messages,issue_threads", "-x", "issue_followers", "-x", "kb_articles"
    )
    assert result.code == 0, result.err
    conversations = {name for name in FILLED if name.startswith("issue_")} - {"issue_statuses"}
    assert desk.tables() == FILLED - conversations - {"kb_articles"}


def test_what_is_off_is_read_once_it_is_configured_or_selected(desk: Desk) -> None:
    desk.config(
        '[sources.pylon]\ninclude = ["audit_logs"]\ncustom_object_types = ["companies", "work-orders"]\n'
    )
    rest = ",".join(sorted(FILLED - {ledger.name for ledger in LEDGERS} - {"teams"}))
    assert desk.pylon("run", "--exclude", rest).code == 0
    assert desk.tables() == {"teams", "audit_logs", "custom_objects"}
    variable = {"SOURCES__PYLON__INCLUDE": '["call_recordings"]'}
    assert desk.pylon("run", "--exclude", rest, env=variable).code == 0
    assert desk.tables() == {"teams", "audit_logs", "custom_objects", "call_recordings"}
    assert desk.pylon("run", "--select", "issue_voice_calls").code == 0
    assert "issue_voice_calls" not in desk.tables()  # nobody knows an issue
    assert desk.pylon("run", "--select", "account_relationships,accounts").code == 0
    assert {"account_relationships", "parent_sync"} <= desk.tables()


def test_a_table_to_include_that_does_not_exist_is_told(desk: Desk) -> None:
    desk.config('[sources.pylon]\ninclude = ["audit_log"]\n')
    for verb in (("run",), ("run", "--dry-run"), ("status",), ("check",)):
        result = desk.pylon(*verb)
        assert result.code == 3, result.text
        assert "audit_logs" in result.text


def test_dataset_names_the_schema(desk: Desk) -> None:
    assert desk.pylon("run", "--select", "teams", "--dataset", "helpdesk").code == 0
    assert desk.rows("teams", "helpdesk") > 0


def test_destination_is_found_by_its_name(desk: Desk) -> None:
    result = desk.pylon("run", "--select", "teams", "--destination", "duckdb")
    assert result.code == 0
    assert desk.pylon("run", "--destination", "filesystem").code == 3


def test_start_date_leaves_older_issues_out_from_the_command_line_too(desk: Desk) -> None:
    issues = list(desk.server.world.issues())
    start = sorted(issue["created_at"] for issue in issues)[len(issues) // 2]
    result = desk.pylon("run", "--select", "issues", "--start-date", start)
    assert result.code == 0, result.err
    assert desk.rows("issues") == sum(issue["created_at"] >= start for issue in issues)


def test_base_url_goes_before_the_configured_one(desk: Desk) -> None:
    elsewhere: dict[str, str | None] = {"SOURCES__PYLON__BASE_URL": "http://127.0.0.1:9"}
    assert desk.pylon("run", "--select", "teams", "--base-url", desk.server.base_url, env=elsewhere).code == 0


def test_max_minutes_saves_what_was_read_and_the_next_run_goes_on(open_desk: Any) -> None:
    desk = open_desk(issues=40, tier={"*": 6}, window_seconds=1)
    early = desk.pylon("run", "--max-minutes", "0.05", "--log-format", "json").event("run_finished")
    assert early["exit"] == 0
    assert "--max-minutes 0.05" in early["ended_early"]
    left = sum(early["due"].values())
    assert left > 0
    assert not early["complete"]
    assert early["remaining"].keys() == {"seconds", "open_ended", "changes_since", "history_before"}
    assert early["remaining"]["seconds"] >= 0
    saved = {table: desk.rows(table) for table in ("issues", "issue_sync")}

    desk.server.settings.tier = "none"
    desk.server.clear_log()
    done = desk.pylon("run", "--log-format", "json").event("run_finished")
    assert (done["ended_early"], done["complete"], done["remaining"]) == ("", True, None)
    assert sum(done["due"].values()) == 0
    assert saved["issues"] <= desk.rows("issues") == 40
    asked = sum(
        desk.server.count(f"GET /issues/{{id}}/{child}") for child in ("messages", "threads", "followers")
    )
    assert asked <= left + 3 * 40 - saved["issue_sync"]


def test_full_refresh_asks_and_takes_no_for_an_answer(desk: Desk, tmp_path: Path) -> None:
    assert desk.pylon("run", "--select", "teams").code == 0
    before = desk.database.read_bytes()
    result = desk.pylon("run", "--select", "teams", "--full-refresh")
    assert result.code == 2
    assert "--yes" in result.err
    assert desk.database.read_bytes() == before


def test_full_refresh_reads_the_chosen_tables_anew(desk: Desk) -> None:
    assert desk.pylon("run", "--select", "issues,teams,tags").code == 0
    gone = desk.server.world.rows("teams")[0]["id"]
    desk.server.world.drop("teams", gone)
    desk.server.clear_log()
    result = desk.pylon("run", "--select", "teams", "--full-refresh", "--yes")
    assert result.code == 0, result.err
    assert desk.server.count("GET /teams") == 2, "once before they are dropped"
    assert desk.server.count("GET /tags") == 0
    assert desk.rows("teams") == len(desk.server.world.rows("teams"))
    assert desk.rows("issues") == len(desk.server.world)


def test_progress_none_says_nothing_on_stderr(desk: Desk) -> None:
    assert desk.pylon("run", "--select", "teams", "--progress", "none").err == ""


def test_progress_is_a_plain_line_where_there_is_no_terminal(desk: Desk) -> None:
    result = desk.pylon("run", "--select", "teams,tags")
    (line,) = result.err.splitlines()
    assert "directory 2/2" in line
    assert "saved" in line


def test_json_lines_tell_the_whole_run_and_stand_alone_on_stdout(desk: Desk) -> None:
    desk.server.settings.denied = ["GET /users", "GET /issues/{id}/threads"]
    result = desk.pylon(
        "run", "--log-format", "json", "--exclude", "kb_articles,kb_collections,contacts,accounts"
    )
    assert result.err == ""
    names = [event["event"] for event in result.events]
    assert names[0] == "run_started"
    assert names[-1] == "run_finished"
    assert {"turn", "not_available", "failure"} <= set(names)
    assert all(event["at"].endswith("Z") for event in result.events)
    turn = next(event for event in result.events if event["event"] == "turn")
    (messages,) = (lane for lane in turn["lanes"] if lane["name"] == "issue_messages")
    assert messages["done"] == messages["due"] == 30
    assert messages["allowed_a_minute"] >= messages["requests_a_minute"] >= 0
    finished = result.event("run_finished")
    assert finished["exit"] == result.code == 3
    assert finished["rows"]["issue_messages"] == desk.rows("issue_messages")
    assert finished["requests"]["GET /issues/{issue_id}/messages"]["asked"] == 30


def test_a_terminal_gets_one_live_view_and_its_cursor_back(desk: Desk) -> None:
    screen = on_a_terminal(desk, "run", "--select", "issues,issue_messages")
    assert "requests a minute" in screen
    assert "messages" in screen
    assert screen.rfind("\x1b[?25h") > screen.rfind("\x1b[?25l") >= 0
    assert "Nothing is left to read." in screen


def test_on_a_terminal_a_full_refresh_asks_first(desk: Desk) -> None:
    assert desk.pylon("run", "--select", "teams").code == 0
    desk.server.clear_log()
    assert "Nothing was done." in on_a_terminal(
        desk, "run", "--select", "teams", "--full-refresh", answer="n\n"
    )
    assert desk.server.count("GET /teams") == 0
    assert "Copied to" in on_a_terminal(desk, "run", "--select", "teams", "--full-refresh", answer="y\n")
    assert desk.server.count("GET /teams") == 2, "once before they are dropped"


def test_the_last_runs_are_remembered_without_secrets(desk: Desk, tmp_path: Path) -> None:
    desk.pylon("run", "--select", "teams")
    desk.pylon("run", "--select", "teams", env={"PYLON_API_KEY": "a-wrong-token"})
    (history,) = (tmp_path / "dlt").rglob("pylon.runs.jsonl")
    first, second = (json.loads(line) for line in history.read_text().splitlines())
    assert first["exit"] == 0
    assert first["rows"] == {"teams": desk.rows("teams")}
    assert second["exit"] == 3, "whose token it is, is asked also where nothing is due"
    assert "a-wrong-token" not in history.read_text()


def test_two_copies_never_share_a_working_folder(desk: Desk, tmp_path: Path) -> None:
    desk.pylon("run", "--select", "teams")
    desk.pylon("run", "--select", "teams", "--dataset", "other")
    desk.pylon(
        "run", "--select", "teams", env={"DESTINATION__DUCKDB__CREDENTIALS": str(tmp_path / "x.duckdb")}
    )
    assert len(list((tmp_path / "dlt").rglob("pylon.runs.jsonl"))) == 3


@pytest.mark.dear
def test_on_a_narrow_terminal_no_word_is_broken(desk: Desk) -> None:
    desk.server.settings.denied = ["GET /tags"]
    world = desk.server.world
    for table in ("teams", "accounts", "users"):
        for row in world.rows(table):
            world.edit(table, row["id"], weather="fine")
    ran = on_a_terminal(desk, "run", "--progress", "none", "--exclude", "kb_articles", columns=60)
    for text in (ran, on_a_terminal(desk, "status", columns=60)):
        lines = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", text).splitlines()
        assert len(lines) > 10
        long = [line for line in lines if len(line) > 60 and " " in line.strip()]
        assert not long, long
    assert len([line for line in ran.splitlines() if "Kept in _extra" in line]) == 1


def test_what_nobody_documents_is_one_line_and_what_does_not_fit_another(open_desk: Any) -> None:
    desk = open_desk()
    world = desk.server.world
    for table in ("teams", "accounts", "users", "tags"):
        world.edit(table, world.rows(table)[0]["id"], weather="fine")
    world.edit("teams", world.rows("teams")[0]["id"], name={"not": "a text"})
    result = desk.pylon("run", "--select", "teams,accounts,users,tags")
    kept = [line for line in result.out.splitlines() if line.startswith("Kept in _extra")]
    assert re.match(r"Kept in _extra: \d+ fields that are not documented: \w+\.\w+, ", kept[0]), kept
    assert kept[1] == "Kept in _extra: 1 field with values that are not of its type: teams.name.", kept
    assert len(kept) == 2
    told = desk.pylon("status").text
    assert "kept in _extra, not of their column's type: teams.name" in told


def on_a_terminal(desk: Desk, *arguments: str, answer: str = "", columns: int = 120) -> str:
    """Run a command on a terminal and return what stood on it."""
    ours, theirs = pty.openpty()
    name = os.ttyname(theirs)
    command = desk.start(
        *arguments, env={"TERM": "xterm", "COLUMNS": str(columns)}, stdin=Path(name), terminal=name
    )
    screen, until = b"", time.monotonic() + 60
    while time.monotonic() < until:
        ended = command.ended.is_set()
        if select.select([ours], [], [], 0.1)[0]:
            screen += os.read(ours, 65536)
        elif ended:
            break
        if answer and b"[y/N]" in screen:
            os.write(ours, answer.encode())
            answer = ""
    command.wait(1)
    os.close(ours)
    os.close(theirs)
    return screen.decode()
