"""Time is right whatever the machine's clock, the server's clock and the zone of the database are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import dlt.common.time
import duckdb
import pytest
import time_machine
from support import runs, worlds

from pylon_elt.sources.pylon.catalog import with_ledgers
from pylon_elt.sources.pylon.lanes.clocks import difference

pytestmark = pytest.mark.dear

FIRST, LAST = "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z"


@pytest.mark.parametrize(
    ("field", "edge"),
    [
        *((field, edge) for field in ("updated_at", "latest_message_time") for edge in (FIRST, LAST)),
        ("updated_at", "9999-12-31T23:59:59Z"),
        ("latest_message_time", "0001-01-01T00:00:00+09:00"),
        ("latest_message_time", "12000-01-01T00:00:00Z"),
    ],
)
def test_the_first_and_the_last_year_that_there_are_fail_nothing(fresh: Any, field: str, edge: str) -> None:
    copy = fresh(options={"tables": runs.ISSUE_TABLES})
    for ref in copy.world.issue_ids()[:2]:
        copy.world.touch_silently(ref, **{field: edge})
    for _ in range(2):
        copy.run(reconcile_hours=1e-9)
    copy.assert_equal()
    assert copy.job().reconcile().mended == 0


def really() -> datetime:
    """Return the true present: the world's, whatever this machine's clock is set to."""
    if not time_machine.escape_hatch.is_travelling():
        return datetime.now(UTC)
    now: datetime = time_machine.escape_hatch.datetime.datetime.now(UTC)
    return now


@contextmanager
def clock_off(by: timedelta) -> Iterator[None]:
    """Set this machine's clock wrong. To dlt, both ends of it are new processes: within one, its time only rises."""
    ids = dlt.common.time.increasing_precise_time
    ids._last = 0.0
    with time_machine.travel(really() + by):
        yield
    ids._last = 0.0


def live_on(copy: runs.Copy) -> None:
    """Let something happen in the workspace."""
    world = worlds.bump_all(copy.world)
    ref = worlds.with_messages(world)
    world.add_message(ref)
    world.edit_issue(world.issue_ids()[3], title="It has changed")
    world.add_message(world.create_issue()["id"])
    world.edit("tasks", world.rows("tasks")[0]["id"], title="Another task")
    world.edit("teams", world.rows("teams")[0]["id"], name="Another name")
    world.advance(5)


def stamps_of(copy: runs.Copy) -> list[datetime]:
    """Return the watermarks of the issues and the tasks, and when what is read whole was read."""
    state = runs.state_of(copy.folder)["resources"]
    tasks = state["tasks"]["streams"][""]
    found = [part[key] for part in (state["issues"], tasks) for key in ("changed_until", "begun_at")]
    found += [state[table]["refreshed_at"] for table in ("teams", "tasks")]
    return [datetime.fromisoformat(text) for text in found]


def true_world(fresh: Any, **settings: Any) -> runs.Copy:
    options = {"tables": [*runs.ISSUE_TABLES, "teams", "tasks"]}
    copy: runs.Copy = fresh(worlds.quiet(clock=really, rest=590), options=options, **settings)
    return copy


@pytest.mark.parametrize("honest_runs", [1, 0])
def test_a_clock_that_was_a_year_ahead_for_one_run_freezes_nothing(fresh: Any, honest_runs: int) -> None:
    """There is no ``Date`` to correct it by."""
    copy = true_world(fresh, extra_headers={"date": ""})
    for _ in range(honest_runs):
        copy.run()
    with clock_off(timedelta(days=365)):
        copy.run()
    live_on(copy)
    run = copy.run()
    copy.assert_equal()
    assert ["lies in the future" in text for text in run.report.warnings] == [True, True]
    assert max(stamps_of(copy)) < really()
    assert copy.run().asked == {runs.SEARCH: 1, "POST /tasks/search": 1}, "and what that run read is settled"


def test_messages_are_not_lost_where_the_servers_clock_is_ahead(fresh: Any) -> None:
    wrong = format_datetime(really() + timedelta(hours=2), usegmt=True)
    copy = true_world(fresh, extra_headers={"date": wrong})
    for _ in range(2):
        run = copy.run(refresh_hours={"*": 0})
        copy.assert_equal()
        assert max(stamps_of(copy)) < really()
        (warning,) = run.report.warnings
        assert warning.startswith("The server's clock is 2 h ahead of this machine's.")
        live_on(copy)


def test_all_is_read_where_this_machines_clock_is_a_year_behind(fresh: Any) -> None:
    copy = true_world(fresh)
    with clock_off(timedelta(days=-365)):
        for _ in range(2):
            run = copy.run(refresh_hours={"*": 0}, reconcile_hours=1e-9)
            copy.assert_equal()
            assert run.job.outcome is not None
            assert run.job.outcome.removed == 0
            assert run.report.warnings == [difference(timedelta(days=365))]
            live_on(copy)
    copy.run(refresh_hours={"*": 0})
    copy.assert_equal()


def test_what_hangs_on_rows_and_was_read_in_the_future_by_its_stamp_is_read_again(fresh: Any) -> None:
    copy = fresh(options={"tables": with_ledgers({"tasks", "milestones"})})
    copy.run()
    with duckdb.connect(str(copy.database)) as connection:
        connection.execute("UPDATE pylon.parent_sync SET synced_at = synced_at + INTERVAL 1 YEAR")
    copy.world.edit("milestones", copy.world.rows("milestones")[0]["id"], name="Another name")
    copy.run()
    copy.assert_equal()
    assert "GET /milestones/{id}" not in copy.run().asked
