"""What is believed of an endpoint's allowance, and how an outcome changes it. Times in seconds, amounts in requests."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .probing import Patience, Sharing
from .spread import LIMIT_MAX

_PROBES_MIN = 3
_LIMIT_PER_PROBE = 40
_STREAK_PER_PROBE = 15


@dataclass
class _Fall:
    """What was known when a refusal contradicted the limit; requests still in flight count as accepted."""

    limit: int
    held: int
    recent: int
    since: int
    repeated: bool
    often: bool

    def settle(self) -> tuple[int, int, bool]:
        """Return the new limit, the level that counts as held, and whether to climb from there at once."""
        if self.limit > self.held and self.recent > self.held:
            # If a fixed window's edge lay in the climb, up to twice the allowance was accepted within W, and
            # the allowance is what was accepted since the last refusal.
            edge = self.since >= max(self.held, self.recent / 2)
            return min(self.limit, self.since if edge else self.recent), self.held, False
        # Another client takes its part. If it does so repeatedly, giving way by one costs too many refusals.
        shared = self.repeated and self.limit <= self.held
        limit = math.ceil(self.recent * 0.75) if shared else self.recent
        limit = max(1, self.since, min(limit, self.limit))
        return limit, limit, not self.often


class Belief:
    """The limit that is believed, how much of it is held, and when to ask for more.

    Args:
        start: Requests per window to begin with.
        window: The length of the window, in seconds.
        probe: Whether the limit may rise above ``start`` although the server does not state one.
    """

    def __init__(self, start: int, window: float, *, probe: bool = True) -> None:
        self.start = self.limit = self.held = start
        self.climbing = True
        self._window, self.highest = window, LIMIT_MAX if probe else start
        self.patience, self.sharing = Patience(start, window), Sharing(window)
        self._streak, self._raised_at = 0, -math.inf
        self._fall: _Fall | None = None
        self.stated: int | None = None

    # -- how far a request may go ------------------------------------------------------------------------------------

    def is_beyond(self, recent: int, usage: int) -> bool:
        """Whether one more request may find the allowance used up.

        Args:
            recent: Requests of the last window that were accepted or may yet be.
            usage: Occupied slots and requests in flight.
        """
        # what an edge of a fixed window cannot have feigned
        if self.climbing:
            return recent >= self.limit
        held = 0 if self.sharing.is_narrow(self.limit) else self.held
        return usage >= max(held, math.ceil(self.limit / 2))

    def may_probe(self, recent: int, probing: int) -> bool:
        """Whether one more request may go beyond the limit, to ask for more; ``probing`` do so already."""
        places = self.probes() if self.limit < self.highest else 0
        beyond = recent - self.limit
        return bool(places) and (beyond < 0 or (probing < places and beyond < places))

    # -- asking for more -----------------------------------------------------------------------------------------

    def places(self) -> int:
        """Count the requests that may be refused at once: few, but enough to use a high limit up."""
        least = 1 if self.sharing.is_narrow(self.limit) else _PROBES_MIN
        return max(least, self.limit // _LIMIT_PER_PROBE)

    def probes(self) -> int:
        """Count the probes that may be in flight at once; 0: there is no reason to ask for more."""
        if not self.climbing and (self.limit > self.held or not self.patience.is_over(self.limit)):
            return 0
        # serial at first; a limit many times higher would take minutes to reach at a latency of a second
        return min(self.places(), 1 + self._streak // _STREAK_PER_PROBE)

    # -- outcomes ------------------------------------------------------------------------------------------------

    def accepted(self, *, probe: bool) -> None:
        """A request was answered."""
        self.patience.credit += 1
        self._streak += probe

    def rise(self, seen: int, now: float) -> None:
        """So many were accepted within a window."""
        if seen > self.limit:
            self.limit, self._raised_at = seen, now
            self.patience.best.rose(seen, now)

    def confirm(self, now: float, refused_at: float) -> None:
        """Trust a risen limit that whole windows did not contradict: no window's edge feigned it."""
        self.sharing.passed(now, self.limit)
        quiet = now - max(self._raised_at, refused_at)
        if self.limit > self.held and quiet >= self._window:
            self.climbing |= self.patience.is_over(self.limit)
            if quiet >= 2 * self._window:
                self._hold(self.limit)

    def trim(self, proven: int) -> None:
        """Lower a limit that is not held to what was proven."""
        self.limit = min(self.limit, max(self.held, proven))

    def probe_failed(self, proven: int) -> None:
        """A probe was refused, which ends the climb; so many were proven before."""
        self._fall = None
        self.trim(proven)
        self.patience.missed(self.limit)
        self.climbing, self._streak = False, 0

    def contradicted(self, now: float, recent: int, since: int) -> None:
        """A request was refused that was no probe.

        Args:
            now: The present.
            recent: Requests of the last window that were accepted or may yet be.
            since: Those of them that were sent after the refusal before.
        """
        self.patience.best.refused(now)
        repeated = self.sharing.fell(now, self.limit)
        self._fall = _Fall(self.limit, self.held, recent, since, repeated, self.sharing.lately)
        self._streak = 0
        self._settle(self._fall)

    def refused_again(self, proven: int) -> None:
        """One more refusal of a request that was in flight at the first: not evidence of its own."""
        if self._fall is None:
            self.trim(proven)
            return
        self._fall.recent = max(0, self._fall.recent - 1)
        self._fall.since = max(0, self._fall.since - 1)
        self._settle(self._fall)

    def state(self, limit: int | None) -> None:
        """The server states its limit, which counts once: what it does afterwards is better evidence."""
        if limit and limit != self.stated:
            self.stated = self.limit = self.held = min(limit, LIMIT_MAX)
            self.patience.stated()
            self.climbing = False

    def _settle(self, fall: _Fall) -> None:
        self.limit, held, self.climbing = fall.settle()
        self.patience.best.fell(self.limit)
        self._hold(held)
        self.patience.credit = 0

    def _hold(self, level: int) -> None:
        self.patience.held(self.held, level)
        self.held = level

    # -- between processes ---------------------------------------------------------------------------------------

    def to_remember(self) -> dict[str, int]:
        """Return what the next process must know."""
        return {
            "start": self.start,
            "limit": self.limit,
            "held": self.held,
            "interval": self.patience.interval,
            "credit": self.patience.interval if self.climbing else self.patience.credit,
            "best": round(self.patience.best.limit),
        }

    def recall(self, known: Mapping[str, Any]) -> None:
        """Take over what another process believed, unless the user has changed the start, and knows better.

        Raises:
            KeyError, ValueError: It is not what :meth:`to_remember` returns.
        """
        if known["start"] == self.start:
            self.limit, self.held = max(1, count(known["limit"])), max(1, count(known["held"]))
            best = count(known.get("best", self.held))  # earlier versions did not remember it
            self.patience.recall(count(known["interval"]), count(known["credit"]), best)
            self.climbing = self.patience.interval == 0


def count(value: object) -> int:
    """Return a number of requests that was remembered.

    Raises:
        ValueError: It is none.
    """
    if not isinstance(value, int) or not 0 <= value <= LIMIT_MAX:
        raise ValueError(f"not a number of requests: {value!r}")
    return value
