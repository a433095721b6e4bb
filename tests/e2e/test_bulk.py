"""The most ordinary day of a support desk: somebody edits a great many issues at once."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from support import runs, worlds

from pylon_elt.pipelines.run import job

pytestmark = pytest.mark.dear

ISSUES = 150
PAGE = 25


@pytest.fixture
def short_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job, "FIRST_TURN_SECONDS", 0.2)
    monkeypatch.setattr(job, "TURN_SECONDS", 0.2)
    monkeypatch.setattr(job, "LONGEST_TURN_SECONDS", 0.7)


def _searches(run: Any) -> int:
    return sum(record.endpoint == runs.SEARCH and not record.refused for record in run.records)


@pytest.mark.parametrize("pause", [0.0, 7.0])
def test_a_bulk_edit_is_read_to_its_end_by_turns_that_are_shorter(
    pause: float, short_turns: None, fresh: Any
) -> None:
    world = worlds.bump_all(worlds.quiet(issues=ISSUES, years=0.1))
    copy = fresh(
        world,
        options={"tables": ("issues",), "page_size": PAGE},
        tier={runs.SEARCH: 12, "*": 1000},
        window_seconds=1.0,
    )
    copy.run()
    for ref in world.issue_ids():
        world.bulk_edit([ref] if pause else world.issue_ids(), state="closed")
        world.advance(pause)
        if not pause:
            break
    world.advance(20)
    run = copy.run()
    copy.assert_equal()
    readings = 1 if pause else 2  # pages of one moment may shift
    assert _searches(run) <= readings * ISSUES / PAGE + 12
    assert run.job.turns <= _searches(run) + 2

    again = copy.run()
    assert again.job.control.report.rows["issues"] == 0, "what is shown again is not written again"


def test_edits_that_never_stop_end_no_run(fresh: Any) -> None:
    """Each conversation that is read lets another issue be edited, so that something is always due."""
    world = worlds.bump_all(worlds.quiet(issues=30, years=0.1))
    copy = fresh(world, options={"tables": runs.ISSUE_TABLES}, tier={"*": 40}, window_seconds=1.0)
    refs = list(world.issue_ids())
    turn = iter(range(10**6))
    lock = threading.Lock()

    def edit(record: Any) -> None:
        if record.endpoint == runs.MESSAGES:
            with lock:
                for _ in range(2):
                    world.edit_issue(refs[next(turn) % len(refs)], state="open")
                    world.advance(1)

    stop = copy.server.on_request(edit)
    run = copy.run()
    assert len(run.records) < 3 * 30 * 6
    stop()
    world.advance(60)
    copy.run()
    copy.assert_equal()
