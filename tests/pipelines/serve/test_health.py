"""Readiness and the text of the metrics, from records of ours."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.daemon import parsed

from pylon_elt.pipelines.copy.rung import Rung
from pylon_elt.pipelines.serve.doorbell import Doorbell
from pylon_elt.pipelines.serve.errand import Done
from pylon_elt.pipelines.serve.figures import Seen, metrics
from pylon_elt.pipelines.serve.health import INTERVALS, Instant, Record, told
from pylon_elt.pipelines.serve.keeper import Figures, ended_well
from pylon_elt.pipelines.serve.metrics import Metric, written


def at(seconds: float) -> Instant:
    return Instant(seconds, seconds)


AT_0, AT_1000 = at(0.0), at(1000.0)


@pytest.mark.parametrize(
    ("record", "ready", "why"),
    [
        (Record(900, AT_1000), False, "No run has ended well since 50 s."),
        (Record(900, AT_1000, 4), False, "The last one ended with 4: The API stayed unavailable"),
        (Record(900, AT_0, -9), False, "it was ended"),
        (Record(900, AT_0, 0, AT_1000), True, ""),
        (Record(900, AT_0, 4, AT_1000), True, ""),
        (Record(10, AT_0, 4, at(1050 - 10.0 * INTERVALS)), True, ""),
        (
            Record(10, AT_0, 4, at(1049 - 10.0 * INTERVALS)),
            False,
            "The last run that ended well did so 31 s ago.",
        ),
    ],
)
def test_a_copy_is_ready_while_a_run_ended_well_within_some_intervals(
    record: Record, ready: bool, why: str
) -> None:
    facts = told(record, at(1050.0))
    assert facts["ready"] is ready
    assert why in facts.get("why", "")


@pytest.mark.parametrize("now", [Instant(-5e7, 1050.0), Instant(1050.0, 1001.0)], ids=["set back", "asleep"])
def test_neither_a_clock_that_is_set_back_nor_sleep_hides_that_a_copy_is_left_behind(now: Instant) -> None:
    facts = told(Record(10, AT_0, 4, AT_1000), now)
    assert not facts["ready"]
    assert "50 s ago" in facts["why"]


@pytest.mark.parametrize(
    ("code", "complete", "well"), [(0, True, True), (0, False, False), (4, False, False), (-15, False, False)]
)
def test_a_run_that_gave_way_has_not_ended_well(code: int, complete: bool, well: bool) -> None:
    assert ended_well(Done(code, 700.0, {"run_finished": {"complete": complete}})) is well


def test_labels_are_quoted_and_empty_metrics_left_out() -> None:
    text = written(
        [
            Metric(
                "runs_total",
                "counter",
                "Runs.",
                [({"workspace": 'a"b\\c\nd'}, 3.0), ({"workspace": "e"}, 0.5)],
            ),
            Metric("due", "gauge", "Due.", []),
        ]
    )
    assert text.splitlines() == [
        "# HELP pylon_runs_total Runs.",
        "# TYPE pylon_runs_total counter",
        'pylon_runs_total{workspace="a\\"b\\\\c\\nd"} 3',
        'pylon_runs_total{workspace="e"} 0.5',
    ]
    assert parsed(text)["pylon_runs_total", frozenset({("workspace", "e")})] == 0.5


@pytest.mark.parametrize(("waiting", "shown"), [(2, [2.0]), (0, [0.0]), (None, [])])
def test_what_waits_is_told_where_it_is_known(
    waiting: int | None, shown: list[float], tmp_path: Path
) -> None:
    bell = Doorbell((), Rung(tmp_path), lambda: None)
    seen = Seen(Figures(), Record(900, AT_0), bell, waiting)
    samples = parsed(written(metrics({"pylon": seen}, 10.0)))
    assert [value for (name, _), value in samples.items() if name == "pylon_rings_waiting"] == shown
