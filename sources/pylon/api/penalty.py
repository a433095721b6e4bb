"""What refusals cost beside the requests themselves: some servers let nothing through for a while after one.

A full window lets something through before a window has passed. So refusals in a row that last longer are a penalty, or
an outage, and say nothing of a limit. A shorter penalty looks like a full window; but when that has passed, as much has
been let through since the refusal as the window holds.

Times are in seconds, amounts in requests.
"""

from __future__ import annotations

import math
from collections import deque

from .belief import Belief

_REFUSALS = 3
_COSTLY = 0.6
"""Where so much of a window was lost on the average of the last refusals, each is a penalty."""
_LONG = 0.5
"""Such a penalty lasts for so many windows; what is shorter costs little, since it is made up for."""


class Penalties:
    """Tells them, and goes back to what was believed when the row of refusals began.

    Args:
        belief: What is believed.
        window: The length of the window.
    """

    def __init__(self, belief: Belief, window: float) -> None:
        self._belief, self._window = belief, window
        self._since = self._last = -math.inf
        self._climbed = False
        self._met: tuple[int, int] | None = None
        self._lost = deque[float](maxlen=_REFUSALS)
        self._watched_from, self._limit, self._passed = -math.inf, 0, 0

    def refused(self, now: float, *, first: bool) -> None:
        """Note a refusal, before anything is learnt of it; ``first``: something was accepted since the one before."""
        self._last = now
        if first:
            self._since, self._climbed, self._met = now, self._belief.climbing, None
            if not self._limit:
                self._watched_from, self._limit, self._passed = now, self._belief.limit, 0
        elif self._met is None:  # the first of a row may have met the limit
            self._met = self._belief.limit, self._belief.held

    def accepted(self, sent_at: float, now: float) -> None:
        """Note that a request was accepted. If that ends a penalty, forget what all refusals but the first taught."""
        if self._limit and now > self._watched_from + self._window:
            self._lost.append(1 - self._passed / self._limit)
            self._limit = 0
        self._passed += 1
        if self._met and sent_at > self._last:
            if self._is_penalty(sent_at):
                self._belief.limit, self._belief.held = self._met
                lost = self._belief.limit * (sent_at - self._since) / self._window
                first = self._belief.patience.penalized(lost)
                self._belief.climbing = first and self._climbed
            self._met = None

    def _is_penalty(self, until: float) -> bool:
        if self._last - self._since > self._window:
            return True
        is_costly = len(self._lost) > 1 and sum(self._lost) >= _COSTLY * len(self._lost)
        return is_costly and until - self._since > _LONG * self._window
