"""What a run is doing at this moment, in numbers. Read from another thread, and without touching the run."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from pylon_elt.sources.pylon.catalog import COLLECTED, ENDPOINTS, HANGING

if TYPE_CHECKING:
    from pylon_elt.sources.pylon.api.pacing import Pacer
    from pylon_elt.sources.pylon.lanes.report import Lane

    from .job import Job


LANES: dict[str, tuple[str, ...]] = {
    "changes": (ENDPOINTS["search_issues"].name,),
    "history": (ENDPOINTS["list_issues"].name,),
    "rung": (ENDPOINTS["get_issue"].name,),
    **{name: (child.read.endpoint.name,) for name, child in HANGING.items()},
    "directory": tuple(one.name for table in COLLECTED.values() for one in table.endpoints),
    "reconcile": (ENDPOINTS["list_issues"].name, ENDPOINTS["get_issue"].name),
}
"""The lanes in the order in which they are shown, each with its endpoints."""


@dataclass(frozen=True, slots=True)
class LaneView:
    """One lane at one moment. ``done`` and ``due`` count issues or conversations, in the directory tables."""

    name: str
    done: int
    due: int | None
    note: str
    requests_a_minute: float
    allowed_a_minute: float
    seconds_left: float | None

    def as_facts(self) -> dict[str, Any]:
        """Return the same for JSON."""
        facts = asdict(self)
        return {name: round(value, 1) if isinstance(value, float) else value for name, value in facts.items()}

    @property
    def title(self) -> str:
        """The lane's name as it is shown."""
        return self.name.removeprefix("issue_")


@dataclass(frozen=True, slots=True)
class Moment:
    """A run at one moment."""

    seconds: float
    turns: int
    rows: int
    requests: int
    refused: int
    lanes: tuple[LaneView, ...]

    def as_facts(self) -> dict[str, Any]:
        """Return the same for JSON."""
        left = self.seconds_left
        return {
            "seconds": round(self.seconds, 1),
            "turns": self.turns,
            "rows": self.rows,
            "requests": self.requests,
            "refused": self.refused,
            "seconds_left": None if left is None else round(left, 1),
            "lanes": [lane.as_facts() for lane in self.lanes],
        }

    @property
    def seconds_left(self) -> float | None:
        """How long what is known to be due will take; the lanes work side by side."""
        return max((lane.seconds_left for lane in self.lanes if lane.seconds_left is not None), default=None)


def moment(job: Job, started: float) -> Moment:
    """Look at a run that began at ``started``, an instant of ``time.monotonic()``."""
    report, pacers = job.control.report, job.control.pacers.known()
    lanes = [lane_view(name, report.lanes[name], pacers) for name in LANES if name in tuple(report.lanes)]
    return Moment(
        seconds=time.monotonic() - started,
        turns=job.turns,
        rows=sum(tuple(report.rows.values())),
        requests=sum(asked(pacer) for pacer in pacers.values()),
        refused=sum(pacer.refusals for pacer in pacers.values()),
        lanes=tuple(lanes),
    )


def asked(pacer: Pacer) -> int:
    """Return the requests of this process that were answered, refusals included."""
    return pacer.used + pacer.refusals


def lane_view(name: str, lane: Lane, pacers: Mapping[str, Pacer]) -> LaneView:
    """Put a lane's counters and its endpoints' pace together."""
    ours = [pacers[endpoint] for endpoint in LANES[name] if endpoint in pacers]
    per_minute = [60 / pacer.window for pacer in ours]
    return LaneView(
        name=name,
        done=lane.done,
        due=None if lane.due is None else max(lane.due, lane.done),
        note=lane.note,
        requests_a_minute=sum(pacer.occupied() * rate for pacer, rate in zip(ours, per_minute, strict=True)),
        allowed_a_minute=sum(pacer.limit * rate for pacer, rate in zip(ours, per_minute, strict=True)),
        seconds_left=_seconds_left(lane, ours) if name not in ("directory", "reconcile") else None,
    )


def _seconds_left(lane: Lane, pacers: list[Pacer]) -> float | None:
    if lane.due is None or not pacers:
        return None
    pacer = pacers[0]
    return seconds_for(
        max(0, lane.due - lane.done), pacer.limit, pacer.window, pacer.limit - pacer.occupied()
    )


def seconds_for(requests: int, limit: int, window: float, free: int) -> float:
    """Return how long some requests take: what is free costs nothing, the rest the allowance's pace."""
    return max(0, requests - max(0, free)) / limit * window
