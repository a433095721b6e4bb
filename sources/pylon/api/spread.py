"""Requests that are spread evenly, for a server that refuses bursts.

A token bucket (GCRA) of rate r holds up to B requests. It is known to be empty when it refuses, so that between two
refusals it has let through what it was given: that measures r, and only slack in between makes the measure too small.
A stretch in which the rate rose cannot be measured so; but what went through in it is at most B more than was given,
which bounds r from below. A server with windows lets evenly spread requests through at its rate too.

Rates are in requests per second, times in seconds, amounts in requests.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

INTERVAL = 150
"""Accepted requests between a failed attempt at a higher rate and the next; doubled by every further failure."""
INTERVAL_MAX = 1200

LIMIT_MAX = 100_000

_CARE = 0.98
"""So much of a measured rate is used: where bursts are refused, a request that comes a moment early is."""
_GROWTH = 1.1
_CLOSE = 1.03
_A_FEW = 1.5
_UNCERTAIN = 1.15
"""A measured rate may be that much too small."""
_RAMP = 1.5
"""Where the rate had risen that far above what was measured, the stretch was mostly slower: only the refusal counts."""
_TRIAL = 12
"""So many accepted requests make a rate one that stands."""
_CAREFUL_STEPS = 3
_SAMPLE = 4
_MANY = 12
_LOW = 0.8
_FADING = 0.95
_TRUSTED = 0.93
"""A measure of ``_MANY`` requests is right unless it is below this part of the rate: there was slack in between."""
_KEPT = 600
_WINDOWS_BELOW = 2.5
_LEAST_BELOW = 60
"""So many windows, and requests, pass between two attempts while the rate is far below what it once was."""


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
        self._sent: deque[float] = deque(maxlen=_KEPT)

    def accepted(self, sent_at: float) -> None:
        """Count a request."""
        if sent_at > self.since:
            self.count += 1
            self._sent.append(sent_at)

    def whole(self, now: float) -> float:
        """Return the rate since it was empty; 0.0: too little is known."""
        return self.count / (now - self.since) if self.count >= _SAMPLE and now > self.since else 0.0

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


class Spread:
    """When the next request may go, and how an outcome changes the rate.

    Args:
        limit: Requests per window to begin with.
        window: The length of the API's rate window.
        burst: What the server took at once.
        highest: The limit is never higher.
        now: The present, at which the server refuses.
    """

    def __init__(self, limit: float, window: float, burst: Burst, highest: float, now: float) -> None:
        self._window, self._highest = window, highest / window
        self._burst = burst
        rate = min(limit / window * _CARE, self._highest)
        self.bucket = Bucket(rate, max(1.0, burst.size(rate) / 2), now)
        self._measure = Measure(now)
        self._stood, self._best, self._refused_rate = 0.0, rate, math.inf
        self._interval, self._passed = INTERVAL, 0
        self._trial, self._steps = 1, _CAREFUL_STEPS
        self._former = Former(window)
        self._certain = False  # whether the rate was measured with many requests
        self._changed_at = self._refused_at = self.began_at = now

    @property
    def rate(self) -> float:
        """Requests per second."""
        return self.bucket.rate

    @property
    def limit(self) -> int:
        """Requests per window."""
        return max(1, round(self.rate * self._window))

    # -- outcomes ----------------------------------------------------------------------------------------------------

    def accepted(self, sent_at: float, now: float) -> None:
        """Note that a request was accepted."""
        self._measure.accepted(sent_at)
        # where the caller is slower than the rate, the rate has proven nothing
        if sent_at > self._changed_at and self.bucket.until_free(now) > -1 / self.rate:
            self._passed += 1
            if self._passed >= self._needed() and self.rate < self._highest:
                self._raise(now)

    def refused(self, sent_at: float, now: float, pending: int) -> None:
        """Note that a request was refused; those in flight with it are no evidence, nor are those before the next.

        Args:
            sent_at: When it was sent.
            now: The present.
            pending: Requests that were sent before it, and are not answered yet.
        """
        if sent_at <= self._refused_at:
            return
        self._refused_at = now
        if self._measure.count:
            self._measure.count += pending
            self._fall(sent_at, now)
            self._measure = Measure(sent_at)
        else:
            self._measure.interrupted = True
        self.bucket.empty(now)

    def starved_for(self, now: float) -> float:
        """Return for how long nothing has been accepted since the first refusal of a row; 0.0: something was."""
        return 0.0 if self._measure.count else now - self._measure.since

    def most(self, now: float) -> float:
        """Return how many a bucket that is filled at the highest rate of the last window lets through in it."""
        return max(self.rate, self._former.highest(now)) * self._window + 2 * self.bucket.size

    def _needed(self) -> float:
        if self._refused_rate == math.inf:
            return self._trial
        if not self._is_close():
            return _TRIAL
        if self._is_low():
            return min(self._interval, max(_LEAST_BELOW, _WINDOWS_BELOW * self._window * self.rate))
        return self._interval

    def _is_close(self) -> bool:
        # of few requests a window, one more is not worth the refusals that finding out would cost
        settled = self._certain and not self._is_low()
        close = max(_CLOSE, 1 + _A_FEW / (self.rate * self._window)) if settled else _CLOSE
        return self._refused_rate < self.rate * close

    def _is_low(self) -> bool:
        """Whether another client seems to be at work, which may leave."""
        return self.rate < _LOW * self._best

    def _raise(self, now: float) -> None:
        if self._passed >= _TRIAL:
            self._stood = self.rate
            self._best = max(self._best, self.rate)
        if self._is_close():
            self._set(max(self.rate * _CLOSE, self._refused_rate), now)
            self._refused_rate, self._trial, self._steps = math.inf, _TRIAL, 0
        elif self._refused_rate < math.inf:
            self._set(min(self.rate * _GROWTH, math.sqrt(self.rate * self._refused_rate)), now)
        elif self._steps < _CAREFUL_STEPS and not self._is_low():
            self._steps += 1
            self._set(self.rate * _CLOSE, now)
        else:
            self._set(self.rate * _GROWTH, now)
            # a server with windows lets a burst of any rate through: once refused, no ramp leads beyond what stood
            new = self._refused_at > self.began_at and self.rate > self._best
            self._trial = _TRIAL if new else max(1, self._trial // 2)

    def _fall(self, sent_at: float, now: float) -> None:
        rate, number = self.rate, self._measure.count
        measured = self._measure.rate(sent_at, self._burst)
        if not measured:
            self.bucket.size = max(1.0, self.bucket.size * 0.7)
            self._set(rate * 0.9, now)
            self._refused_rate = rate
        else:
            stood = self._stood if self._stood < min(rate, measured * (1 + 1 / number)) else 0.0
            self._set(min(max(measured * _CARE, stood), rate * _CARE), now)
            self._refused_rate = self._highest_possible(rate, measured, number)
            self._certain = number >= _MANY
        self._stood = 0.0
        if self._is_close():
            self._interval = min(2 * self._interval, INTERVAL_MAX)
            self._best *= _FADING

    def _highest_possible(self, rate: float, measured: float, number: int) -> float:
        if number >= _MANY and measured > _TRUSTED * rate:
            return self.rate
        return rate if measured * _RAMP < rate else min(rate, measured * _UNCERTAIN)

    def _set(self, rate: float, now: float) -> None:
        self._former.add(self.rate, now)
        self.bucket.change(min(rate, self._highest), now)
        self._passed, self._changed_at, self._certain = 0, now, False

    # -- between processes ---------------------------------------------------------------------------------------

    def to_remember(self, now: float) -> list[float]:
        """Return what the next process must know."""
        bucket = self.bucket
        waits = max(0.0, bucket.until_free(now))
        return [round(bucket.rate, 5), round(bucket.size, 2), self._interval, round(waits, 3)]

    def settle(self, interval: int) -> None:
        """Keep the rate until so many requests have been accepted."""
        self._interval, self._refused_rate = interval, self.rate


def recalled_spread(known: object, window: float, highest: float, now: float, age: float) -> Spread:
    """Return what another process knew ``age`` seconds ago.

    Raises:
        TypeError, ValueError: It is not what :meth:`Spread.to_remember` returns.
    """
    rate, size, interval, waits = (float(value) for value in known)  # type: ignore[attr-defined]
    if not (
        0 < rate <= LIMIT_MAX
        and 1 <= size <= LIMIT_MAX
        and waits >= 0
        and INTERVAL <= interval <= INTERVAL_MAX
    ):
        raise ValueError(f"not a pace: {known!r}")
    spread = Spread(rate * window / _CARE, window, Burst(math.ceil(2 * size), 0.0), highest, now)
    spread.bucket.size = size
    spread.settle(int(interval))
    spread.bucket.pass_over(age - min(waits, 1 / rate) + 1 / rate)
    return spread
