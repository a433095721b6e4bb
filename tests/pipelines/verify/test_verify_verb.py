"""``pylon verify`` says what it costs, finds every kind of difference, and none where there is none."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb
import pytest
from support.plans import asked, everything
from support.workplaces import Desk, amid_run

from pylon_elt.pipelines.verify import held

TABLES = "issues,issue_messages,issue_threads,issue_followers"


@pytest.fixture
def copied(open_copy: Any) -> Desk:
    """A workspace of more than one month, and its copy."""
    return open_copy(TABLES, issues=40, years=0.4)  # type: ignore[no-any-return]


def report(desk: Desk, *arguments: str, expect: int = 0) -> dict[str, Any]:
    result = desk.pylon("verify", "--log-format", "json", *arguments)
    assert result.code == expect, result.text
    return result.event("verified")  # type: ignore[no-any-return]


def test_an_equal_copy_costs_what_was_announced_and_has_no_difference(copied: Desk) -> None:
    before = everything(copied.folder)
    result = copied.pylon("verify", "--sample", "40", "--seed", "5", "--log-format", "json")
    assert result.code == 0, result.text
    assert everything(copied.folder) == before
    found = result.event("verified")
    assert found["equal"] is True
    assert result.event("announcement")["requests"] == asked(copied)
    assert found["announced"] == found["asked"]
    assert found["sampled"] == {
        name: copied.rows(name) for name in ("issues", "issue_messages", "issue_threads", "issue_followers")
    }
    assert sum(month["listed"] for month in found["months"].values()) == 40
    assert len(found["months"]) > 3

    text = copied.pylon("verify", "--sample", "2")
    assert text.code == 0
    assert "No difference was found." in text.out
    assert "This takes" in text.err
    assert text.out.split()[:3] == ["created", "in", "listed"]


def test_a_seed_draws_the_same_sample(copied: Desk) -> None:
    drawn = []
    for _ in range(2):
        copied.server.clear_log()
        report(copied, "--sample", "3", "--seed", "11")
        drawn.append({record.path for record in copied.server.log if record.path.count("/") == 2})
    assert drawn[0] == drawn[1]
    assert len([path for path in drawn[0] if path != "/issues/search"]) == 3


def test_every_kind_of_difference_is_found(copied: Desk) -> None:
    world = copied.server.world
    ids = iter([id_ for id_ in world.issue_ids() if len(world.messages(id_)) > 1])
    deleted, edited, redacted, emptied, followed = (next(ids) for _ in range(5))
    world.delete_issue(deleted)
    world.touch_silently(edited, title="Silently", custom_fields={"new": {"value": 1}})
    message = world.messages(redacted)[0]["id"]
    world.redact_message(message)
    removed = world.messages(emptied)[-1]["id"]
    world.delete_message(removed)
    user = next(
        user["id"]
        for user in world.rows("users")
        if user["id"] not in {row["id"] for row in world.followers(followed)}
    )
    world.follow(followed, user)
    imported = world.create_issue(created_at="2026-04-04T00:00:00Z")["id"]
    found = report(copied, "--sample", "100", expect=5)
    assert {(one["table"], one["id"], one["what"]) for one in found["differences"]} >= {
        ("issues", deleted, "is not listed by Pylon any more"),
        ("issues", edited, "title differs"),
        ("issues", edited, "custom_fields differs"),
        ("issue_messages", message, "message_html differs"),
        ("issue_messages", removed, "is gone from Pylon"),
        ("issue_followers", f"{followed}/user/{user}", "is missing from the copy"),
        ("issues", imported, "is missing from the copy"),
    }
    assert {one["id"] for one in found["differences"]} == {
        deleted, edited, message, removed, f"{followed}/user/{user}", imported,
    }  # fmt: skip
    assert sum(month["missing"] for month in found["months"].values()) == 1
    assert sum(month["surplus"] for month in found["months"].values()) == 1

    result = copied.pylon("verify", "--sample", "100")
    assert result.code == 5
    assert f"issues {edited}: title differs" in result.out
    assert "Silently" not in result.text, "names and ids, no values"
    assert "pylon reconcile" in result.err
    assert copied.pylon("reconcile").code == 0
    copied.pylon("run", "--max-minutes", "5", env={"SOURCES__PYLON__SWEEP_DAYS": "1e-9"})
    assert report(copied, "--sample", "100")["equal"] is True


def test_what_changed_since_the_last_run_is_no_difference(copied: Desk) -> None:
    world = copied.server.world
    world.create_issue()
    for ref in world.issue_ids()[:4]:
        world.add_message(ref)
        world.edit_issue(ref, title="Since")
    found = report(copied, "--sample", "100")
    assert (found["new_since"], found["changed_since"]) == (1, 4)
    copied.pylon("run", "--select", "issues")
    found = report(copied, "--sample", "100")
    assert (found["new_since"], found["changed_since"]) == (0, 0)
    assert found["unread_children"] == 15, "of five issues, which the run was told to leave"
    assert "15 conversations not read yet" in copied.pylon("verify", "--sample", "100").text


def test_what_no_search_will_show_is_a_difference(copied: Desk) -> None:
    world = copied.server.world
    ref = world.issue_ids()[4]
    world.edit_issue(ref, title="Missed", updated_at="2026-11-01T00:00:00Z")
    copied.server.world.touch_silently(ref, updated_at=_hours_ago(world, 1))
    found = report(copied, expect=5)
    assert [one["id"] for one in found["differences"]] == [ref]
    assert "older version" in found["differences"][0]["what"]


def _hours_ago(world: Any, hours: float) -> str:
    from datetime import timedelta

    from support.worlds import rfc3339

    return rfc3339(world.now() - timedelta(hours=hours))


def test_without_a_copy_or_without_pylon_it_is_one_screen(desk: Desk) -> None:
    result = desk.pylon("verify")
    assert result.code == 1
    assert "There is no copy yet." in result.err
    assert not desk.database.exists()
    desk.pylon("run", "--select", "teams")
    assert "The copy holds no issues yet." in desk.pylon("verify").err
    desk.pylon("run", "--select", "issues")
    down = desk.pylon("verify", env={"PYLON_API_KEY": "pyl_wrong"})
    assert down.code == 3
    assert "Traceback" not in down.err


def test_beside_a_run_it_says_who_holds_the_lock(open_desk: Any) -> None:
    desk = open_desk(issues=60)
    with amid_run(desk, "--select", "issues,issue_messages") as run:
        result = desk.pylon("verify")
    assert result.code == 75
    assert f"process {run.process} on" in result.err
    assert run.wait().code == 0, "the run must not notice"


def test_a_run_may_begin_while_pylon_is_asked(copied: Desk) -> None:
    copied.server.settings.latency_seconds = 0.2
    verification = copied.start("verify", "--sample", "30")
    from support.commands import wait_until

    wait_until(lambda: copied.server.count("GET /issues/{id}") > 0)
    assert copied.pylon("run", "--select", "issues").code == 0
    assert verification.wait().code == 0


@pytest.mark.dear
def test_what_was_created_before_the_start_date_is_not_compared(copied: Desk) -> None:
    world = copied.server.world
    oldest = world.issue_ids()[0]
    world.touch_silently(oldest, title="Nothing mends this")
    with duckdb.connect(str(copied.database), read_only=True) as connection:
        created = [
            row[0] for row in connection.execute("SELECT created_at FROM pylon.issues ORDER BY 1").fetchall()
        ]
    later = {"SOURCES__PYLON__START_DATE": created[30].isoformat()}
    assert report(copied, "--sample", "100", expect=5)["before_start"] == 0
    result = copied.pylon("verify", "--sample", "100", "--log-format", "json", env=later)
    assert result.code == 0, result.text
    found = result.event("verified")
    assert (found["before_start"], found["sampled"]["issues"]) == (30, 10)
    assert found["announced"] == found["asked"]
    assert "Created before start_date, so not compared: 30 issues." in copied.pylon("verify", env=later).out
    result = copied.pylon("reconcile", env=later)
    assert "Created before start_date, so not compared and left as they are: 30." in result.out


def test_where_the_watermark_lies_in_the_future_the_next_run_is_expected_to_go_back() -> None:
    now = datetime.now(UTC)
    times = {"a": (now - timedelta(days=2), None), "b": (now - timedelta(days=1), None), "c": (None, now)}
    assert held.read_up_to(now, times) == now
    assert held.read_up_to(now + timedelta(days=365), times) == now - timedelta(days=1)
