"""What hangs on which issue, task and the like is to be read, and in which order. Pure."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

RECENT = timedelta(days=30)
"""An issue that is younger than this and was never read goes before everything else."""


@dataclass(frozen=True, slots=True)
class Times:
    """What a parent's row tells about what hangs on it (UTC)."""

    parent_id: str
    created_at: datetime | None
    updated_at: datetime | None
    latest_message_time: datetime | None


@dataclass(frozen=True, slots=True)
class Synced:
    """What the ledger holds for one parent and child."""

    parent_updated_at: datetime | None
    latest_message_time: datetime | None = None
    synced_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """When a reading must have been made to count, both ends included (UTC); none can be made in the future."""

    since: datetime
    until: datetime


def is_due(parent: Times, synced: Synced | None, fresh: Span | None = None) -> bool:
    """Say whether a child of a parent must be read (again): it moved, or was not read in the span ``fresh``."""
    if synced is None:
        return True
    if fresh and synced.synced_at and not fresh.since <= synced.synced_at <= fresh.until:
        return True
    return _moved(parent.updated_at, synced.parent_updated_at) or _moved(
        parent.latest_message_time, synced.latest_message_time
    )


def is_left_alone(parent: Times, refused: Mapping[str, datetime], now: datetime, pause: timedelta) -> bool:
    """Say whether a parent was refused within a pause and has not moved since: it would be refused again."""
    at = refused.get(parent.parent_id)
    return at is not None and at <= now < at + pause and not (parent.updated_at and parent.updated_at > at)


def rank(parent: Times, synced: Synced | None, now: datetime) -> int:
    """Return the order of worth: lower is read earlier.

    Never read and recent; a new message; otherwise updated; never read and old.
    """
    if synced is None:
        return 0 if parent.created_at is None or parent.created_at > now - RECENT else 3
    return 1 if _moved(parent.latest_message_time, synced.latest_message_time) else 2


def vouched_for(updated_at: datetime | None, read_at: datetime) -> datetime | None:
    """Return the ``updated_at`` up to which a conversation read at ``read_at`` is known.

    Where times come in whole seconds, another edit of the same second would carry the same time: such an issue,
    read within moments of its update, stays due for one more reading.
    """
    if updated_at is None or updated_at.microsecond or read_at - timedelta(seconds=2) >= updated_at:
        return updated_at
    return updated_at - timedelta(seconds=1)


def _moved(now: datetime | None, then: datetime | None) -> bool:
    return now is not None and (then is None or now > then)


class Work:
    """The parents that are due for one child in one turn; each is handed out at most once.

    At most once, because two readings of one parent in one load would both count: what went between them would stay.
    """

    def __init__(self) -> None:
        self._heap: list[tuple[int, float, int, str]] = []
        self._parents: dict[str, Times] = {}
        self._taken: dict[str, Times] = {}
        self.again = False
        """Whether one moved on after it had been handed out, so that another turn is needed."""
        self._order = itertools.count()

    def __len__(self) -> int:
        return len(self._parents)

    def push(self, parent: Times, order: int, most: int | None = None) -> bool:
        """Add a parent, or what is newly known of it; say whether there is room for it among ``most`` that wait."""
        if (taken := self._taken.get(parent.parent_id)) is not None:
            self.again = self.again or is_due(parent, Synced(taken.updated_at, taken.latest_message_time))
            return True
        new = parent.parent_id not in self._parents
        if new and most is not None and len(self._parents) >= most:
            return False
        self._parents[parent.parent_id] = parent
        if new:
            youth = -parent.created_at.timestamp() if parent.created_at else 0.0
            heapq.heappush(self._heap, (order, youth, next(self._order), parent.parent_id))
        return True

    def pop(self) -> Times | None:
        """Hand out the parent that is worth most, or ``None``."""
        while self._heap:
            parent = self._parents.get(heapq.heappop(self._heap)[-1])
            if parent and self.take(parent):
                return parent
        return None

    def take(self, parent: Times) -> bool:
        """Hand out a certain parent, if it is there and nothing else is known of it."""
        if self._parents.get(parent.parent_id) != parent:
            return False
        self._taken[parent.parent_id] = self._parents.pop(parent.parent_id)
        return True

    def expected(self, most: int) -> list[str]:
        """Return the ids of some parents of which an answer may come next: they were handed out last, or wait."""
        asked = list(islice(reversed(self._taken), most // 2))
        return [*asked, *(parent.parent_id for parent in self.first(most - len(asked)))]

    def first(self, most: int) -> list[Times]:
        """Return the parents that are worth most, without handing them out."""
        ids = (entry[-1] for entry in sorted(self._heap))
        return list(islice((self._parents[id_] for id_ in ids if id_ in self._parents), most))
