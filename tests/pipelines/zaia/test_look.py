"""``zaia check``, ``status`` and ``verify``: what they find, and that they change nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import duckdb
import pytest

from pylon_elt.sources.zaia.catalog import TABLES

Open = Callable[..., Any]


def test_all_is_well(desk: Any) -> None:
    result = desk.zaia("check")
    assert result.code == 0, result.text
    verdicts = [line.split() for line in result.out.splitlines()]
    found = {line[0] for line in verdicts if "ok" in line[1:3]}
    assert found == {*TABLES, "destination"}
    assert "All is well: zaia run would work." in result.out
    assert not desk.database.exists()
    assert len(desk.zaia_server.log) == len(TABLES) + 2, "each list once, tickets in three statuses"


def test_what_cannot_be_read_is_told_with_what_to_do(open_zaia: Open) -> None:
    desk = open_zaia(forbidden=["tags"], lacking=["agents"])
    result = desk.zaia("check")
    assert result.code == 0, "a run leaves them out"
    assert [line.split()[:2] for line in result.out.splitlines() if "denied" in line] == [
        ["tags", "denied"],
        ["agents", "denied"],
    ]
    wrong = desk.zaia("check", env={"ZAIA_API_KEY": "zaia_wrong"})
    assert (wrong.code, "API key" in wrong.out) == (3, True)
    assert "destination" in wrong.out
    missing = desk.zaia("check", env={"ZAIA_API_KEY": None})
    assert (missing.code, "Set the environment variable ZAIA_API_KEY" in missing.text) == (3, True)
    desk.zaia_server.faults.add("status", endpoint="channels", status=503)
    down = desk.zaia("check")
    assert (down.code, "channels          failed" in down.out) == (4, True)


@pytest.mark.dear
def test_status_before_and_after_a_run(desk: Any) -> None:
    before = desk.zaia("status")
    assert (before.code, "There is no copy yet. Make it with: zaia run" in before.out) == (0, True)
    assert desk.zaia("run").code == 0
    text = desk.zaia("status").out
    assert "Messages are read up to" in text
    assert "in 23 h 59 min" in text
    facts = json.loads(desk.zaia("status", "--json").out)
    assert facts["exists"] is True
    assert {name: table["rows"] for name, table in facts["tables"].items() if name in TABLES} == {
        name: len(desk.world.rows(name)) for name in TABLES
    }
    (run,) = facts["runs"]
    assert (run["exit"], run["requests"]) == (0, len(desk.zaia_server.log))


@pytest.mark.dear
def test_a_copy_that_is_equal_verifies(copied: Any) -> None:
    result = copied.zaia("verify", "--sample", "100")
    assert result.code == 0, result.text
    assert "The copy is what Zaia shows." in result.out
    assert "This takes about" in result.err
    facts = copied.zaia("verify", "--format", "json", "--sample", "100").event("verified")
    assert facts["chats_compared"] == len(copied.world.rows("chats"))
    assert facts["tables"]["chat_messages"]["stored"] == len(copied.world.rows("chat_messages"))


def _ids(copied: Any, table: str) -> list[str]:
    with duckdb.connect(str(copied.database), read_only=True) as connection:
        return [row[0] for row in connection.execute(f"SELECT id FROM zaia.{table} ORDER BY id").fetchall()]


@pytest.mark.dear
def test_each_kind_of_difference_is_found_and_nothing_is_changed(copied: Any) -> None:
    (different, missing), message = _ids(copied, "tickets")[:2], _ids(copied, "chat_messages")[0]
    gone = copied.world.ids("tags")[0]
    copied.world.remove("tags", gone)
    with duckdb.connect(str(copied.database)) as connection:
        connection.execute("UPDATE zaia.tickets SET _digest = 'another' WHERE id = ?", [different])
        connection.execute("DELETE FROM zaia.tickets WHERE id = ?", [missing])
        connection.execute("DELETE FROM zaia.chat_messages WHERE id = ?", [message])
    before = {table: _ids(copied, table) for table in TABLES}
    result = copied.zaia("verify", "--sample", "100", "--log-format", "json")
    assert result.code == 5, result.text
    found = {
        name: {kind: table[kind] for kind in ("missing", "different", "gone") if table[kind]}
        for name, table in result.event("verified")["tables"].items()
        if table["missing"] or table["different"] or table["gone"]
    }
    assert found == {
        "tickets": {"missing": [missing], "different": [different]},
        "tags": {"gone": [gone]},
        "chat_messages": {"missing": [message]},
    }
    assert {table: _ids(copied, table) for table in TABLES} == before
    told = copied.zaia("verify", "--sample", "0").text
    assert different in told
    assert copied.zaia("run", env={"SOURCES__ZAIA__FULL_READ_HOURS": "0"}).code == 0
    assert copied.zaia("verify", "--sample", "0").code == 0


@pytest.mark.dear
def test_what_came_after_the_run_is_no_difference(copied: Any) -> None:
    copied.world.advance(3600 * 24 * 365)
    copied.world.new_ticket()
    facts = copied.zaia("verify", "--log-format", "json").event("verified")
    assert (facts["exit"], facts["tables"]["tickets"]["newer"]) == (0, 1)


@pytest.mark.parametrize("verb", [("verify",), ("query", "from tickets")])
def test_without_a_copy_the_way_to_one_is_told(desk: Any, verb: tuple[str, ...]) -> None:
    result = desk.zaia(*verb)
    assert (result.code, "zaia run" in result.text) == (1, True)


@pytest.mark.dear
def test_a_list_that_fails_is_not_compared(copied: Any) -> None:
    copied.zaia_server.faults.add("status", endpoint="tags", status=500)
    result = copied.zaia("verify")
    assert (result.code, "Not compared: tags" in result.text) == (4, True)
