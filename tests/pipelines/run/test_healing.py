"""What the command line shows of healing: the sweep, late arrivals, new fields."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from support.plans import plan
from support.workplaces import Desk, status

from pylon_elt.pipelines.copy.inspection import Place
from pylon_elt.pipelines.look import status as status_of
from pylon_elt.sources.pylon.copy.state import Late, suggested_lookback

TABLES = "issues,issue_messages,issue_followers"
NOW = datetime(2026, 11, 21, tzinfo=UTC)
OLD: dict[str, str | None] = {"SOURCES__PYLON__SWEEP_DAYS": "1e-9"}


def test_a_sweep_is_announced_summed_up_and_shown_by_status(desk: Desk) -> None:
    desk.pylon("run", "--select", TABLES)
    first = status(desk)["tables"]
    assert "verified_since" in first["issues"]
    assert first["issues"]["verified_since"] is None
    assert "oldest verification: issue_messages" in desk.pylon("status").text
    some = ("--select", TABLES)
    assert plan(desk, *some, "--max-minutes", "5")["sweep"] == {}, "verified of late"
    planned = desk.pylon("run", "--dry-run", *some, "--max-minutes", "5", env=OLD)
    assert "verified long ago are read again: 30 of issue_messages, 30 of issue_followers." in planned.text
    assert "verified long ago" not in desk.pylon("run", "--dry-run", *some, env=OLD).text, "no time given"

    desk.server.clear_log()
    time.sleep(1.0)  # what was verified in this second is not old yet
    result = desk.pylon("run", *some, "--max-minutes", "5", env=OLD)
    assert result.code == 0
    assert "With time to spare, 60 conversations verified longest ago read again." in result.out
    assert "Nothing is left to read." in result.out
    assert desk.server.count("GET /issues/{id}/messages") == 30
    after = status(desk)["tables"]
    for child in ("issue_messages", "issue_followers"):
        assert after[child]["verified_since"] > first[child]["verified_since"]
    time.sleep(1.0)  # what was verified in this second is not old yet
    told = desk.pylon("run", *some, "--log-format", "json", "--max-minutes", "5", env=OLD)
    assert told.event("run_finished")["swept"] == 60


def test_sweep_days_must_be_a_number(desk: Desk) -> None:
    for value in ("-1", "often", "true"):
        result = desk.pylon("run", env={"SOURCES__PYLON__SWEEP_DAYS": value})
        assert result.code == 3
        assert "sweep_days is" in result.err
    result = desk.pylon("run", env={"SOURCES__PYLON__RECONCILE_HOURS": "-1"})
    assert "reconcile_hours is -1" in result.err


def test_late_arrivals_are_shown_with_a_lookback_that_allows_for_them(open_desk: Any) -> None:
    """All of it happens before the present by this machine's clock, since the earlier clock moves the watermark."""
    desk = open_desk(behind=400, index_lag_seconds=240.0)
    world = desk.server.world
    desk.config("[sources.pylon]\nlookback_seconds = 180\n")
    desk.pylon("run", "--select", "issues")
    assert status(desk)["late"]["count"] == 0
    assert "late arrivals" not in desk.pylon("status").text
    world.edit_issue(world.issue_ids()[2], title="Shown minutes late")
    world.advance(150)
    desk.pylon("run", "--select", "issues")
    world.advance(100)
    desk.pylon("run", "--select", "issues")
    found = status(desk)["late"]
    assert (found["count"], found["beyond"]) == (1, 0)
    assert 140 <= found["largest_seconds"] < 180
    assert found["lookback_seconds"] == 180
    wanted = suggested_lookback(Late(1, 0, found["largest_seconds"]), 180.0)
    assert wanted is not None
    assert found["suggested_lookback_seconds"] == wanted >= 300
    text = desk.pylon("status").text
    assert "late arrivals: the search showed 1 issue after the watermark had passed, by up to" in text
    assert f"lookback_seconds is 180: set it to {wanted}." in text
    wide: dict[str, str | None] = {"SOURCES__PYLON__LOOKBACK_SECONDS": str(wanted)}
    assert "set it to" not in desk.pylon("status", env=wide).text


def test_what_came_later_than_the_lookback_is_told_apart() -> None:
    known = status_of.Status(
        Place("here", "pylon", Path()),
        NOW,
        [],
        0,
        late=Late(3, 1, 900.0, NOW - timedelta(hours=2)),
        lookback=(900.0, suggested_lookback(Late(3, 1, 900.0), 900.0)),
    )
    text = " ".join(status_of.render(known).split())
    assert "3 issues after the watermark had passed, by up to 15 min; the last was found 2 h ago." in text
    assert "Of them, 1 came later than the lookback, and only a complete listing showed them." in text
    assert "lookback_seconds is 900: set it to 1800." in text


def test_new_fields_are_listed_by_table(desk: Desk) -> None:
    world = desk.server.world
    ref = world.issue_ids()[1]
    world.edit_issue(ref, weather="fine", title=5)
    desk.pylon("run", "--select", "issues,tags")
    found = status(desk)["extra_fields"]
    assert found["issues"]["weather"]["misfit"] is False
    assert found["issues"]["title"]["misfit"] is True
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    assert found["issues"]["weather"]["since"].startswith(today)
    text = desk.pylon("status").text
    assert f"issues.weather (since {today})" in text.partition("kept in _extra, not documented:")[2]
    assert f"kept in _extra, not of their column's type: issues.title (since {today})." in text
    assert json.loads(desk.pylon("status", "--json").out)["late"]["suggested_lookback_seconds"] is None
