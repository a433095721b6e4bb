"""Whether each workspace's copy is kept up to date. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ..base import exits
from ..base.wording import duration

INTERVALS = 3
"""After so many intervals without a run that ended well, a copy counts as left behind."""


@dataclass(frozen=True, slots=True)
class Record:
    """How the runs of a workspace went; times in seconds since 1970, ``None``: there was none."""

    every: float
    since: float
    """When it began to be served."""
    code: int | None = None
    """The exit code of the last run."""
    well_at: float | None = None
    """When one last ended well."""


def told(record: Record, now: float) -> dict[str, Any]:
    """Return whether a copy is kept up to date, and where it is not, why; nothing of what is in it."""
    well_at, code = record.well_at, record.code
    facts: dict[str, Any] = {
        "ready": False,
        "last_exit": code,
        "last_well": datetime.fromtimestamp(well_at, UTC).isoformat(timespec="seconds") if well_at else None,
    }
    last = f" The last one ended with {code}: {exits.MEANINGS.get(code, 'it was ended')}" if code else ""
    if well_at is None:
        facts["why"] = f"No run has ended well since {duration(now - record.since)}.{last}"
    elif now - well_at > INTERVALS * record.every:
        facts["why"] = f"The last run that ended well did so {duration(now - well_at)} ago.{last}"
    else:
        facts["ready"] = True
    return facts
