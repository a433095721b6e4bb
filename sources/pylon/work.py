"""Which issues' conversations are to be read, and in which order. Pure."""

from __future__ import annotations

import heapq
import itertools
from dataclasses import dataclass
from datetime import datetime, timedelta

RECENT = timedelta(days=30)
"""An issue that is younger than this and was never read goes before everything else."""


@dataclass(frozen=True, slots=True)
class IssueTimes:
    """What an issue row tells about its conversation (UTC)."""

    issue_id: str
    created_at: datetime | None
    updated_at: datetime | None
    latest_message_time: datetime | None


@dataclass(frozen=True, slots=True)
class Synced:
    """What the ledger holds for one issue and child."""

    issue_updated_at: datetime | None
    latest_message_time: datetime | None


def is_due(issue: IssueTimes, synced: Synced | None) -> bool:
    """Say whether a child of an issue must be read (again)."""
    if synced is None:
        return True
    return _moved(issue.updated_at, synced.issue_updated_at) or _moved(
        issue.latest_message_time, synced.latest_message_time
    )


def rank(issue: IssueTimes, synced: Synced | None, now: datetime) -> int:
    """Return the order of worth: lower is read earlier.

    Never read and recent; a new message; otherwise updated; never read and old.
    """
    if synced is None:
        return 0 if issue.created_at is None or issue.created_at > now - RECENT else 3
    return 1 if _moved(issue.latest_message_time, synced.latest_message_time) else 2


def vouched_for(updated_at: datetime | None, read_at: datetime) -> datetime | None:
    """Return the ``updated_at`` up to which a conversation read at ``read_at`` is known.

    Where times come in whole seconds, another edit of the same second would carry the same time: such an issue,
    read within moments of its update, stays due for one more reading.
    """
    if updated_at is None or updated_at.microsecond or read_at >= updated_at + timedelta(seconds=2):
        return updated_at
    return updated_at - timedelta(seconds=1)


def _moved(now: datetime | None, then: datetime | None) -> bool:
    return now is not None and (then is None or now > then)


class Work:
    """The issues that are due for one child in one turn; each is handed out at most once.

    At most once, because two readings of one issue in one load would both count: what went between them would stay.
    """

    def __init__(self) -> None:
        self._heap: list[tuple[int, float, int, str]] = []
        self._issues: dict[str, IssueTimes] = {}
        self._taken: dict[str, IssueTimes] = {}
        self.again = False
        """Whether an issue moved on after it had been handed out, so that another turn is needed."""
        self._order = itertools.count()

    def __len__(self) -> int:
        return len(self._issues)

    def push(self, issue: IssueTimes, order: int) -> None:
        """Add an issue, or what is newly known of it."""
        if (taken := self._taken.get(issue.issue_id)) is not None:
            self.again = self.again or is_due(issue, Synced(taken.updated_at, taken.latest_message_time))
            return
        new = issue.issue_id not in self._issues
        self._issues[issue.issue_id] = issue
        if new:
            youth = -issue.created_at.timestamp() if issue.created_at else 0.0
            heapq.heappush(self._heap, (order, youth, next(self._order), issue.issue_id))

    def pop(self) -> IssueTimes | None:
        """Hand out the issue that is worth most, or ``None``."""
        if not self._heap:
            return None
        issue_id = heapq.heappop(self._heap)[-1]
        self._taken[issue_id] = self._issues.pop(issue_id)
        return self._taken[issue_id]
