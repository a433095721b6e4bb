"""Whether each workspace's copy is kept up to date. Pure."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ..base import exits
from ..base.wording import duration

INTERVALS = 3
"""After so many intervals without a run that ended well, a copy counts as left behind."""


@dataclass(frozen=True, slots=True)
class Instant:
    """A moment by two clocks, in seconds."""

    wall: float
    """Since 1970, by the clock that somebody may set."""
    steady: float
    """Since some start, by the clock that never goes back, and may stand while the machine sleeps."""

    @classmethod
    def now(cls) -> Instant:
        """Return this moment."""
        return cls(time.time(), time.monotonic())

    def age(self, now: Instant) -> float:
        """Return the seconds since then, by the clock by which more have passed: neither hides that time has."""
        return max(now.wall - self.wall, now.steady - self.steady)


@dataclass(frozen=True, slots=True)
class Record:
    """How the runs of a workspace went; ``None``: there was none."""

    every: float
    """Seconds between two runs."""
    since: Instant
    """When it began to be served."""
    code: int | None = None
    """The exit code of the last run."""
    well_at: Instant | None = None
    """When one last ended well."""


def told(record: Record, now: Instant) -> dict[str, Any]:
    """Return whether a copy is kept up to date, and where it is not, why; nothing of what is in it."""
    well_at, code = record.well_at, record.code
    facts: dict[str, Any] = {
        "ready": False,
        "last_exit": code,
        "last_well": _written(well_at) if well_at else None,
    }
    last = f" The last one ended with {code}: {exits.MEANINGS.get(code, 'it was ended')}" if code else ""
    if well_at is None:
        facts["why"] = f"No run has ended well since {duration(record.since.age(now))}.{last}"
    elif (age := well_at.age(now)) > INTERVALS * record.every:
        facts["why"] = f"The last run that ended well did so {duration(age)} ago.{last}"
    else:
        facts["ready"] = True
    return facts


def _written(instant: Instant) -> str:
    return datetime.fromtimestamp(instant.wall, UTC).isoformat(timespec="seconds")
