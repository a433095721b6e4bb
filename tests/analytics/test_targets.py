"""Each event of a ticket against the first target that fits it, as plain Python counts both."""

from __future__ import annotations

import tomllib
from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any

import pytest
from support.marts import Built
from support.working import local_day, working_seconds

SECOND = timedelta(seconds=1)
Event = tuple[str, int, datetime, datetime | None]


@pytest.fixture(scope="module")
def targets(built: Built) -> list[dict[str, Any]]:
    known = tomllib.loads((built.folder / ".dlt" / "config.toml").read_text())
    return list(known["transform"]["targets"])


def _events(ticket: dict[str, Any], requested_at: datetime | None, answers: list[Any]) -> list[Event]:
    found: list[Event] = []
    for number, (since, at) in enumerate(answers, start=1):
        found.append(("first_response" if number == 1 else "next_response", number, since, at))
    if not answers and requested_at:
        found.append(("first_response", 1, requested_at, None))
    if answers and ticket["waiting_since"]:
        found.append(("next_response", len(answers) + 1, ticket["waiting_since"], None))
    return [*found, ("resolution", 1, ticket["created_at"], ticket["resolved_at"] or ticket["closed_at"])]


def _fits(target: dict[str, Any], event: str, ticket: dict[str, Any]) -> bool:
    return (
        target["event"] == event
        and target.get("desk", ticket["desk"]) == ticket["desk"]
        and ("teams" not in target or ticket["team_name"] in target["teams"])
        and ("priorities" not in target or (ticket["priority"] or "").lower() in target["priorities"])
    )


def _outcome(elapsed: int, target: int, reached: bool, is_open: bool) -> str:
    if elapsed > target:
        return "overdue" if is_open and not reached else "breached"
    return "met" if reached else "running" if is_open else "closed"


def test_each_event_has_the_first_target_that_fits(built: Built, targets: list[dict[str, Any]]) -> None:
    metrics = {f"pylon:{row['issue_id']}": row for row in built.rows("pylon__issue_metrics")}
    answers = defaultdict(list)
    for desk, key in (("pylon", "issue_id"), ("zaia", "ticket_id")):
        for row in built.rows(f"int_{desk}__turns"):
            if row["response_number"]:
                answers[f"{desk}:{row[key]}"].append((row["waiting_since"], row["sent_at"]))
    now = {row["desk"]: row["as_of"] for row in built.rows("support__desks")}
    expected = {}
    for ticket in built.rows("support__tickets"):
        key = ticket["ticket_key"]
        requested_at = metrics[key]["requested_at"] if key in metrics else ticket["created_at"]
        for event, number, start, reached in _events(ticket, requested_at, sorted(answers[key])):
            target = next((one for one in targets if _fits(one, event, ticket)), None)
            if target is None:
                continue
            end = max(start, reached or ticket["closed_at"] or now[ticket["desk"]])
            round_the_clock = target.get("round_the_clock", False)
            elapsed = (
                (end - start) // SECOND
                if round_the_clock
                else working_seconds(built, start, end, ticket["team_name"])
            )
            seconds = round(target["minutes"] * 60)
            expected[key, event, number] = {
                "target_name": target.get("name", event), "target_seconds": seconds, "started_at": start,
                "started_on": local_day(start), "reached_at": reached, "elapsed_seconds": elapsed,
                "seconds_left": seconds - elapsed, "is_round_the_clock": round_the_clock,
                "outcome": _outcome(elapsed, seconds, reached is not None, ticket["is_open"]),
            }  # fmt: skip
    found = {
        (row["ticket_key"], row["event"], row["event_number"]): row for row in built.rows("support__targets")
    }
    assert {
        key: {name: row[name] for name in expected.get(key, row)} for key, row in found.items()
    } == expected
    assert {row["outcome"] for row in found.values()} >= {"met", "breached", "overdue", "running"}
    assert {row["target_name"] for row in found.values()} == {
        "urgent", "first_response", "next_response", "resolution",
    }  # fmt: skip
    assert {(row["desk"], row["schedule"]) for row in found.values()} >= {
        ("pylon", "o'hours"),
        ("zaia", "india"),
    }
