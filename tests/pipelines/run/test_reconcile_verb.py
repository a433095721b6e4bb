"""``pylon reconcile`` removes what is gone, and asks back where that is much."""

from __future__ import annotations

from typing import Any

from support.workplaces import Desk


def test_it_says_what_was_compared_and_removed(desk: Desk) -> None:
    desk.pylon("run", "--select", "issues,issue_messages")
    desk.server.world.delete_issue(7)
    result = desk.pylon("reconcile")
    assert result.code == 0, result.err
    assert (
        "30 issues in the copy, 29 listed by Pylon; gone and removed: 1; missing or different, and mended: 0."
        in result.out
    )
    assert desk.rows("issues") == 29


def test_the_safety_catch_asks_for_a_confirmation(open_desk: Any) -> None:
    desk = open_desk(issues=90)
    desk.pylon("run", "--select", "issues")
    for number in range(1, 61):
        desk.server.world.delete_issue(number)
    result = desk.pylon("reconcile")
    assert result.code == 5
    assert "pylon reconcile --yes" in result.text
    assert desk.rows("issues") == 90
    assert desk.pylon("reconcile", "--yes").code == 0
    assert desk.rows("issues") == 30


def test_a_run_whose_catch_holds_shows_its_summary_all_the_same(open_desk: Any) -> None:
    desk = open_desk(issues=90)
    often: dict[str, str | None] = {"SOURCES__PYLON__RECONCILE_HOURS": "0.0000001"}
    desk.pylon("run", "--select", "issues")
    for number in range(1, 61):
        desk.server.world.delete_issue(number)
    assert "reconciliation   is due" in desk.pylon("run", "--dry-run", env=often).out
    result = desk.pylon("run", "--select", "issues", env=often)
    assert result.code == 5
    assert "Copied to" in result.out
    assert "pylon reconcile --yes" in result.text
    events = desk.pylon("run", "--select", "issues", "--log-format", "json", env=often).events
    assert [event["event"] for event in events].count("failure") == 1
    assert events[-1]["event"] == "run_finished"
    assert events[-1]["exit"] == 5
    assert "are not shown by Pylon any more" in desk.pylon("status").text
