"""What tells how fast a server that refuses bursts lets requests through, and a bucket that paces them alike.

Rates are in requests per second, times in seconds, amounts in requests.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

_SAMPLE = 4
_KEPT = 600
_STARVED = 8
"""Who has nothing let through for long more often, within two windows each, does not meet a bucket."""


@dataclass(frozen=True)
class Burst:
    """So many requests went through within some seconds, before the server refused."""

    number: int
    seconds: float

    def size(self, rate: float) -> int:
        """Return how many the server holds if it is filled at this rate; for too low a rate, too many."""
        return max(1, math.ceil(self.number - rate * self.seconds))


class Measure:
    """What the server has let through since it was known to be empty.

    Args:
        since: When it was.
    """

    def __init__(self, since: float) -> None:
        self.count = 0
        self.interrupted = False
        """Whether it was still empty when it was asked again."""
        self.since = since
        self._rested, self._rests_until = 0.0, since
        self._sent: deque[float] = deque(maxlen=_KEPT)

    def accepted(self, sent_at: float) -> None:
        """Count a request."""
        if sent_at > self.since:
            self.count += 1
            self._sent.append(sent_at)

    def rest(self, now: float, until: float) -> None:
        """Note that nothing will be sent before a moment."""
        begins = max(now, self._rests_until)
        if until > begins:
            self._rested, self._rests_until = self._rested + until - begins, until

    def whole(self, now: float) -> float:
        """Return the rate since it was empty; 0.0: too little is known.

        While nothing was sent it may have run over, at once or at the end: what is between both is as likely.
        """
        if self.count < _SAMPLE or now <= self.since:
            return 0.0
        seconds = now - self.since
        working = max(seconds - self._rested, seconds / self.count)
        return self.count / math.sqrt(seconds * min(working, seconds))

    def bound(self, held: int) -> float:
        """Return the highest rate that any stretch up to the last request proves; 0.0: none does.

        Args:
            held: How many the server holds, at most.
        """
        sent = sorted(self._sent)
        given = (
            (len(sent) - first - held, sent[-1] - sent[first])
            for first in range(len(sent) - held - _SAMPLE + 1)
        )
        return max((number / seconds for number, seconds in given if seconds > 0), default=0.0)

    def rate(self, now: float, burst: Burst) -> float:
        """Return the highest rate that is proven, where the server takes so much at once; 0.0: none is."""
        whole = self.whole(now)
        # A bucket refuses once: who refuses several times in a row has no burst that explains anything.
        return whole if self.interrupted else max(whole, self.bound(burst.size(whole)))


class Bucket:
    """Paces requests: evenly at a rate, and some at once after a pause.

    Args:
        rate: How fast it is filled.
        size: How many may go at once.
        now: The present, at which it is empty.
    """

    def __init__(self, rate: float, size: float, now: float) -> None:
        self.rate, self.size = rate, size
        self._level, self._at = 0.0, now

    def until_free(self, now: float) -> float:
        """Return how long no request may go; 0 or less: one may."""
        return (1 - self._level) / self.rate - (now - self._at)

    def take(self, now: float) -> None:
        """Take out what one request needs."""
        self._fill(now)
        self._level -= 1

    def empty(self, now: float) -> None:
        """Take out everything."""
        self._level, self._at = 0.0, now

    def change(self, rate: float, now: float) -> None:
        """Fill it at another rate from now on."""
        self._fill(now)
        self.rate = rate

    def pass_over(self, seconds: float) -> None:
        """Let time pass that nobody saw."""
        self._at -= seconds

    def _fill(self, now: float) -> None:
        self._level = min(self.size, self._level + (now - self._at) * self.rate)
        self._at = now


class Former:
    """The rates that were left within the last window.

    Args:
        window: Its length.
    """

    def __init__(self, window: float) -> None:
        self._window = window
        self._left: deque[tuple[float, float]] = deque()

    def add(self, rate: float, now: float) -> None:
        """Note that a rate is left now."""
        self._left.append((now, rate))
        self._forget(now)

    def highest(self, now: float) -> float:
        """Return the highest of them; 0.0: there is none."""
        self._forget(now)
        return max((rate for _, rate in self._left), default=0.0)

    def _forget(self, now: float) -> None:
        while self._left and self._left[0][0] <= now - self._window:
            self._left.popleft()


class Starvation:
    """That nothing is let through for long, since another limit is reached than that of a bucket.

    Args:
        window: The length of the API's rate window.
    """

    def __init__(self, window: float) -> None:
        self._window = window
        self._lasts, self._times, self._began_at = False, 0, -math.inf

    @property
    def often(self) -> bool:
        """Whether it comes so often that a rate cannot be what is missed."""
        return self._times > _STARVED

    def begins(self, now: float) -> bool:
        """Note that there is one; say whether it is another one."""
        if self._lasts:
            return False
        self._lasts, self._times, self._began_at = True, self._times + 1, now
        return True

    def ended(self, sent_at: float, now: float) -> None:
        """Note that a request was accepted."""
        if sent_at > self._began_at:
            self._lasts = False
            self._times *= now < self._began_at + 2 * self._window

    def echoes(self, sent_at: float) -> bool:
        """Whether what was sent before the last one may fill a window still."""
        return sent_at <= self._began_at + self._window
