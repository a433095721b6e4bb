"""The requests to one endpoint: those in flight, and those that still occupy a slot.

Times are in seconds, amounts in requests.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

from .measures import Burst
from .slots import Slot, Slots

BUCKETS = 11
"""Into so many parts of a window the occupied slots are sorted when they are remembered."""


@dataclass(frozen=True)
class Ticket:
    """Permission for one request. Hand it back by exactly one of ``accepted``, ``refused`` and ``lost``."""

    id: int
    sent_at: float
    probe: bool


class Traffic:
    """What is under way, and what was answered within the last window.

    Args:
        window: The length of the API's rate window, in seconds.
    """

    def __init__(self, window: float) -> None:
        self.slots = Slots()
        self._window = window
        self.began_at = math.inf
        """When the first request was sent."""
        self._open: dict[int, Ticket] = {}
        self._ids = itertools.count()

    def send(self, now: float, *, probe: bool) -> Ticket:
        """Note that a request is sent now."""
        self.began_at = min(self.began_at, now)
        ticket = Ticket(next(self._ids), now, probe)
        self._open[ticket.id] = ticket
        return ticket

    def end(self, ticket: Ticket) -> bool:
        """Take a request out of flight; whether it was in flight, since an outcome counts once."""
        return self._open.pop(ticket.id, None) is not None

    def occupy(self, now: float, ticket: Ticket, *, accepted: bool = False, refused: bool = False) -> None:
        """Occupy a slot for a request that has ended: the server counted it until now, at the latest."""
        self.slots.add(Slot(now + self._window, ticket.sent_at, accepted, refused))

    # -- how much there is ---------------------------------------------------------------------------------------

    def usage(self, now: float) -> int:
        """Count the occupied slots and the requests in flight; frees the slots whose time has come."""
        self.slots.expire(now)
        return len(self.slots) + len(self._open)

    def occupied(self, now: float) -> int:
        """As :meth:`usage`, for whoever watches from another thread: it changes nothing."""
        return sum(free_at > now for free_at in self.slots.times_free()) + len(self._open)

    def until_free(self, now: float, limit: int) -> float:
        """Return how long all of ``limit`` slots stay occupied; 0 or less: one is free."""
        excess = self.usage(now) - limit
        if excess < 0:
            return -math.inf
        # a request in flight occupies its slot for a whole window after its answer
        return self.slots.free_at(excess) - now if excess < len(self.slots) else self._window

    def probing(self) -> int:
        """Count the probes in flight."""
        return sum(ticket.probe for ticket in self._open.values())

    def any_sent_after(self, moment: float) -> bool:
        """Whether a request is in flight that was sent after a moment."""
        return any(ticket.sent_at > moment for ticket in self._open.values())

    def sent_before(self, ticket: Ticket) -> int:
        """Count the requests in flight that were sent before this one."""
        return sum(other.sent_at < ticket.sent_at for other in self._open.values())

    # -- evidence ------------------------------------------------------------------------------------------------

    def recent(self, now: float, after: float = -math.inf) -> int:
        """Count the requests of the last window that were accepted or may yet be."""
        after = max(after, now - self._window)
        return self.slots.proven(after) + sum(ticket.sent_at > after for ticket in self._open.values())

    def rivals(self, ticket: Ticket) -> int:
        """Count the requests that the server may have counted together with this one."""
        return len(self._open) + self.slots.overlapping(ticket.sent_at)

    def before(self, ticket: Ticket) -> int:
        """Count the requests of the window that ended with this one which were accepted or may yet be."""
        after, until = ticket.sent_at - self._window, ticket.sent_at
        in_flight = sum(after < other.sent_at <= until for other in self._open.values())
        return self.slots.proven(after, until) + in_flight

    def burst(self, until: float) -> Burst:
        """Return what was accepted up to a moment, and in how long."""
        first = self.slots.first_accepted(until - self._window)
        return Burst(self.slots.proven(until - self._window, until), max(0.0, until - first))

    def seen(self, after: float) -> int:
        """Count what was accepted in the window that ends with the newest request, and after a moment."""
        return self.slots.proven(max(self.slots.newest() - self._window, after))

    # -- between processes ---------------------------------------------------------------------------------------

    def to_remember(self, now: float) -> list[int]:
        """Return how many slots become free in each part of the coming window; requests in flight last of all."""
        self.slots.expire(now)
        used = [0] * (BUCKETS + 1)
        for free_at in self.slots.times_free():
            used[min(BUCKETS, math.ceil((free_at - now) * BUCKETS / self._window) - 1)] += 1
        used[BUCKETS] += len(self._open)
        return used

    def recall(self, used: Sequence[int], now: float, age: float) -> None:
        """Take over what another process remembered ``age`` seconds ago."""
        step = self._window / BUCKETS
        for index, amount in enumerate(used[: BUCKETS + 1]):
            # on the safe side: early where an answer is evidence, late where it frees a slot
            answered, free = now + index * step - age - self._window, now + (index + 1) * step - age
            for _ in range(amount):
                self.slots.add(Slot(free, answered, accepted=True))
        self.slots.expire(now)
