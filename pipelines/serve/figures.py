"""Which figures there are: from the runs, from ``pylon status``, and from what the doorbell answered. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from .doorbell import Doorbell
from .health import Record
from .keeper import Figures
from .metrics import Labels, Metric


@dataclass(frozen=True, slots=True)
class Seen:
    """One workspace as the metrics show it.

    ``waiting`` counts the issues that rang and are yet to be read; ``None``: nobody can tell.
    """

    figures: Figures
    record: Record
    doorbell: Doorbell | None = None
    waiting: int | None = 0


Samples = Iterator[tuple[Labels, float]]


def metrics(workspaces: Mapping[str, Seen], now: float) -> list[Metric]:
    """Return all metrics.

    Args:
        workspaces: What is known of each, by its label.
        now: The present, in seconds since 1970.
    """
    return [*_of_runs(workspaces), *_of_the_copy(workspaces, now), *_of_rings(workspaces)]


def _of_runs(workspaces: Mapping[str, Seen]) -> Iterator[Metric]:
    each = [({"workspace": name}, seen) for name, seen in workspaces.items()]
    yield Metric(
        "requests_total", "counter", "Answers of Pylon to the runs, by endpoint and status.",
        (
            ({**label, "endpoint": endpoint, "status": status}, count)
            for label, seen in each
            for (endpoint, status), count in sorted(seen.figures.requests.items())
        ),
    )  # fmt: skip
    yield Metric(
        "rows_read_total", "counter", "Rows that the runs read, by table.",
        (
            ({**label, "table": table}, count)
            for label, seen in each
            for table, count in sorted(seen.figures.rows.items())
        ),
    )  # fmt: skip
    yield Metric(
        "runs_total", "counter", "Runs that ended, by exit code; below 0 a signal ended them.",
        (
            ({**label, "exit": str(code)}, count)
            for label, seen in each
            for code, count in sorted(seen.figures.runs.items())
        ),
    )  # fmt: skip
    yield Metric(
        "last_run_seconds", "gauge", "How long the last run took.",
        ((label, seen.figures.seconds) for label, seen in each if seen.figures.seconds is not None),
    )  # fmt: skip
    yield Metric(
        "last_well_timestamp_seconds", "gauge", "When a run last ended well, in seconds since 1970.",
        ((label, seen.record.well_at.wall) for label, seen in each if seen.record.well_at is not None),
    )  # fmt: skip


def _of_the_copy(workspaces: Mapping[str, Seen], now: float) -> Iterator[Metric]:
    yield Metric("rows", "gauge", "Rows of the copy, by table.", _tables(workspaces, "rows"))
    yield Metric(
        "due", "gauge", "Parents whose rows are yet to be read, by table.", _tables(workspaces, "due")
    )
    ages = ((label, now - _instant(at)) for label, at in _stamps(workspaces, "verified_since"))
    yield Metric("oldest_verification_seconds", "gauge", "Age of the oldest verification, by table.", ages)
    lags = (
        ({"workspace": name}, now - _instant(until))
        for name, seen in workspaces.items()
        if (until := (seen.figures.status or {}).get("changed_until"))
    )
    yield Metric("lag_seconds", "gauge", "How long ago that is up to which changes were read.", lags)
    pace = (
        ({"workspace": name, "endpoint": endpoint}, known["requests_a_minute"])
        for name, seen in workspaces.items()
        for endpoint, known in (seen.figures.status or {}).get("pace", {}).items()
    )
    yield Metric("pace_requests_per_minute", "gauge", "The pace learnt, by endpoint.", pace)


def _of_rings(workspaces: Mapping[str, Seen]) -> Iterator[Metric]:
    with_bell = [({"workspace": name}, seen) for name, seen in workspaces.items() if seen.doorbell]
    yield Metric(
        "rings_total", "counter", "Webhooks, by the status that was answered.",
        (
            ({**label, "status": str(status)}, count)
            for label, seen in with_bell
            if seen.doorbell
            for status, count in sorted(seen.doorbell.answers.items())
        ),
    )  # fmt: skip
    yield Metric(
        "rings_waiting", "gauge", "Issues that rang and are yet to be read.",
        ((label, seen.waiting) for label, seen in with_bell if seen.waiting is not None),
    )  # fmt: skip


def _tables(workspaces: Mapping[str, Seen], what: str) -> Samples:
    for name, seen in workspaces.items():
        for table, known in (seen.figures.status or {}).get("tables", {}).items():
            if known[what] is not None:
                yield {"workspace": name, "table": table}, known[what]


def _stamps(workspaces: Mapping[str, Seen], what: str) -> Iterator[tuple[Labels, str]]:
    for name, seen in workspaces.items():
        for table, known in (seen.figures.status or {}).get("tables", {}).items():
            if known[what]:
                yield {"workspace": name, "table": table}, known[what]


def _instant(text: str) -> float:
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
