"""When more than the believed limit is asked for, and by what it is seen that another client takes a part.

Times are in seconds, amounts in requests.
"""

from __future__ import annotations

import math

PROBE_INTERVAL = 150
"""Accepted requests between the first failed probe and the next; doubled by every further failure."""
PROBE_INTERVAL_MAX = 1200
PROBE_INTERVAL_LONGEST = 50_000
"""The same where each refusal is followed by a penalty."""

NARROW = 40
"""Of fewer than so many requests, what another client leaves changes much."""

_WORTH = 20
"""So many times what a penalty costs is read before the next question that may bring one, after three of them."""
_PENALTIES = 3
_LEVEL = 1.05
_OFTEN = 5
"""A limit that falls again within so many windows, or ``PROBE_INTERVAL`` requests, is shared."""
_LOW = 0.95
_FADING = 0.99
_WINDOWS_BELOW = 2.5
_LEAST_BELOW = 60
"""While another client takes a part, more is asked for after so many windows, and so many requests."""
_HARDLY_ANY = 0.4
_WINDOWS_OF_HARDLY_ANY = 5
"""So little of what stood is nobody's share: sixty requests of one a window would be an hour."""


class Best:
    """The highest limit that stood, by which it is seen that another client takes a part now, and may leave.

    Args:
        limit: With what to begin.
        window: The length of the window, in seconds.
    """

    def __init__(self, limit: int, window: float) -> None:
        self.limit: float = limit
        self._risen, self._risen_at, self._window = limit, -math.inf, window

    def rose(self, limit: int, now: float) -> None:
        """The limit rose, maybe by the edge of a fixed window."""
        if limit > self._risen * _LEVEL:
            self._risen, self._risen_at = limit, now

    def refused(self, now: float) -> None:
        """A request was refused: what had stood until now, no edge had feigned."""
        if now - self._risen_at >= 2 * self._window:
            self.limit = max(self.limit, self._risen)

    def fell(self, limit: int) -> None:
        """The limit fell."""
        self._risen = min(self._risen, limit)

    def missed(self) -> None:
        """More was asked for in vain: the other client may have come to stay."""
        self.limit *= _FADING

    def is_far_above(self, limit: int) -> bool:
        """Whether so much less is allowed now that another client must be at work."""
        return limit < _LOW * self.limit


class Sharing:
    """Whether another client makes the limit fall again and again: what is left changes, and a climb would meet it.

    Args:
        window: The length of the window, in seconds.
    """

    def __init__(self, window: float) -> None:
        self.fell_at, self._window = -math.inf, window
        self.lately = False

    def fell(self, now: float, limit: int) -> bool:
        """The limit falls; whether it did within the last window as well."""
        again, self.lately = now - self.fell_at < self._window, self._is_recent(now, limit)
        self.fell_at = now
        return again

    def passed(self, now: float, limit: int) -> None:
        """Time has passed, which may have ended it."""
        self.lately = self.lately and self._is_recent(now, limit)

    def is_narrow(self, limit: int) -> bool:
        """Whether of several requests sent at once most may be refused."""
        return self.lately and limit < NARROW

    def _is_recent(self, now: float, limit: int) -> bool:
        return now - self.fell_at < max(_OFTEN, PROBE_INTERVAL / limit) * self._window


class Patience:
    """After how many accepted requests more is asked for.

    Args:
        start: Requests per window to begin with.
        window: The length of the window, in seconds.
    """

    def __init__(self, start: int, window: float) -> None:
        self.interval = self.credit = self._penalties = 0
        self.best = Best(start, window)
        self._start, self._window = start, window

    def is_over(self, limit: int) -> bool:
        """Whether it is time."""
        needed: float = self.interval
        if self.best.is_far_above(limit):
            needed = min(needed, self._needed_below(limit))
        # below the start another client is at work: ask as often as the start's pace would
        return self.credit >= min(needed, self.interval * min(1.0, limit / self._start))

    def _needed_below(self, limit: int) -> float:
        needed = max(_LEAST_BELOW, _WINDOWS_BELOW * limit)
        is_hardly_any = limit <= _HARDLY_ANY * self.best.limit
        return min(needed, _WINDOWS_OF_HARDLY_ANY * limit) if is_hardly_any else needed

    def missed(self, limit: int) -> None:
        """More was asked for in vain."""
        if self.best.is_far_above(limit):
            self.best.missed()
        self.interval = max(self.interval, min(max(PROBE_INTERVAL, 2 * self.interval), PROBE_INTERVAL_MAX))
        self.credit = 0

    def penalized(self, lost: float) -> bool:
        """A refusal seems to have cost so many requests: questions are not to cost more than a small part of all.

        Returns:
            Whether it is the first, of which it is not known whether something else has shut all out.
        """
        self._penalties += 1
        worth = _WORTH / 4 ** max(0, _PENALTIES - self._penalties)
        self.interval = max(self.interval, min(round(worth * lost), PROBE_INTERVAL_LONGEST))
        self.credit = 0
        return self._penalties == 1

    def stated(self) -> None:
        """The server has said how much is allowed."""
        self.interval, self.credit = max(self.interval, PROBE_INTERVAL), 0

    def held(self, before: int, level: int) -> None:
        """Another level is held: if the world has changed, it is worth to ask again soon."""
        if not 0.9 < level / before < 1.1:
            self.interval = min(self.interval, PROBE_INTERVAL)

    def recall(self, interval: int, credit: int, best: int) -> None:
        """Take over what another process knew."""
        self.interval, self.credit = min(interval, PROBE_INTERVAL_LONGEST), credit
        self.best = Best(best, self._window)
