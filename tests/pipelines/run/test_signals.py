"""Ctrl-C and SIGTERM: the first saves the turn, the second ends at once; neither loses anything."""

from __future__ import annotations

import signal
import time
from typing import Any

import pytest
from support.commands import Command, wait_until
from support.workplaces import Desk


def begin(open_desk: Any) -> tuple[Desk, Command]:
    desk = open_desk(issues=60, tier={"GET /issues/{id}/messages": 5, "*": 1000}, window_seconds=1)
    run = desk.start("run", "--select", "issues,issue_messages")
    wait_until(lambda: desk.server.count("GET /issues/{id}/messages") > 8)
    return desk, run


def finish(desk: Desk) -> None:
    desk.server.settings.tier = "none"
    assert desk.pylon("run", "--select", "issues,issue_messages").code == 0
    assert desk.rows("issues") == 60
    assert desk.rows("issue_messages") == len(desk.server.world.snapshot()["issue_messages"])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_saves_what_was_read(open_desk: Any, number: signal.Signals) -> None:
    desk, run = begin(open_desk)
    run.signal(number)
    result = run.wait()
    assert result.code == (130 if number == signal.SIGINT else 0), "run && transform is not to go on"
    assert "Stopping: what was read is being saved. Once more, and it ends at once" in result.text
    assert f"Ended early: a signal ({number.name}) asked for it" in result.text
    assert "of issue_messages" in result.out
    saved = desk.rows("issue_sync")
    assert 0 < saved < 60
    asked = desk.server.count("GET /issues/{id}/messages")
    finish(desk)
    assert desk.server.count("GET /issues/{id}/messages") - asked <= 60 - saved + 1, (
        "what was saved is not asked again"
    )


def test_the_second_signal_ends_at_once(open_desk: Any) -> None:
    desk, run = begin(open_desk)
    run.signal(signal.SIGINT)
    time.sleep(0.2)
    run.signal(signal.SIGINT)
    assert run.wait(5).code == -signal.SIGINT
    finish(desk)


def test_a_signal_before_anything_was_read_ends_a_run_too(open_desk: Any) -> None:
    desk = open_desk(latency_seconds=0.5)
    run = desk.start("run")
    wait_until(lambda: run.stderr.exists() and desk.database.with_name("support.duckdb.lock").exists())
    run.signal(signal.SIGTERM)
    assert run.wait(30).code == 0


def test_other_verbs_end_without_a_traceback(open_desk: Any) -> None:
    desk = open_desk(latency_seconds=2.0)
    check = desk.start("check")
    wait_until(lambda: desk.server.count("GET /me") > 0)
    check.signal(signal.SIGINT)
    result = check.wait(10)
    assert result.code == 130
    assert "Traceback" not in result.err
