"""One table of both desks: it equals what plain Python makes of the raw rows, and each desk alone builds as well."""

from __future__ import annotations

import shutil
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from support.commands import Commands
from support.marts import Built, dbt, duckdb_profile
from support.working import ZONE, local_day, working_seconds

pytestmark = pytest.mark.dear

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
        assert row["agent_replies"] == len(answers)
        assert row["waiting_since"] == _waiting_since(row, raw, sides)
    assert len([row for row in built.rows("support__messages") if row["desk"] == "pylon"]) == len(
        built.rows("pylon__issue_messages")
    )


def _waiting_since(
    ticket: dict[str, Any], raw: dict[str, list[dict[str, Any]]], sides: dict[str, str]
) -> datetime | None:
    """Return since when the customer of an open ticket waits: who speaks after the last answer, or asked for the first."""
    if not ticket["is_open"]:
        return None
    said = [
        (message["created_at"], sides[message["id"]])
        for message in raw["chat_messages"]
        if message["ticket_id"] == ticket["ticket_id"] and message["created_at"] >= ticket["created_at"]
    ]
    answers = [moment for moment, side in said if side == "agent"]
    if not answers:
        return ticket["created_at"]
    return min(
        (moment for moment, side in said if side == "customer" and moment > max(answers)), default=None
    )


def test_times_of_tickets_are_counted_as_those_of_issues(
    built: Built, raw: dict[str, list[dict[str, Any]]]
) -> None:
    completed = {row["id"]: row["completed_at"] for row in raw["tickets"]}
    (desk,) = [row for row in built.rows("support__desks") if row["desk"] == "zaia"]
    tickets = [row for row in built.rows("support__tickets") if row["desk"] == "zaia"]
    assert {row["first_response_at"] is None for row in tickets} == {True, False}
    for row in tickets:
        local = row["created_at"].astimezone(ZONE)
        assert (row["created_weekday"], row["created_hour"]) == (local.isoweekday(), local.hour)
        assert row["closed_at"] == (None if row["is_open"] else completed[row["ticket_id"]])
        assert row["closed_on"] == (row["closed_at"] and local_day(row["closed_at"]))
        age = desk["as_of"] - row["created_at"]
        assert row["age_seconds"] == (age // timedelta(seconds=1) if row["is_open"] else None)
        assert (row["priority"], row["ticket_type"], row["is_agent_first"]) == (None, None, False)
    for column, seconds in (("first_response_at", "first_response"), ("resolved_at", "resolution")):
        for row in tickets:
            if row[column]:
                worked = working_seconds(built, row["created_at"], row[column], row["team_name"])
                assert row[f"{seconds}_business_seconds"] == worked


def test_what_issues_have_is_taken_over_as_it_is(built: Built) -> None:
    metrics = {row["issue_id"]: row for row in built.rows("pylon__issue_metrics")}
    issues = {row["issue_id"]: row for row in built.rows("pylon__issues")}
    for row in built.rows("support__tickets"):
        if row["desk"] == "pylon":
            wide = issues[row["ticket_id"]] | metrics[row["ticket_id"]]
            renamed = {"channel": "source", "customer_name": "account_name", "ticket_type": "issue_type"}
            for column in row.keys() - {
                "ticket_key",
                "desk",
                "ticket_id",
                "state",
                "customer_email",
                "customer_id",
                "customer_label",
                "assignee_label",
                "team_label",
            }:
                own = renamed.get(
                    column, column.replace("desk_", "").replace("ticket_number", "issue_number")
                )
                assert row[column] == wide[own], column


def test_agents_and_teams_of_one_name_are_told_apart(built: Built) -> None:
    """Row by row it is the same on Postgres: see test_postgres.py."""
    users = {row["id"]: row for row in built.rows("users")}
    teams = {row["id"]: row for row in built.rows("teams")}
    twins = {one.removesuffix("-twin") for one in (*users, *teams) if one.endswith("-twin")}
    tickets = [row for row in built.rows("support__tickets") if row["desk"] == "pylon"]
    assert len(twins) == 5
    assert {row["assignee_id"] in twins for row in tickets if row["assignee_id"]} == {True, False}
    assert {row["team_id"] in twins for row in tickets if row["team_id"]} == {True, False}
    for row in tickets:
        user, team = users.get(row["assignee_id"]), teams.get(row["team_id"])
        if user and user["id"] in twins:
            assert row["assignee_label"] == f"{user['name']} ({user['email'].lower()})"
        else:
            assert row["assignee_label"] == (user["name"] if user else row["assignee_id"])
        if team and team["id"] in twins:
            assert row["team_label"] == f"{team['name']} ({team['id']})"
        else:
            assert row["team_label"] == (team["name"] if team else row["team_id"])
    labels = {(row["desk"], row["agent_id"]): row["agent_label"] for row in built.rows("int_support__agents")}
    assert len(set(labels.values())) == len(labels)
    for row in built.rows("support__agent_daily"):
        assert row["agent_label"] == labels.get((row["desk"], row["agent_id"]), row["agent_id"])
    called = {(row["desk"], row["team_id"]): row["team_label"] for row in tickets if row["team_id"]}
    for row in built.rows("support__backlog_daily"):
        if row["desk"] == "pylon":
            assert row["team_label"] == called.get(("pylon", row["team_id"]))


def test_the_days_of_both_desks_add_up(built: Built) -> None:
    for desk in ("pylon", "zaia"):
        tickets = [row for row in built.rows("support__tickets") if row["desk"] == desk]
        backlog = [row for row in built.rows("support__backlog_daily") if row["desk"] == desk]
        (last,) = [row["as_of_day"] for row in built.rows("support__desks") if row["desk"] == desk]
        for back in range(0, 80, 3):
            day = last - timedelta(days=back)
            still = [
                row["team_name"]
                for row in tickets
                if row["created_on"] <= day and (row["is_open"] or row["closed_on"] > day)
            ]
            counted: Counter[str] = Counter()
            for row in backlog:
                counted[row["team_name"]] += row["open_tickets"] * (row["date_day"] == day)
            assert +counted == Counter(still)
        agents = [row for row in built.rows("support__agent_daily") if row["desk"] == desk]
        days = {row["date_day"] for row in agents}
        closed = Counter(
            (row["assignee_id"], row["closed_on"])
            for row in tickets
            if row["assignee_id"] and row["closed_on"] in days
        )
        told = {
            (row["agent_id"], row["date_day"]): row["closed_tickets"]
            for row in agents
            if row["closed_tickets"]
        }
        assert told == {key: count for key, count in closed.items() if key[1] > last - timedelta(days=90)}
        replies = sum(row["is_reply"] for row in built.rows("support__messages") if row["desk"] == desk)
        assert replies == sum(row["agent_replies"] for row in tickets) > 0


@pytest.mark.parametrize(("gone", "left"), [("zaia", "pylon"), ("pylon", "zaia")])
def test_each_desk_builds_alone(
    gone: str, left: str, commands: Commands, built: Built, tmp_path: Path
) -> None:
    database = Path(shutil.copyfile(built.database, tmp_path / "support.duckdb"))
    with duckdb.connect(str(database)) as connection:
        connection.execute(f"DROP SCHEMA {gone} CASCADE")
    models = ("+support__tickets", "+support__messages")
    done = dbt(
        commands, "run", "--select", *models, folder=tmp_path / "run", profile=duckdb_profile(database)
    )
    assert done.code == 0, done.text
    alone = Built(tmp_path, {})
    kept = [row["ticket_key"] for row in built.rows("support__tickets") if row["desk"] == left]
    assert sorted(row["ticket_key"] for row in alone.rows("support__tickets")) == sorted(kept) != []
    assert {row["desk"] for row in alone.rows("support__messages")} == {left}
