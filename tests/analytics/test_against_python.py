"""The marts equal what plain Python makes of the raw rows, without dbt, windows or calendars."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from functools import partial
from itertools import pairwise
from statistics import mean, median
from typing import Any

import pytest
from support.marts import Built
from support.working import local_day, working_seconds

from pylon_elt import emulator

SECOND = timedelta(seconds=1)
HISTORY = 90


class Talk:
    """One issue's messages, read in order."""

    def __init__(self, issue: dict[str, Any], messages: list[dict[str, Any]]) -> None:
        self.issue = issue
        self.messages = sorted(messages, key=lambda row: (row["timestamp"], row["id"]))
        self.turns = [
            (row, side(row)) for row in self.messages if not row["is_private"] and side(row) != "automation"
        ]
        first = self.turns[0] if self.turns else None
        self.agent_first = bool(
            first and first[1] == "agent" and first[0]["timestamp"] <= issue["created_at"]
        )

    @property
    def responses(self) -> list[tuple[dict[str, Any], datetime]]:
        """Each message that answered somebody, with the moment since which they had waited."""
        asked = None if self.agent_first else self.issue["created_at"]
        found = []
        for row, who in self.turns:
            if who == "customer":
                asked = min(asked, row["timestamp"]) if asked else row["timestamp"]
            elif asked is not None:
                found.append((row, asked))
                asked = None
        return found


def team(built: Built, talk: Talk) -> str | None:
    names = {row["id"]: row["name"] for row in built.rows("teams")}
    return names.get(talk.issue["team_id"])


def side(row: dict[str, Any]) -> str:
    if row["author_user_id"]:
        return "agent"
    return "customer" if row["author_contact_id"] else "automation"


@pytest.fixture(scope="module")
def talks(built: Built) -> dict[str, Talk]:
    messages = defaultdict(list)
    for row in built.rows("issue_messages"):
        messages[row["issue_id"]].append(row)
    return {issue["id"]: Talk(issue, messages[issue["id"]]) for issue in built.rows("issues")}


@pytest.fixture(scope="module")
def metrics(built: Built) -> dict[str, dict[str, Any]]:
    return {row["issue_id"]: row for row in built.rows("pylon__issue_metrics")}


def test_the_sample_has_what_the_measures_are_about(built: Built, talks: dict[str, Talk]) -> None:
    sides = Counter((side(row), bool(row["is_private"])) for talk in talks.values() for row in talk.messages)
    assert min(sides["agent", False], sides["agent", True], sides["customer", False]) > 50
    assert sides["automation", False] > 3
    assert sum(len(talk.responses) > 1 for talk in talks.values()) > 20
    assert {row["state"] for row in built.rows("issues")} > {"closed", "new", "Escalated 🚨"}


def test_forms(built: Built, world: emulator.World) -> None:
    names = {row["id"]: row["name"] for row in world.rows("ticket_forms")}
    forms = {row["id"]: row["ticket_form_id"] for row in world.snapshot()["issue_forms"]}
    assert len(set(forms.values())) == len(names)
    for row in built.rows("pylon__issues"):
        assert row["form_id"] == forms.get(row["issue_id"])
        assert row["form_name"] == names.get(row["form_id"])


def test_responses(built: Built, talks: dict[str, Talk]) -> None:
    expected = {}
    for talk in talks.values():
        for number, (row, asked) in enumerate(talk.responses, start=1):
            waited = (row["timestamp"] - asked) // SECOND
            worked = working_seconds(built, asked, row["timestamp"], team(built, talk))
            expected[row["id"]] = (number, asked, waited, worked)
    found = {
        row["message_id"]: (
            row["response_number"],
            row["waiting_since"],
            row["response_seconds"],
            row["response_business_seconds"],
        )
        for row in built.rows("pylon__issue_messages")
        if row["response_number"] is not None
    }
    assert found == expected
    assert any(working for _, _, _, working in found.values())
    united = {
        row["message_id"]: (row["response_number"], row["response_seconds"], row["response_business_seconds"])
        for row in built.rows("support__messages")
        if row["desk"] == "pylon" and row["response_number"] is not None
    }
    assert united == {ident: (number, *waits) for ident, (number, _, *waits) in expected.items()}


def test_deadlines_have_a_day(built: Built) -> None:
    rows = built.rows("pylon__sla")
    assert {row["outcome"] for row in rows} >= {"met", "breached", "overdue", "untimed"}
    for row in rows:
        assert row["due_on"] == (local_day(row["due_at"]) if row["due_at"] else None)


def test_measures_of_each_issue(talks: dict[str, Talk], metrics: dict[str, dict[str, Any]]) -> None:
    assert metrics.keys() == talks.keys()
    for ident, talk in talks.items():
        found, responses = metrics[ident], talk.responses
        waits = [(row["timestamp"] - asked) // SECOND for row, asked in responses]
        assert found["first_response_seconds"] == (waits[0] if waits else None)
        assert found["first_response_at"] == (responses[0][0]["timestamp"] if responses else None)
        assert found["first_response_user_id"] == (responses[0][0]["author_user_id"] if responses else None)
        assert found["next_responses"] == max(0, len(waits) - 1)
        assert found["next_response_seconds_max"] == max(waits[1:], default=None)
        average = found["next_response_seconds_avg"]
        assert average == (pytest.approx(mean(waits[1:])) if waits[1:] else None)
        counts = Counter((side(row), bool(row["is_private"])) for row in talk.messages)
        assert found["messages"] == len(talk.messages)
        assert found["agent_replies"] == counts["agent", False]
        assert found["agent_notes"] == counts["agent", True]
        assert found["customer_messages"] == counts["customer", False]
        assert found["automation_messages"] == counts["automation", False] + counts["automation", True]
        assert found["is_agent_first"] == talk.agent_first


def test_solutions(built: Built, talks: dict[str, Talk], metrics: dict[str, dict[str, Any]]) -> None:
    solved = 0
    for ident, talk in talks.items():
        found, issue = metrics[ident], talk.issue
        assert found["is_open"] == (issue["state"] != "closed")
        if issue["state"] == "closed" and issue["resolution_time"]:
            solved += 1
            took = (issue["resolution_time"] - issue["created_at"]) // SECOND
            worked = working_seconds(built, issue["created_at"], issue["resolution_time"], team(built, talk))
            assert (found["resolution_seconds"], found["resolution_business_seconds"]) == (took, worked)
        else:
            assert found["resolution_seconds"] is None
    assert solved > 50


def test_who_waits(talks: dict[str, Talk], metrics: dict[str, dict[str, Any]]) -> None:
    waiting = 0
    for ident, talk in talks.items():
        expected = None
        if talk.issue["state"] != "closed":
            replies = [row["timestamp"] for row, who in talk.turns if who == "agent"]
            asked = [row["timestamp"] for row, who in talk.turns if who == "customer"]
            if replies:
                tail = talk.turns[max(n for n, (_, who) in enumerate(talk.turns) if who == "agent") + 1 :]
                expected = min((row["timestamp"] for row, _ in tail), default=None)
            else:
                expected = min([talk.issue["created_at"], *asked])
        assert metrics[ident]["waiting_since"] == expected
        waiting += expected is not None
    assert waiting > 5


def test_the_whole_wait_of_who_asked(
    built: Built, talks: dict[str, Talk], metrics: dict[str, dict[str, Any]]
) -> None:
    """Every wait that was ended, and that which goes on, in the hours of the team."""
    (as_of,) = built.rows("int_pylon__as_of")
    totals: Counter[str] = Counter()
    for ident, talk in talks.items():
        waits = [(asked, row["timestamp"]) for row, asked in talk.responses]
        if since := metrics[ident]["waiting_since"]:
            waits.append((since, max(since, as_of["as_of"])))
        found = metrics[ident]
        assert found["requester_wait_seconds"] == sum((end - start) // SECOND for start, end in waits)
        worked = [working_seconds(built, start, end, team(built, talk)) for start, end in waits]
        assert found["requester_wait_business_seconds"] == sum(worked)
        totals[found["schedule"]] += sum(worked)
        for kind in ("time_in_status_seconds", "business_hours_time_in_status_seconds"):
            spent = json.loads(talk.issue[kind] or "{}")
            ours = [spent[slug] for slug in ("new", "waiting_on_you") if slug in spent]
            column = "agent_work_seconds" if kind.startswith("time") else "agent_work_business_seconds"
            if not set(spent) - {"new", "waiting_on_you", "waiting_on_customer", "on_hold", "closed"}:
                assert found[column] == (sum(ours) if ours else None)
    assert len(totals) == 3
    assert len(+totals) > 1, "of few tickets none may wait in working hours"


def test_backlog_of_each_day(built: Built, talks: dict[str, Talk]) -> None:
    (as_of,) = built.rows("int_pylon__as_of")
    expected: Counter[tuple[Any, ...]] = Counter()
    for talk in talks.values():
        issue = talk.issue
        day = max(local_day(issue["created_at"]), as_of["as_of_day"] - timedelta(days=HISTORY - 1))
        while day <= as_of["as_of_day"]:
            if issue["state"] == "closed" and day >= local_day(_closed_at(issue)):
                break
            place = (issue["team_id"], issue["account_id"], issue["assignee_id"])
            expected[(day, _state(talk, day), *place)] += 1
            day += timedelta(days=1)
    found = {
        (row["date_day"], row["state"], row["team_id"], row["account_id"], row["assignee_id"]): row[
            "open_issues"
        ]
        for row in built.rows("pylon__backlog_daily")
    }
    assert found == expected
    assert {state for _, state, *_ in found} == {"new", "waiting_on_you", "waiting_on_customer"}


def _closed_at(issue: dict[str, Any]) -> datetime:
    return issue["resolution_time"] or issue["latest_message_time"] or issue["created_at"]


def _state(talk: Talk, day: date) -> str:
    so_far = [who for row, who in talk.turns if local_day(row["timestamp"]) <= day]
    if "agent" not in so_far:
        return "new"
    return "waiting_on_customer" if so_far[-1] == "agent" else "waiting_on_you"


def test_daily_tables_add_up(built: Built, talks: dict[str, Talk]) -> None:
    (as_of,) = built.rows("int_pylon__as_of")
    since = as_of["as_of_day"] - timedelta(days=HISTORY - 1)
    created = Counter(local_day(talk.issue["created_at"]) for talk in talks.values())
    closed = Counter(
        local_day(_closed_at(talk.issue)) for talk in talks.values() if talk.issue["state"] == "closed"
    )
    replied = Counter(
        local_day(row["timestamp"]) for talk in talks.values() for row, who in talk.turns if who == "agent"
    )
    backlog: Counter[date] = Counter()
    for row in built.rows("pylon__backlog_daily"):
        backlog[row["date_day"]] += row["open_issues"]
    days = {day for day in {*created, *closed, *replied, *backlog} if day >= since}
    found = {name: Counter[date]() for name in ("created_issues", "closed_issues", "replies", "open_issues")}
    for row in built.rows("pylon__team_daily"):
        for name, counter in found.items():
            counter[row["date_day"]] += row[name]
    for name, expected in zip(found, (created, closed, replied, backlog), strict=True):
        assert found[name] == Counter({day: expected[day] for day in days if expected[day]}), name


def test_agents_days(built: Built, talks: dict[str, Talk]) -> None:
    (as_of,) = built.rows("int_pylon__as_of")
    since = as_of["as_of_day"] - timedelta(days=HISTORY - 1)
    replies: Counter[tuple[Any, Any]] = Counter()
    notes: Counter[tuple[Any, Any]] = Counter()
    for talk in talks.values():
        for row in talk.messages:
            if side(row) == "agent" and local_day(row["timestamp"]) >= since:
                counter = notes if row["is_private"] else replies
                counter[local_day(row["timestamp"]), row["author_user_id"]] += 1
    rows = built.rows("pylon__agent_daily")
    assert {(row["date_day"], row["user_id"]): row["replies"] for row in rows if row["replies"]} == replies
    assert {(row["date_day"], row["user_id"]): row["notes"] for row in rows if row["notes"]} == notes


def test_tags_of_each_day(built: Built, talks: dict[str, Talk]) -> None:
    (as_of,) = built.rows("int_pylon__as_of")
    since = as_of["as_of_day"] - timedelta(days=HISTORY - 1)
    expected: Counter[tuple[date, str]] = Counter()
    for talk in talks.values():
        for tag in set(json.loads(talk.issue["tags"] or "[]")):
            if local_day(talk.issue["created_at"]) >= since:
                expected[local_day(talk.issue["created_at"]), tag] += 1
    rows = built.rows("pylon__tag_daily")
    assert {
        (row["date_day"], row["tag"]): row["created_issues"] for row in rows if row["created_issues"]
    } == expected


def test_fields_of_each_day(built: Built, talks: dict[str, Talk]) -> None:
    """Each day is asked for by itself: the newest record up to its end, while that is open or of the same day."""
    (as_of,) = built.rows("int_pylon__as_of")
    closed = {row["status"] for row in built.rows("stg_pylon__issue_statuses") if row["is_closed"]} | {
        "closed"
    }
    labels = {
        (row["field_slug"], row["option_slug"]): row["option_label"]
        for row in built.rows("stg_pylon__custom_field_options")
        if row["object_type"] == "issue"
    }
    records = defaultdict(list)
    for row in built.rows("issue_snapshots"):
        records[row["issue_id"]].append(row)
    expected = {}
    for ident, talk in talks.items():
        known = [*sorted(records[ident], key=lambda row: row["recorded_at"]), talk.issue]
        moments = [row.get("recorded_at") or row["_synced_at"] for row in known]
        for back in range(40):
            day = as_of["as_of_day"] - timedelta(days=back)
            until = [row for row, moment in zip(known, moments, strict=True) if local_day(moment) <= day]
            before = [row for row, moment in zip(known, moments, strict=True) if local_day(moment) < day]
            if not until:
                continue
            held = partial(_held, labels)
            new = not before or held(before[-1]) != held(until[-1])
            if until[-1]["state"] not in closed or (new and records[ident]):
                expected[ident, day] = (*held(until[-1]), until[-1]["state"] not in closed, new)
    found = {
        (row["issue_id"], row["date_day"]): (
            *(row["state"], row["assignee_id"], row["team_id"], row["tags"] or ""),
            *(row["custom_priority"], row["custom_products"] or ""),
            *(row["is_open"], row["is_changed"]),
        )
        for row in built.rows("pylon__issue_days")
    }
    assert found == expected
    assert Counter(row[-2:] for row in found.values()).keys() == {(True, True), (True, False), (False, True)}


def _held(labels: dict[tuple[str, str], str], record: dict[str, Any]) -> tuple[Any, ...]:
    tags = ", ".join(json.loads(record["tags"] or "[]"))
    fields = json.loads(record["custom_fields"] or "{}")
    priority = fields.get("priority", {}).get("value")
    products = fields.get("products", {}).get("values") or []
    told = (
        labels.get(("priority", priority), priority),
        ", ".join(labels.get(("products", one), one) for one in products),
    )
    return record["state"], record["assignee_id"], record["team_id"], tags, *told


def test_contacts(built: Built, talks: dict[str, Talk], metrics: dict[str, dict[str, Any]]) -> None:
    contacts = {row["id"]: row for row in built.rows("contacts")}
    wrote, scores = defaultdict(list), defaultdict(list)
    for talk in talks.values():
        for row, who in talk.turns:
            if who == "customer":
                wrote[row["author_contact_id"]].append(row)
        for rating in json.loads(talk.issue["csat_responses"] or "[]"):
            scores[talk.issue["requester_id"]].append(rating["score"])
    rows = {row["contact_id"]: row for row in built.rows("pylon__contacts")}
    assert rows.keys() == contacts.keys() | wrote.keys() | {
        talk.issue["requester_id"] for talk in talks.values() if talk.issue["requester_id"]
    }
    for ident, row in rows.items():
        asked = [talk for talk in talks.values() if talk.issue["requester_id"] == ident]
        measured = [metrics[talk.issue["id"]] for talk in asked]
        waits = [
            (talk.responses[0][0]["timestamp"] - talk.responses[0][1]) // SECOND
            for talk in asked
            if talk.responses
        ]
        assert row["issues"] == len(asked)
        assert row["open_issues"] == sum(talk.issue["state"] != "closed" for talk in asked)
        assert row["waiting_issues"] == sum(one["waiting_since"] is not None for one in measured)
        assert row["unanswered_issues"] == sum(
            not talk.responses and one["requested_at"] is not None
            for talk, one in zip(asked, measured, strict=True)
        )
        assert row["first_response_seconds_median"] == (pytest.approx(median(waits)) if waits else None)
        assert row["messages"] == len(wrote[ident])
        assert row["issues_written_in"] == len({one["issue_id"] for one in wrote[ident]})
        assert row["csat_responses"] == len(scores[ident])
        assert row["csat_score"] == (pytest.approx(mean(scores[ident])) if scores[ident] else None)
        seen = [talk.issue["created_at"] for talk in asked] + [one["timestamp"] for one in wrote[ident]]
        assert row["last_seen_at"] == max(seen, default=None)
        assert row["contact_name"] == contacts[ident]["name"]
    assert sum(row["csat_responses"] for row in rows.values()) > 3


@pytest.mark.parametrize("kind", ["issue", "account", "contact"])
def test_custom_fields_lose_nothing(built: Built, kind: str) -> None:
    definitions = {row["slug"]: row for row in built.rows("custom_fields") if row["object_type"] == kind}
    expected = {}
    for row in built.rows(f"{kind}s"):
        for slug, entry in json.loads(row["custom_fields"] or "{}").items():
            values = entry.get("values") or [entry.get("value")]
            for position, value in enumerate(values, start=1):
                if value is not None:
                    text = value if isinstance(value, str) else json.dumps(value)
                    expected[row["id"], slug, position] = (text, label(definitions.get(slug), text))
    found = {
        (row[f"{kind}_id"], row["field_slug"], row["position"]): (row["value_text"], row["value_label"])
        for row in built.rows(f"stg_pylon__{kind}_custom_fields")
    }
    assert found == expected
    assert found


def label(definition: dict[str, Any] | None, value: str) -> str:
    metadata = json.loads((definition or {}).get("select_metadata") or "{}")
    return {option["slug"]: option["label"] for option in metadata.get("options", ())}.get(value, value)


@pytest.mark.parametrize(
    ("model", "column"),
    [
        ("stg_pylon__issue_csat_responses", "csat_responses"),
        ("stg_pylon__issue_external_issues", "external_issues"),
        ("stg_pylon__issue_active_times", "active_time_by_user"),
        ("stg_pylon__issue_status_times", "time_in_status_seconds"),
    ],
)
def test_lists_and_maps_lose_nothing(built: Built, model: str, column: str) -> None:
    expected = Counter(row["id"] for row in built.rows("issues") for _ in json.loads(row[column] or "[]"))
    assert Counter(row["issue_id"] for row in built.rows(model)) == expected
    assert expected.total() > 3


def test_recipients_lose_nothing(built: Built) -> None:
    expected: Counter[tuple[str, str, str]] = Counter()
    for row in built.rows("issue_messages"):
        info = json.loads(row["email_info"] or "{}")
        for kind in ("to", "cc", "bcc"):
            expected.update((row["id"], kind, email.lower()) for email in info.get(f"{kind}_emails") or ())
    found = Counter(
        (row["message_id"], row["kind"], row["email"])
        for row in built.rows("stg_pylon__issue_message_recipients")
    )
    assert found == expected
    assert found


def test_working_time_has_no_gaps(built: Built) -> None:
    every = built.rows("int_pylon__days")
    assert {row["schedule"] for row in every} == {"default", "india", "o'hours"}
    days = sorted((row for row in every if row["schedule"] == "default"), key=lambda row: row["date_day"])
    for before, after in pairwise(days):
        assert after["date_day"] - before["date_day"] == timedelta(days=1)
        assert (
            after["business_seconds_before"] == before["business_seconds_before"] + before["business_seconds"]
        )
