"""What a process knows of one endpoint's pace, and how the next process takes it over. Times in seconds."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from .belief import Belief, count
from .quota import Quota
from .traffic import Ticket, Traffic

LONGEST_WAIT = 600.0
"""A server that asks for a longer wait than this many seconds is asked again after it all the same."""

_PATIENCE = 5


class Rest:
    """How long an endpoint is left alone: after refusals, or because the server said so.

    Args:
        window: The length of the rate window, in seconds.
        rng: Makes the waits of several clients differ.
    """

    def __init__(self, window: float, rng: random.Random) -> None:
        self._window, self._rng = window, rng
        self.until = self.refused_at = -math.inf
        self.refused_in_a_row = 0
        self.doubt = False
        """Whether nothing was accepted since the last refusal."""

    def accepted(self, sent_at: float) -> None:
        """A request was answered; those that were in flight at the refusal are no evidence."""
        if sent_at > self.refused_at:
            self.refused_in_a_row, self.doubt = 0, False

    def refused(self, now: float) -> None:
        """A request was refused that had been sent after the last refusal: wait longer each time."""
        self.refused_at, self.doubt = now, True
        delay = self._window / 60 * 4**self.refused_in_a_row * self._rng.uniform(0.5, 1.5)
        # a server that counts refusals answers again only when a whole window was free of them
        longest = self._window * (0.5 if self.refused_in_a_row < _PATIENCE else 1.1)
        self.refused_in_a_row += 1
        self.block(now + min(delay, longest))

    def block(self, until: float) -> None:
        """Send nothing before a moment."""
        self.until = max(self.until, until)


class Knowledge:
    """The traffic, what is believed of the allowance, and how long to rest.

    Args:
        belief: With what to begin.
        window: The length of the rate window, in seconds.
        rng: Makes the waits of several clients differ.
    """

    def __init__(self, belief: Belief, window: float, rng: random.Random) -> None:
        self.traffic, self.belief, self.rest = Traffic(window), belief, Rest(window, rng)
        self._window = window

    def proven(self, ticket: Ticket) -> int:
        """Count what was accepted within a window before a refusal."""
        return max(self.traffic.before(ticket), self.traffic.seen(self.belief.fell_at))

    def heed(self, quota: Quota, now: float, server_now: datetime) -> None:
        """Take over what the headers of an answer state; ``server_now`` is the server's time (UTC)."""
        self.belief.state(quota.limit)
        if quota.remaining == 0:
            reset = quota.reset(server_now)
            if reset is not None:
                self.rest.block(now + min(reset, LONGEST_WAIT))
            elif len(self.traffic.slots):
                self.rest.block(self.traffic.slots.free_at(0))

    def to_remember(self, now: float, at: float) -> dict[str, object]:
        """Return what the next process must know, as a small JSON object; ``at`` is the time since the epoch."""
        return {
            **self.belief.to_remember(),
            "window": self._window,
            "used": self.traffic.to_remember(now),
            "blocked": round(max(0.0, self.rest.until - now), 3),
            "at": round(at, 3),
        }

    def recall(self, remembered: Mapping[str, Any], now: float, at: float) -> None:
        """Take over what another process remembered; what was measured with another window is of no use.

        Raises:
            KeyError, TypeError, ValueError, OverflowError: It is not what :meth:`to_remember` returns.
        """
        taken_at = float(remembered["at"])
        if float(remembered["window"]) != self._window or not math.isfinite(taken_at):
            return
        age = max(0.0, at - taken_at)
        self.traffic.recall([count(amount) for amount in remembered["used"]], now, age)
        self.rest.block(now + min(float(remembered["blocked"]), LONGEST_WAIT) - age)
        self.belief.recall(remembered)


def recalled(afresh: Callable[[], Knowledge], remembered: object, now: float, at: float) -> Knowledge:
    """Return what the last process knew; without it, or where anything in it is unexpected, start afresh."""
    known = afresh()
    try:
        if remembered is not None:
            known.recall(dict(remembered), now, at)  # type: ignore[call-overload]
    except (KeyError, TypeError, ValueError, OverflowError):
        return afresh()
    return known
