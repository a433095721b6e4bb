"""The first load, and runs that find nothing to do."""

from __future__ import annotations

import gc
import time
from datetime import timedelta
from typing import Any

import pytest
from support import runs, worlds
from support.compare import assert_equal_copy, assert_ledger_settled, read_sql
from support.memory import alive

from pylon_elt import emulator
from pylon_elt.sources.pylon.lanes.turn import Turn

AHEAD = timedelta(seconds=60)
"""Stamps lie so far ahead of the clock, so that a run reads them "within their second" however slow the machine is."""


def test_first_load_equals_the_source(fresh: Any) -> None:
    copy = fresh(worlds.quiet(seed=11, issues=60))
    run = copy.run()
    copy.assert_equal()
    assert_ledger_settled(copy.rows)
    assert run.report.rows["issues"] >= 60
    assert_equal_copy(copy.world.snapshot(), lambda: read_sql(runs.pipeline_in(copy.folder)), runs.TABLES)


def test_first_load_asks_each_child_of_each_issue_once(fresh: Any) -> None:
    copy = fresh(options={"tables": runs.ISSUE_TABLES})
    run = copy.run()
    asked = run.children_asked()
    assert len(asked) == 3 * len(copy.world)
    assert set(asked.values()) == {1}
    assert len(run.requests("GET /me")) == 1
    assert run.asked["GET /issues/{id}"] == 0


def test_nothing_of_a_turn_is_held_when_it_has_been_loaded(fresh: Any) -> None:
    copy = fresh(options={"tables": runs.ISSUE_TABLES})
    held = []
    gc.collect()
    before = alive(Turn)  # what earlier tests in this process may have left
    copy.run(on_turn=lambda _turn: held.append(alive(Turn)))
    assert held
    assert max(held) <= before


def test_first_load_reads_no_month_twice(fresh: Any) -> None:
    copy = fresh(options={"tables": ["issues"]})
    run = copy.run()
    starts = [record.query["start_time"] for record in run.requests(runs.LIST)]
    assert len(starts) == len(set(starts))
    # four months, in windows of 30 days that are 2 seconds narrower, and none beyond the oldest issue
    assert len(starts) <= 6


def test_an_empty_workspace_is_copied_with_its_directory(fresh: Any) -> None:
    world = emulator.World.empty(now=worlds.MADE)
    copy = fresh(world)
    copy.run()
    copy.assert_equal()
    world.create_issue(title="The first one")
    world.advance(60)
    copy.run()
    copy.assert_equal()


def test_second_run_asks_one_search_page_and_nothing_else(fresh: Any) -> None:
    copy = fresh()
    copy.run()
    run = copy.run()
    assert run.asked == {runs.SEARCH: 1}


def test_second_run_changes_nothing(fresh: Any) -> None:
    copy = fresh()
    copy.run()
    before = copy.rows()
    copy.run()
    after = copy.rows()
    copy.assert_equal()
    for table in copy.tables:
        assert _comparable(table, after[table]) == _comparable(table, before[table]), table


def _comparable(table: str, rows: list[runs.Row]) -> list[str]:
    """The rows as text; an issue within the lookback is read again, with another ``_synced_at``."""
    ignored = {"_synced_at"} if table == "issues" else set()
    return sorted(repr({name: value for name, value in row.items() if name not in ignored}) for row in rows)


def test_a_run_after_weeks_asks_one_page_for_each_thirty_days(loaded: Any) -> None:
    copy = loaded()
    copy.world.advance(70 * 86_400)
    run = copy.run()
    assert run.asked == {runs.SEARCH: 3}
    copy.assert_equal()
    # the server's clock is 70 days ahead now: which of the two is wrong cannot be known, and so all of it is searched
    assert copy.run().asked == {runs.SEARCH: 3}


def test_an_issue_stamped_at_the_second_it_is_read_is_due_once_more_and_no_oftener(loaded: Any) -> None:
    copy = loaded()
    issue = copy.world.issue_ids()[0]
    now = copy.world.now().replace(microsecond=0) + AHEAD
    copy.world.edit_issue(issue, title="Edited", updated_at=worlds.rfc3339(now))
    assert set(copy.run().children_asked().values()) == {1}
    copy.world.advance(2 * AHEAD.total_seconds())
    again = copy.run()
    assert len(again.children_asked()) == 3
    assert copy.run().children_asked() == {}
    copy.assert_equal()


def test_two_edits_within_one_second_are_both_in_the_copy(loaded: Any) -> None:
    """Where times come in whole seconds, the second edit moves nothing that can be seen."""
    copy = loaded()
    issue = worlds.with_messages(copy.world, 2)
    now = copy.world.now().replace(microsecond=0) + AHEAD
    copy.world.delete_message(copy.world.messages(issue)[0]["id"])
    copy.world.edit_issue(issue, updated_at=worlds.rfc3339(now))
    copy.run()
    copy.world.delete_message(copy.world.messages(issue)[0]["id"])
    copy.world.touch_silently(issue, updated_at=worlds.rfc3339(now))
    copy.world.advance(2 * AHEAD.total_seconds())
    copy.run()
    copy.assert_equal()


def test_nothing_is_waited_for_once_all_is_read(fresh: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """dlt waits where a reading ends, for as long as it would wait for one of several."""
    monkeypatch.setenv("EXTRACT__FUTURES_POLL_INTERVAL", "60")
    copy = fresh(options={"tables": ("teams",)})
    began = time.monotonic()
    copy.run()
    assert time.monotonic() - began < 60
