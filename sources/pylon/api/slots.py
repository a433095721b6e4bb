"""The requests of the last window: each occupies a slot of an endpoint's allowance until a window after its answer."""

from __future__ import annotations

import bisect
import math
from typing import NamedTuple


class Slot(NamedTuple):
    """One request that was answered or lost; times in seconds of the pacer's clock."""

    free_at: float
    sent_at: float
    accepted: bool = False
    refused: bool = False


class Slots:
    """Occupied slots in the order in which they become free."""

    def __init__(self) -> None:
        self._slots: list[Slot] = []
        self._accepted: list[
            float
        ] = []  # when they were sent; sorted, so that counting them costs next to nothing

    def __len__(self) -> int:
        return len(self._slots)

    def add(self, slot: Slot) -> None:
        """Occupy a slot."""
        bisect.insort(self._slots, slot)
        if slot.accepted:
            bisect.insort(self._accepted, slot.sent_at)

    def clear(self) -> None:
        """Free all slots."""
        self._slots.clear()
        self._accepted.clear()

    def expire(self, now: float) -> None:
        """Free the slots whose time has come."""
        if not self._slots or self._slots[0].free_at > now:
            return
        count = bisect.bisect_right(self._slots, now, key=lambda slot: slot.free_at)
        for slot in self._slots[:count]:
            if slot.accepted:
                del self._accepted[bisect.bisect_left(self._accepted, slot.sent_at)]
        del self._slots[:count]

    def free_at(self, index: int) -> float:
        """Return when the slot that is ``index`` from the first becomes free."""
        return self._slots[index].free_at

    def times_free(self) -> list[float]:
        """Return when each becomes free; a copy, which may be taken in another thread."""
        return [slot.free_at for slot in tuple(self._slots)]

    def refused(self) -> int:
        """Count the refused requests."""
        return sum(slot.refused for slot in self._slots)

    def newest(self) -> float:
        """Return when the newest request was sent."""
        return max((slot.sent_at for slot in self._slots), default=-math.inf)

    def proven(self, after: float, until: float = math.inf) -> int:
        """Count the accepted requests that were sent after one moment, and up to another."""
        first = bisect.bisect_right(self._accepted, after)
        return bisect.bisect_right(self._accepted, until) - first

    def first_accepted(self, after: float) -> float:
        """Return when the first accepted request after a moment was sent."""
        first = bisect.bisect_right(self._accepted, after)
        return self._accepted[first] if first < len(self._accepted) else math.inf

    def overlapping(self, sent_at: float) -> int:
        """Count the requests that the server may have counted together with one sent then, refused ones apart."""
        first = bisect.bisect_right(self._slots, sent_at, key=lambda slot: slot.free_at)
        return sum(not slot.refused for slot in self._slots[first:])
