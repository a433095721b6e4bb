"""What is read while a turn is being loaded: no allowance is lost, nothing is asked twice, and the copy is exact."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from support import runs, worlds

from pylon_elt.pipelines.copy import destinations
from pylon_elt.pipelines.run import job
from pylon_elt.sources.pylon.lanes import ahead

pytestmark = pytest.mark.dear

PATIENCE = 20.0
"""Seconds after which a test gives up waiting for what should come in some milliseconds."""

Meanwhile = Callable[[int], None]
"""What happens while a load is under way, by its number."""


def waited_for(there: Callable[[], bool]) -> bool:
    """Wait until something is so; say whether it came."""
    until = time.monotonic() + PATIENCE
    while not there() and time.monotonic() < until:
        time.sleep(0.005)
    return there()


@pytest.fixture
def loading(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Meanwhile]]:
    """Turns of some rows; what is put into the list is called while each of them is loaded."""
    monkeypatch.setattr(job, "TURN_ROWS", 30)
    monkeypatch.setattr("pylon_elt.sources.pylon.lanes.conversation.BATCH_ROWS", 10)
    meanwhile: list[Meanwhile] = []
    number = 0
    real = destinations._Client.update_stored_schema

    def update(its: Any, *tables: Any, **options: Any) -> Any:
        nonlocal number
        if not its.in_staging_dataset_mode:
            number += 1
            for happens in meanwhile:
                happens(number)
        return real(its, *tables, **options)

    monkeypatch.setattr(destinations._Client, "update_stored_schema", update)
    yield meanwhile
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("read-ahead")]


def served(copy: runs.Copy) -> int:
    return sum(copy.server.count(endpoint, refused=False) for endpoint in runs.CONVERSATIONS)


def test_requests_go_on_while_a_turn_is_loaded_and_none_is_made_twice(loading: Any, fresh: Any) -> None:
    copy = fresh(worlds.quiet(issues=60), options={"tables": runs.ISSUE_TABLES})
    runner = copy.job()
    lanes = runner.control.report.lanes
    went_on = []

    def look(_number: int) -> None:
        done = sum(lanes[name].done for name in ahead_of)
        if 0 < done < 180:
            went_on.append(waited_for(lambda: served(copy) > done))

    ahead_of = ("issue_messages", "issue_threads", "issue_followers")
    loading.append(look)
    assert runner.run() == 0
    copy.assert_equal()
    assert runner.turns > 2
    assert went_on
    assert all(went_on)
    assert served(copy) == 180
    assert not copy.run().children_asked()


def test_what_is_changed_meanwhile_is_in_the_copy(loading: Any, fresh: Any) -> None:
    """Also a message that is shown under two issues, the first of which was read before it moved."""
    world = worlds.bump_all(worlds.quiet(issues=60))
    copy = fresh(world, options={"tables": runs.ISSUE_TABLES})
    runner = copy.job()
    changed = []

    def happens(_number: int) -> None:
        done = runner.control.report.lanes["issue_messages"].done
        if not 0 < done < 50 or not waited_for(lambda: copy.server.count(runs.MESSAGES) >= done + 9):
            return
        asked = [
            record.path.split("/")[2] for record in list(copy.server.log) if record.endpoint == runs.MESSAGES
        ]
        ahead_of_time = list(dict.fromkeys(asked[done:]))
        for ref in ahead_of_time[:4]:
            world.add_message(ref, message_html="added meanwhile")
        moved = next(row for row in world.snapshot()["issue_messages"] if row["issue_id"] in ahead_of_time)
        world.move_message(moved["id"], ahead_of_time[-1])
        world.delete_issue(ahead_of_time[-2])
        changed.append(done)

    loading.append(happens)
    assert runner.run() == 0
    assert changed
    world.advance(30)
    copy.run()
    copy.job().reconcile()
    copy.run()
    copy.assert_equal()


def test_what_is_refused_is_left_to_the_turn(loading: Any, fresh: Any) -> None:
    copy = fresh(worlds.quiet(issues=60), options={"tables": runs.ISSUE_TABLES})
    fault = copy.server.faults.add("status", endpoint=runs.THREADS, status=403)
    runner = copy.job()
    during = []

    def count(_number: int) -> None:
        reading, before = runner.ahead._reading, fault.played
        if reading:
            assert waited_for(reading.done)
            during.append(fault.played - before)

    loading.append(count)
    runner.run()
    copy.assert_equal(["issues", "issue_messages", "issue_followers"])
    assert during
    assert max(during) <= ahead.IN_FLIGHT


def test_a_run_that_is_stopped_while_it_loads_ends(loading: Any, fresh: Any) -> None:
    copy = fresh(
        worlds.quiet(issues=24),
        options={"tables": runs.ISSUE_TABLES},
        tier="july",
        window_seconds=1.5,
    )
    runner = copy.job()
    loading.append(lambda number: runner.stop() if number == 2 else None)
    runner.run()
    assert runner.turns == 2
    copy.run()
    copy.assert_equal()
