"""What differs at each reading is not written each day, and makes no versions; what was edited arrives all the same."""

from __future__ import annotations

from collections.abc import MutableSequence
from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest
from support import runs

from pylon_elt.emulator import engine
from pylon_elt.sources.pylon.upkeep import readings

pytestmark = pytest.mark.dear

ALL_KINDS = ("links", "order", "ticking")
SNAPSHOTS = (*runs.ISSUE_TABLES, "issue_snapshots")
EVERYTHING_AGAIN = {"lookback_seconds": 86400.0 * 365}


def asked_by_reconciling(copy: runs.Copy) -> tuple[int, int]:
    """Reconcile, and return how many issues were mended and how many pages were listed."""
    mark = len(copy.server.log)
    outcome = copy.job().reconcile()
    listed = [record for record in list(copy.server.log)[mark:] if record.endpoint == runs.LIST]
    return outcome.mended, len(listed)


def test_it_is_mended_on_no_day_and_read_again_on_the_first_only(loaded: Any) -> None:
    copy = loaded()
    _, usual = asked_by_reconciling(copy)
    copy.server.settings.volatile = ALL_KINDS
    before = copy.rows()["issues"]
    mended, pages = asked_by_reconciling(copy)
    # the copy was read while nothing was volatile: it differs by links that are new, and is mended for them once
    assert pages > usual
    mended, pages = asked_by_reconciling(copy)
    assert (mended, pages) == (0, usual)
    assert len(copy.rows()["issues"]) == len(before)


def test_a_copy_that_was_read_so_has_nothing_to_be_mended(fresh: Any) -> None:
    copy = fresh(volatile=ALL_KINDS)
    copy.run()
    before = copy.rows()["issues"]
    job = copy.job()
    assert job.reconcile().mended == 0
    assert copy.rows()["issues"] == before, "no row was written"
    (told,) = [text for text in job.control.report.warnings if "two readings" in text]
    assert all(name in told for name in ("body_html", "tags", "time_in_status_seconds"))
    again = copy.job()
    assert again.reconcile().mended == 0
    assert not [text for text in again.control.report.warnings if "two readings" in text], "it is told once"


def test_two_readings_in_one_order_are_no_proof_of_an_edit(
    fresh: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A short list is given in the same order twice often enough."""
    other: list[int] = []
    mark = 0

    class Turned(Random):
        def shuffle(self, x: MutableSequence[Any]) -> None:
            if sum(record.endpoint == runs.LIST for record in list(copy.server.log)[mark:]) in other:
                x.reverse()

    monkeypatch.setattr(engine, "Random", Turned)
    copy = fresh(volatile=("order",))
    for issue_id in copy.world.issue_ids():
        copy.world.edit_issue(issue_id, tags=["one", "two"])
    copy.run()
    mark, other = len(copy.server.log), [1, 2]
    job = copy.job()
    assert job.reconcile().mended == 0
    (told,) = [text for text in job.control.report.warnings if "two readings" in text]
    assert "issues: tags differs" in told


@pytest.mark.parametrize("bumped", [True, False])
def test_an_edit_of_what_is_volatile_arrives(fresh: Any, bumped: bool) -> None:
    copy = fresh(volatile=ALL_KINDS)
    copy.run()
    copy.job().reconcile()
    world, (one, two, three) = copy.world, copy.world.issue_ids()[:3]
    edit = world.edit_issue if bumped else world.touch_silently
    edit(one, body_html="<p>Another body</p>")
    edit(two, tags=["brand-new"])
    edit(three, title="Another title")
    if bumped:
        copy.run()
    else:
        assert copy.job().reconcile().mended == 3
    rows = copy.by_id("issues")
    assert rows[one]["body_html"].startswith("<p>Another body</p>")
    assert rows[two]["tags"] == ["brand-new"]
    assert rows[three]["title"] == "Another title"


def test_what_ticks_arrives_with_the_next_edit(fresh: Any) -> None:
    copy = fresh(volatile=("ticking",))
    copy.run()
    copy.job().reconcile()
    issue = copy.world.issue_ids()[0]
    copy.server.settings.volatile = ()
    copy.world.edit_issue(issue, time_in_status_seconds={"new": 12345})
    copy.run()
    assert copy.by_id("issues")[issue]["time_in_status_seconds"] == {"new": 12345}


def test_no_version_is_recorded_for_it_alone(fresh: Any) -> None:
    copy = fresh(options={"tables": SNAPSHOTS}, volatile=ALL_KINDS)
    copy.run()
    copy.job().reconcile()
    before = len(copy.rows()["issue_snapshots"])
    for _ in range(2):
        assert copy.run(**EVERYTHING_AGAIN).report.rows["issues"] == len(copy.world.issue_ids())
    assert len(copy.rows()["issue_snapshots"]) == before
    edited = copy.world.issue_ids()[0]
    copy.world.edit_issue(edited, tags=["brand-new"])
    for _ in range(2):
        copy.run(**EVERYTHING_AGAIN)
    assert len(copy.rows()["issue_snapshots"]) == before + 1


def test_a_silent_edit_that_is_mended_is_recorded_once(fresh: Any) -> None:
    copy = fresh(options={"tables": SNAPSHOTS}, volatile=ALL_KINDS)
    copy.run()
    copy.job().reconcile()
    before = len(copy.rows()["issue_snapshots"])
    copy.world.touch_silently(copy.world.issue_ids()[0], state="on_hold")
    copy.world.touch_silently(copy.world.issue_ids()[1], title="Of no version")
    assert copy.job().reconcile().mended == 2
    assert len(copy.rows()["issue_snapshots"]) == before + 1


def test_what_has_become_steady_is_compared_again_after_some_days(fresh: Any) -> None:
    copy = fresh(volatile=("whole",))
    copy.run()
    copy.job().reconcile()
    copy.server.settings.volatile = ()
    issue = copy.world.issue_ids()[0]
    copy.world.touch_silently(issue, body_html="<p>Silently</p>")
    assert copy.job().reconcile().mended == 0, "whatever the body is, it was seen to differ at each reading"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(readings, "KEPT_FOR", datetime.now(UTC) - datetime.now(UTC))
        assert copy.job().reconcile().mended > 0
    assert copy.by_id("issues")[issue]["body_html"] == "<p>Silently</p>"
    assert "volatile" not in runs.state_of(copy.folder) or not runs.state_of(copy.folder)["volatile"]


def test_a_second_reading_that_fails_says_nothing(fresh: Any) -> None:
    copy = fresh()
    copy.run()
    copy.world.touch_silently(copy.world.issue_ids()[0], title="Silently")
    mark = len(copy.server.log)
    assert copy.job().reconcile().mended == 1
    listed = [record.query for record in list(copy.server.log)[mark:] if record.endpoint == runs.LIST]
    (second,) = [place for place, query in enumerate(listed) if _seconds(query) < 5]
    copy.world.touch_silently(copy.world.issue_ids()[0], title="Once more")
    fault = copy.server.faults.add("status", runs.LIST, status=403, after=second, count=1)
    assert copy.job().reconcile().mended == 1
    assert fault.played


def _seconds(query: dict[str, str]) -> float:
    """Return how long a stretch of time was asked for."""
    start, end = (datetime.fromisoformat(query[name]) for name in ("start_time", "end_time"))
    return (end - start).total_seconds()
