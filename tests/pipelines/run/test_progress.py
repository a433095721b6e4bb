"""What is shown while a run works: the numbers, the three views, and that watching never disturbs."""

from __future__ import annotations

import io
import json
import threading
import time
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from pylon_elt.pipelines.base.wording import ago, count, duration
from pylon_elt.pipelines.run import views
from pylon_elt.pipelines.run.progress import LaneView, Moment, moment, seconds_for
from pylon_elt.pipelines.run.views import JsonView, PlainView, RichView, View, choose
from pylon_elt.pipelines.run.watcher import WatchedJob, Watcher
from pylon_elt.sources.pylon.api.pacing import Pacers
from pylon_elt.sources.pylon.errors import Unavailable
from pylon_elt.sources.pylon.lanes.report import Report

LANES = (
    LaneView("changes", 12, None, "", 1, 20, None),
    LaneView("history", 5_000, None, "back to 2025-03-01", 4, 10, None),
    LaneView("issue_messages", 340, 2_000, "", 19.6, 20, 4_980.0),
    LaneView("directory", 12, 12, "", 0, 0, None),
)
MOMENT = Moment(seconds=95.0, turns=2, rows=8_123, requests=345, refused=3, lanes=LANES)


class FakeJob(SimpleNamespace):
    """Enough of a job to be watched."""

    def __init__(self) -> None:
        pacers = Pacers({"low": 10, "medium": 20, "high": 60}, 30.0)
        super().__init__(turns=0, control=SimpleNamespace(report=Report(), pacers=pacers))


class Listener(View):
    """Notes what it is told to show."""

    interval = 0.01

    def __init__(self) -> None:
        self.seen: list[tuple[str, Any]] = []

    def show(self, now: Moment) -> None:
        self.seen.append(("progress", now))

    def turn(self, now: Moment) -> None:
        self.seen.append(("turn", now))

    def event(self, name: str, **facts: Any) -> None:
        self.seen.append((name, facts))

    def message(self, text: str) -> None:
        self.seen.append(("message", text))

    def close(self) -> None:
        self.seen.append(("close", None))

    def names(self) -> list[str]:
        return [name for name, _ in self.seen]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pylon_elt.pipelines.run.watcher.POLL_SECONDS", 0.01)


def test_a_moment_holds_done_due_pace_allowance_and_time_left() -> None:
    job = FakeJob()
    lane = job.control.report.lanes["issue_messages"]
    lane.done, lane.due = 30, 130
    pacer = job.control.pacers.get("issue_messages", "medium")
    for _ in range(5):
        pacer.accepted(pacer.take(), {})
    (view,) = moment(job, time.monotonic()).lanes  # type: ignore[arg-type]
    assert (view.done, view.due) == (30, 130)
    assert view.requests_a_minute == 10  # 5 in a window of 30 s
    assert view.allowed_a_minute == 40
    assert view.seconds_left == pytest.approx((100 - 15) / 20 * 30)


def test_looking_changes_nothing_in_the_pacers() -> None:
    now = 0.0
    pacers = Pacers({"low": 10, "medium": 20, "high": 60}, 60.0, clock=lambda: now)
    pacer = pacers.get("issue_messages", "medium")
    for _ in range(3):
        pacer.accepted(pacer.take(), {})
    assert pacer.occupied() == 3
    before = pacer._traffic.slots.times_free()
    now = 61.0
    assert pacer.occupied() == 0
    assert pacer._traffic.slots.times_free() == before
    assert set(pacers.known()) == {"issue_messages"}


@pytest.mark.parametrize(
    ("requests", "limit", "free", "seconds"),
    [(0, 20, 20, 0), (20, 20, 20, 0), (120, 20, 20, 300), (20, 20, 0, 60), (5, 20, -3, 15)],
)
def test_the_time_left_counts_what_is_free_now(requests: int, limit: int, free: int, seconds: float) -> None:
    assert seconds_for(requests, limit, 60.0, free) == seconds


def test_the_plain_line_says_it_all() -> None:
    line = views.line(MOMENT)
    for part in (
        "1 min 35 s",
        "8,123 rows",
        "345 requests",
        "messages 340/2,000 at 20 of 20 a minute",
        "back to 2025-03-01",
        "directory 12/12",
        "about 1 h 23 min left",
    ):
        assert part in line
    assert "\n" not in line


def test_json_holds_the_same_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    JsonView().turn(MOMENT)
    event = json.loads(capsys.readouterr().out)
    assert event["event"] == "turn"
    assert event["seconds_left"] == 4_980.0
    assert event["lanes"][2] == {
        "name": "issue_messages", "done": 340, "due": 2_000, "note": "", "requests_a_minute": 19.6,
        "allowed_a_minute": 20, "seconds_left": 4_980.0,
    }  # fmt: skip


def test_the_live_table_has_a_line_for_each_lane() -> None:
    console = Console(file=io.StringIO(), width=110)
    console.print(views.table(MOMENT))
    text = console.file.getvalue()  # type: ignore[attr-defined]
    for part in (
        "8,123 rows",
        "requests a minute",
        "allowed",
        "340",
        "2,000",
        "1 h 23 min",
        "back to 2025-03-01",
    ):
        assert part in text


@pytest.mark.parametrize(
    ("progress", "as_json", "kind"),
    [
        ("auto", False, PlainView),
        ("rich", False, RichView),
        ("plain", False, PlainView),
        ("none", False, View),
        ("rich", True, JsonView),
    ],
)
def test_the_options_choose_the_view(progress: str, as_json: bool, kind: type[View]) -> None:
    assert type(choose(progress, as_json=as_json)) is kind


def test_views_speak_at_turns_and_about_every_ten_seconds() -> None:
    assert PlainView.interval == JsonView.interval == 10.0


def test_the_watcher_shows_progress_turns_news_and_messages_once() -> None:
    job, listener = FakeJob(), Listener()
    watcher = Watcher(WatchedJob(job), listener)  # type: ignore[arg-type]
    with watcher.watching():
        job.control.report.warn("a warning")
        job.control.report.fail("tags", Unavailable("GET /tags", "is away", "remedy"))
        watcher.say("stopping")
        time.sleep(0.1)
        job.turns = 1
        time.sleep(0.1)
    names = listener.names()
    assert (
        names.count("turn") == names.count("warning") == names.count("failure") == names.count("message") == 1
    )
    assert names.count("progress") >= 2
    assert names[-1] == "close"
    assert dict(listener.seen)["failure"] == {
        "lane": "tags",
        "what": "GET /tags is away.",
        "remedy": "remedy",
    }


def test_what_happens_just_before_the_end_is_shown() -> None:
    job, listener = FakeJob(), Listener()
    with Watcher(WatchedJob(job), listener).watching():  # type: ignore[arg-type]
        job.turns = 1
        job.control.report.warn("late")
    assert {"turn", "warning"} <= set(listener.names())


def test_a_view_that_fails_never_fails_the_run() -> None:
    class Broken(Listener):
        def show(self, now: Moment) -> None:
            raise OSError("the terminal has gone")

        turn = show

    job, broken = FakeJob(), Broken()
    with Watcher(WatchedJob(job), broken).watching():  # type: ignore[arg-type]
        time.sleep(0.05)
        job.turns = 3
        time.sleep(0.05)
    assert broken.names()[-1] == "close"
    assert threading.active_count() < 20


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0.0 s"), (9.94, "9.9 s"), (10, "10 s"), (59.6, "1 min"), (75, "1 min 15 s"), (600, "10 min"), (3600, "1 h"),
     (5400, "1 h 30 min"), (200_000, "2 days 7 h")],
)  # fmt: skip
def test_durations_are_written_for_people(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_counts_and_ages_are_written_for_people() -> None:
    from datetime import UTC, datetime, timedelta

    now = datetime.now(UTC)
    assert [count(number, "row") for number in (0, 1, 2_000)] == ["0 rows", "1 row", "2,000 rows"]
    assert ago(now - timedelta(minutes=15), now) == "15 min ago"
    assert ago(now + timedelta(minutes=15), now) == "0.0 s ago"
    assert ago(None, now) == "never"
