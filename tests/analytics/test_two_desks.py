"""One table of both desks: it equals what plain Python makes of the raw rows, and each desk alone builds as well."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import duckdb
import pytest
from support.marts import Built, dbt, duckdb_profile

CLOSED, ONGOING = "completed", "ongoing"


@pytest.fixture(scope="module")
def raw(built: Built) -> dict[str, list[dict[str, Any]]]:
    names = ("tickets", "chats", "chat_messages", "agents", "responders")
    return {name: built.ask(f"FROM zaia.{name}") for name in names}


def _side(message: dict[str, Any], raw: dict[str, list[dict[str, Any]]]) -> str:
    owners = {(chat["id"], chat["owner_id"]) for chat in raw["chats"]}
    if (message["chat_id"], message["sender_id"]) in owners:
        return "customer"
    machines = {row["id"] for name in ("agents", "responders") for row in raw[name]}
    machines |= {ticket["responder_id"] for ticket in raw["tickets"]}
    return "automation" if message["sender_id"] in machines else "agent"


def test_all_issues_and_all_tickets_are_there_with_a_state_of_ours(
    built: Built, raw: dict[str, list[dict[str, Any]]]
) -> None:
    rows = {row["ticket_key"]: row for row in built.rows("support__tickets")}
    issues = {f"pylon:{row['issue_id']}": row for row in built.rows("pylon__issues")}
    tickets = {f"zaia:{row['id']}": row for row in raw["tickets"]}
    assert rows.keys() == issues.keys() | tickets.keys()
    for key, issue in issues.items():
        waits = issue["state_category"] in ("waiting_on_customer", "on_hold")
        expected = "closed" if not issue["is_open"] else "waiting" if waits else "open"
        assert (rows[key]["state"], rows[key]["desk_state"]) == (expected, issue["state"])
        assert rows[key]["customer_name"] == issue["account_name"]
        assert rows[key]["resolution_seconds"] == issue["resolution_seconds"]
    for key, ticket in tickets.items():
        waits = ticket["status"] == ONGOING and not ticket["pending_chat_messages"]
        expected = "closed" if ticket["status"] == CLOSED else "waiting" if waits else "open"
        assert (rows[key]["state"], rows[key]["desk_state"]) == (expected, ticket["status"])
        assert rows[key]["title"] == ticket["summary"]
        assert rows[key]["resolved_at"] == (ticket["completed_at"] if ticket["status"] == CLOSED else None)
    assert {row["state"] for row in rows.values() if row["desk"] == "zaia"} == {"open", "waiting", "closed"}


def test_messages_and_first_responses_of_tickets_are_those_that_name_them(
    built: Built, raw: dict[str, list[dict[str, Any]]]
) -> None:
    found = {row["message_id"]: row for row in built.rows("support__messages") if row["desk"] == "zaia"}
    assert found.keys() == {message["id"] for message in raw["chat_messages"]}
    sides = {message["id"]: _side(message, raw) for message in raw["chat_messages"]}
    assert {key: row["side"] for key, row in found.items()} == sides
    counted = Counter(message["ticket_id"] for message in raw["chat_messages"])
    created = {ticket["id"]: ticket["created_at"] for ticket in raw["tickets"]}
    for row in built.rows("support__tickets"):
        if row["desk"] != "zaia":
            continue
        assert row["messages"] == counted[row["ticket_id"]]
        answers = [
            message["created_at"]
            for message in raw["chat_messages"]
            if message["ticket_id"] == row["ticket_id"]
            and sides[message["id"]] == "agent"
            and message["created_at"] >= created[row["ticket_id"]]
        ]
        assert row["first_response_at"] == min(answers, default=None)
    assert len([row for row in built.rows("support__messages") if row["desk"] == "pylon"]) == len(
        built.rows("pylon__issue_messages")
    )


@pytest.mark.parametrize(("gone", "left"), [("zaia", "pylon"), ("pylon", "zaia")])
def test_each_desk_builds_alone(gone: str, left: str, built: Built, tmp_path: Path) -> None:
    database = Path(shutil.copyfile(built.database, tmp_path / "support.duckdb"))
    with duckdb.connect(str(database)) as connection:
        connection.execute(f"DROP SCHEMA {gone} CASCADE")
    models = ("+support__tickets", "+support__messages")
    done = dbt("run", "--select", *models, folder=tmp_path / "run", profile=duckdb_profile(database))
    assert done.returncode == 0, done.stdout
    alone = Built(tmp_path, {})
    kept = [row["ticket_key"] for row in built.rows("support__tickets") if row["desk"] == left]
    assert sorted(row["ticket_key"] for row in alone.rows("support__tickets")) == sorted(kept) != []
    assert {row["desk"] for row in alone.rows("support__messages")} == {left}
