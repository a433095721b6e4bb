"""``pylon check``: what works, what does not, and what to do about it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
from support.workplaces import Desk

from pylon_elt.sources.pylon.catalog import TABLES, USUAL


def verdicts(text: str) -> dict[str, str]:
    """Return what was found about each thing."""
    lines = (line.split() for line in text.splitlines() if line and not line.startswith(" "))
    return {
        line[0]: line[1]
        for line in lines
        if len(line) > 1 and line[1] in ("ok", "failed", "denied", "unknown")
    }


def test_all_is_well(desk: Desk) -> None:
    result = desk.pylon("check")
    assert result.code == 0, result.text
    found = verdicts(result.out)
    read = {name for name in USUAL if TABLES[name].endpoints}
    assert set(found) == {"token", "region", "destination", *read}
    assert found.pop("custom_objects") == "unknown"  # which types there are is not configured
    assert set(found.values()) == {"ok"}
    assert "for the organisation Sample Workspace" in result.out
    assert f"{desk.database} can be written" in result.out


def test_what_is_off_is_checked_once_it_is_selected(desk: Desk) -> None:
    desk.config('[sources.pylon]\ninclude = ["audit_logs"]\ncustom_object_types = ["companies"]\n')
    found = verdicts(desk.pylon("check").out)
    assert found["audit_logs"] == found["custom_objects"] == "ok"
    assert "call_recordings" not in found
    some = "account_relationships,issue_voice_calls,call_recordings"
    found = verdicts(desk.pylon("check", "--select", some).out)
    assert {found[name] for name in some.split(",")} == {"ok"}


def test_it_asks_each_endpoint_once_for_one_row_and_leaves_nothing_behind(desk: Desk) -> None:
    desk.pylon("check")
    assert sum(count["served"] for count in desk.server.counts().values()) <= len(TABLES) + 4
    (accounts,) = (record for record in desk.server.log if record.path == "/accounts")
    assert accounts.query["limit"] == "1"
    assert not desk.database.exists()


def test_nothing_is_left_in_a_copy_either(desk: Desk) -> None:
    desk.pylon("run", "--select", "teams")
    before = desk.tables()
    assert desk.pylon("check").code == 0
    assert desk.tables() == before
    with duckdb.connect(str(desk.database), read_only=True) as connection:
        schemas = connection.execute("SELECT schema_name FROM information_schema.schemata").fetchall()
    assert not [name for (name,) in schemas if "check" in name]


def test_what_the_token_may_not_read_is_named_with_a_remedy(open_desk: Any) -> None:
    desk = open_desk(denied=["GET /users", "GET /issues/{id}/threads"])
    result = desk.pylon("check")
    assert result.code == 3
    found = verdicts(result.out)
    assert {name for name, verdict in found.items() if verdict == "denied"} == {"users", "issue_threads"}
    assert "--exclude issue_threads" in result.text
    assert desk.pylon("check", "--exclude", "users,issue_threads").code == 0
    assert desk.pylon("check", "--select", "teams").code == 0


def test_a_wrong_token_is_the_end_of_it_and_the_destination_is_checked_all_the_same(desk: Desk) -> None:
    result = desk.pylon("check", env={"PYLON_API_KEY": "wrong"})
    assert result.code == 3
    assert verdicts(result.out) == {"token": "failed", "destination": "ok"}
    assert "Check PYLON_API_KEY" in result.text
    assert sum(count["served"] + count["refused"] for count in desk.server.counts().values()) <= 1
    assert desk.pylon("check", env={"PYLON_API_KEY": None}).code == 3


def test_a_wrong_region_names_the_host(open_desk: Any) -> None:
    result = open_desk(token_region="eu").pylon("check")
    assert result.code == 3
    assert "https://api.eu.usepylon.com" in result.text


def test_region_chooses_the_host(desk: Desk) -> None:
    proxy: dict[str, str | None] = {"SOURCES__PYLON__BASE_URL": None, "ALL_PROXY": "http://127.0.0.1:9"}
    for region, host in (("us", "api.usepylon.com"), ("eu", "api.eu.usepylon.com")):
        result = desk.pylon("check", "--select", "teams", "--region", region, env=proxy)
        assert result.code == 4
        assert f"{host} " in result.text


def test_an_unreachable_host_is_told_soon(desk: Desk) -> None:
    result = desk.pylon("check", "--base-url", "http://127.0.0.1:9")
    assert result.code == 4
    assert "127.0.0.1 cannot be reached" in result.text
    assert "What was read is saved" not in result.text
    assert verdicts(result.out)["destination"] == "ok"


def test_an_empty_workspace_leaves_the_conversations_unknown(open_desk: Any) -> None:
    desk = open_desk(issues=0)
    result = desk.pylon("check")
    assert result.code == 0
    assert verdicts(result.out)["issue_messages"] == "unknown"
    assert "there are no issues yet" in result.out


def test_a_destination_that_cannot_be_written(desk: Desk, tmp_path: Path) -> None:
    desk.database.mkdir()
    result = desk.pylon("check", "--select", "teams")
    assert result.code == 3
    assert verdicts(result.out) == {"token": "ok", "region": "ok", "teams": "ok", "destination": "failed"}
    assert "is a directory" in result.text


def test_an_unknown_table_or_destination_is_a_usage_error(desk: Desk) -> None:
    assert desk.pylon("check", "--select", "teems").code == 2
    assert desk.pylon("check", "--destination", "postgress").code == 3
