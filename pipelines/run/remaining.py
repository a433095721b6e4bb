"""What a run left that was ended before all was read, and how long that will take."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pylon_elt.sources.pylon.catalog import CHILDREN, NESTED
from pylon_elt.sources.pylon.copy.state import SourceState

from ..base.wording import duration
from ..copy.inspection import Copy

if TYPE_CHECKING:
    from .job import Job


@dataclass(frozen=True, slots=True)
class Remaining:
    """What is left; all times are UTC."""

    seconds: float
    """How long it takes at the present pace, as far as it is known what there is."""
    open_ended: bool
    """Whether issues may be left that are not listed yet."""
    changes_since: datetime | None = None
    """Changes of issues were not read from here on; ``None``: they were read to the present."""
    history_before: datetime | None = None
    """Issues created before it were not listed; ``None``: all were."""

    def as_facts(self) -> dict[str, Any]:
        """Return the same for JSON."""
        times = {"changes_since": self.changes_since, "history_before": self.history_before}
        return {
            "seconds": round(self.seconds, 1),
            "open_ended": self.open_ended,
            **{name: at and at.isoformat() for name, at in times.items()},
        }

    def lines(self) -> Iterator[str]:
        """Say which issues are left."""
        if self.changes_since:
            yield f"changes since {self.changes_since:%Y-%m-%d %H:%M:%S} UTC"
        if self.history_before:
            yield f"issues created before {self.history_before:%Y-%m-%d}"

    @property
    def time(self) -> str:
        """How long it takes, in words."""
        more = "and what is not listed yet" if self.open_ended else "and what has changed since"
        return f"about {duration(self.seconds)} at the present pace, {more}"


@dataclass(frozen=True, slots=True)
class Left:
    """What is left in a copy."""

    due: dict[str, int]
    """For how many parents each child is due."""
    remaining: Remaining | None
    """What is left beside them, where the run is ended early."""


def left_by(job: Job) -> Left | None:
    """Return what a run leaves, while its copy is still open; ``None``: nothing can be left, or nobody knows."""
    children = [child.name for child in (*CHILDREN, *NESTED) if child.name in job.tables]
    report = job.control.report
    if not (any(report.rows.get(name) for name in children) or job.unfinished or report.failures):
        return None
    with suppress(Exception):  # a summary without it is better than none
        copy = Copy(job.pipeline, job.copied)
        if copy.exists:
            early = job.unfinished or job.control.budget.stop.is_set()
            return Left({name: copy.due(name) for name in children}, _remaining(job, copy) if early else None)
    return None


def _remaining(job: Job, copy: Copy) -> Remaining:
    from . import plan  # few runs end early

    made = plan.make(copy, job.settings, job.tables, datetime.now(UTC))
    issues, floor = SourceState.of(job.pipeline).issues, job.settings.start_date
    read = "issues" in job.tables and issues.begun
    return Remaining(
        made.seconds,
        made.open_ended,
        issues.looked_until if read else None,
        issues.history_until if read and not issues.history_done(floor) else None,
    )
