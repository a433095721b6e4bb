"""``pylon run --dry-run``: what it announces is what the next run asks; it asks and changes nothing itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.plans import asked, everything, plan
from support.workplaces import Desk

from pylon_elt.sources.pylon.catalog import CHILDREN

CHILD_ENDPOINTS = {child.endpoint.label for child in CHILDREN}


def test_without_a_copy_it_says_so_and_makes_none(desk: Desk, tmp_path: Path) -> None:
    result = desk.pylon("run", "--dry-run", env={"PYLON_API_KEY": None})
    assert result.code == 0, result.err
    assert "There is no copy yet" in result.out
    assert "only Pylon knows" in result.out
    assert not desk.database.exists()
    assert not list((tmp_path / "dlt").rglob("*.json"))
    assert asked(desk) == {}


def test_it_asks_nothing_and_changes_nothing(desk: Desk, tmp_path: Path) -> None:
    desk.pylon("run", "--select", "issues,issue_messages")
    desk.server.clear_log()
    before = everything(tmp_path)
    assert desk.pylon("run", "--dry-run").code == 0
    assert everything(tmp_path) == before
    assert asked(desk) == {}


def test_a_run_with_everything_known_asks_exactly_what_was_announced(desk: Desk) -> None:
    desk.config(
        '[sources.pylon]\ninclude = ["audit_logs"]\ncustom_object_types = ["companies", "work-orders"]\n'
    )
    desk.pylon("run", "--exclude", "issue_messages,issue_followers,kb_articles,task_comments")
    desk.server.clear_log()
    announced = plan(desk)
    tasks = len(desk.server.world.rows("tasks"))
    assert announced["conversations"] == {
        "issue_messages": 30,
        "issue_threads": 0,
        "issue_followers": 30,
        "task_comments": tasks,
        "milestones": 0,
        "feature_request_evidence": 0,
    }
    assert announced["directory"] == ["kb_articles"]
    assert {"POST /audit-logs/search", "POST /custom-objects/{type}/search"} <= announced["requests"].keys()
    desk.pylon("run")
    assert asked(desk) == announced["requests"]


def test_a_finished_copy_costs_two_requests(desk: Desk) -> None:
    some = ("--select", "issues,issue_threads,teams")
    desk.pylon("run", *some)
    desk.server.clear_log()
    announced = plan(desk, *some)
    assert announced["history_complete"]
    assert announced["requests"] == {"GET /me": 1, "POST /issues/search": 1}
    desk.pylon("run", *some)
    assert asked(desk) == announced["requests"]


@pytest.mark.dear
def test_a_start_date_is_no_end_of_a_history_that_was_not_begun(desk: Desk) -> None:
    desk.pylon("run", "--select", "teams")
    desk.config('[sources.pylon]\nstart_date = "2020-01-01"\n')
    announced = plan(desk)
    assert (announced["history_until"], announced["history_complete"]) == (None, False)
    assert not announced["reconcile"]


def test_what_a_full_refresh_would_cost_is_announced_too(desk: Desk) -> None:
    desk.pylon("run", "--select", "issues,issue_messages,knowledge_bases,custom_fields")
    some = ("--full-refresh", "--select", "issue_messages,kb_collections,custom_fields,tags")
    desk.server.clear_log()
    announced = plan(desk, *some)
    assert announced["conversations"] == {"issue_messages": 30}
    desk.pylon("run", *some, "--yes")
    assert asked(desk) == announced["requests"]


def test_the_minutes_follow_from_the_pace(open_desk: Any) -> None:
    desk = open_desk(issues=40)
    desk.pylon("run", "--select", "issues")
    slow = plan(desk, "--select", "issue_messages")
    assert slow["requests"] == {"GET /me": 1, "GET /issues/{issue_id}/messages": 40}
    assert slow["seconds"] == 1.0  # 40 requests, 20 a window, and the first window's are free
    text = desk.pylon("run", "--dry-run", "--select", "issue_messages").out
    assert "41 requests, about 1.0 s at the present pace" in text


def test_selection_and_start_date_count(desk: Desk) -> None:
    announced = plan(desk, "--select", "issues,teams", "--start-date", "2020-01-01")
    assert set(announced["requests"]) == {"GET /me", "GET /issues", "POST /issues/search", "GET /teams"}
    assert announced["requests"]["GET /issues"] > 12 * (2026 - 2020)


def test_a_package_of_a_killed_run_is_announced(desk: Desk, tmp_path: Path) -> None:
    desk.pylon("run", "--select", "teams")
    (history,) = (tmp_path / "dlt").rglob("pylon.runs.jsonl")
    (history.parent / "pylon" / "load" / "normalized" / "1700000000.0").mkdir(parents=True)
    assert "left 1 load package" in desk.pylon("run", "--dry-run").out
    assert "left 1 load package" in desk.pylon("status").out
