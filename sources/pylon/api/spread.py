"""Requests that are spread evenly, for a server that refuses bursts.

A token bucket (GCRA) of rate r holds up to B requests. It is known to be empty when it refuses, so that between two
refusals it has let through what it was given: that measures r, and only slack in between makes the measure too small.
A stretch in which the rate rose cannot be measured so; but what went through in it is at most B more than was given,
which bounds r from below. So does what the last window let through, which matters where another limit is reached
besides: that of a window, or of a second, or of what may be in flight; then refusals say little of r, but a rate below
that bound would be given away. A server with windows lets evenly spread requests through at its rate too.

Rates are in requests per second, times in seconds, amounts in requests.
"""

from __future__ import annotations

import math

from .measures import Bucket, Burst, Former, Measure, Starvation

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
_LEAST_TRIAL, _TRIAL_WINDOWS = 3, 0.5
"""Where another client may have left, those of so many windows lead on: twelve might take a whole one, or more."""
_CAREFUL_STEPS = 3
_MANY = 12
_LOW = 0.8
_FADING = 0.95
_TRUSTED = 0.93
"""A measure of ``_MANY`` requests is right unless it is below this part of the rate: there was slack in between."""
_WINDOWS_BELOW = 2.5
_LEAST_BELOW = 60
"""So many windows, and requests, pass between two attempts while the rate is far below what it once was."""


class Aim:
    """Which rate comes next: in careful steps up, and down by what a refusal has met.

    Args:
        rate: The rate to begin with.
        window: The length of the API's rate window.
    """

    def __init__(self, rate: float, window: float) -> None:
        self._window = window
        self._stood, self._best, self._refused_rate = 0.0, rate, math.inf
        self._trial, self._steps = 1, _CAREFUL_STEPS
        self._known = self._certain = False
        self.interval = INTERVAL
        """Accepted requests between two attempts at more than was refused."""

    def needed(self, rate: float) -> float:
        """Return how many accepted requests lead from a rate to a higher one."""
        if self._refused_rate == math.inf:
            return self._trial
        if not self._is_close(rate):
            return _TRIAL
        if self._is_low(rate):
            return min(self.interval, max(_LEAST_BELOW, _WINDOWS_BELOW * self._window * rate))
        return self.interval

    def higher(self, rate: float, passed: int) -> float:
        """Return the rate that follows on one at which so many requests have passed."""
        if passed >= _TRIAL:
            self.has_stood(rate)
            self._stood = rate
        close, self._certain = self._is_close(rate), False
        if close:
            refused, self._refused_rate = self._refused_rate, math.inf
            few = min(_TRIAL, max(_LEAST_TRIAL, round(_TRIAL_WINDOWS * self._window * rate)))
            self._trial, self._steps = few if self._is_low(rate) else _TRIAL, 0
            return max(rate * _CLOSE, refused)
        if self._refused_rate < math.inf:
            return min(rate * _GROWTH, math.sqrt(rate * self._refused_rate))
        if self._steps < _CAREFUL_STEPS and not self._is_low(rate):
            self._steps += 1
            return rate * _CLOSE
        # a server with windows lets a burst of any rate through: once it is known, no ramp leads beyond what stood
        new = self._known and rate * _GROWTH > self._best
        self._trial = _TRIAL if new else max(1, self._trial // 2)
        return rate * _GROWTH

    def lower(self, rate: float, measured: float, number: int, proven: float) -> float:
        """Return the rate that follows on one that was refused.

        Args:
            rate: That rate.
            measured: What the server was seen to let through; 0.0: it is not known.
            number: With how many requests.
            proven: What the last window let through beyond a burst.
        """
        stood = self._stood if self._stood < min(rate, measured * (1 + 1 / number)) else 0.0
        lower = min(max(measured * _CARE, stood), rate * _CARE) if measured else rate * 0.9
        # then it was not the rate that was refused, unless another client has just come
        if proven * _CARE > lower:
            self.settle(rate)
            return min(proven * _CARE, rate)
        self._refused_rate = self._highest_possible(rate, lower, measured, number)
        self._certain = bool(measured) and number >= _MANY
        self._stood, self._known = 0.0, True
        if self._is_close(lower):
            self.interval = min(2 * self.interval, INTERVAL_MAX)
            self._best *= _FADING
        return lower

    def has_stood(self, rate: float) -> None:
        """Note a rate that the server lets through."""
        self._known, self._best = True, max(self._best, rate)

    def settle(self, rate: float) -> None:
        """Take a rate for the highest possible, for as long as the interval is."""
        self._stood, self._refused_rate, self._certain = 0.0, rate, False

    def _is_close(self, rate: float) -> bool:
        # of few requests a window, one more is not worth the refusals that finding out would cost
        settled = self._certain and not self._is_low(rate)
        close = max(_CLOSE, 1 + _A_FEW / (rate * self._window)) if settled else _CLOSE
        return self._refused_rate < rate * close

    def _is_low(self, rate: float) -> bool:
        """Whether another client seems to be at work, which may leave."""
        return rate < _LOW * self._best

    def _highest_possible(self, rate: float, lower: float, measured: float, number: int) -> float:
        if number >= _MANY and measured > _TRUSTED * rate:
            return lower
        return rate if measured * _RAMP < rate else min(rate, measured * _UNCERTAIN)


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
        self._aim, self._measure, self._passed = Aim(rate, window), Measure(now), 0
        self._former, self._starvation = Former(window), Starvation(window)
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
        self._starvation.ended(sent_at, now)
        # where the caller is slower than the rate, the rate has proven nothing
        if sent_at > self._changed_at and self.bucket.until_free(now) > -1 / self.rate:
            self._passed += 1
            if self._passed >= self._aim.needed(self.rate) and self.rate < self._highest:
                self._set(self._aim.higher(self.rate, self._passed), now)

    def refused(self, sent_at: float, now: float, pending: int, accepted: int) -> None:
        """Note that a request was refused; those in flight with it are no evidence, nor are those before the next.

        Args:
            sent_at: When it was sent.
            now: The present.
            pending: Requests that were sent before it, and are not answered yet.
            accepted: Requests of the last window that were accepted.
        """
        if sent_at <= self._refused_at:
            return
        self._refused_at = now
        if self._measure.count:
            self._measure.count += pending
            if not self._starvation.echoes(sent_at):
                self._fall(sent_at, now, accepted)
            self._measure = Measure(sent_at)
        else:
            self._measure.interrupted = True
        self.bucket.empty(now)

    def rest(self, now: float, until: float) -> None:
        """Note that nothing will be sent before a moment."""
        self._measure.rest(now, until)

    def starved_for(self, now: float) -> float:
        """Return for how long nothing has been accepted since the first refusal of a row; 0.0: something was."""
        return 0.0 if self._measure.count else now - self._measure.since

    def has_stood(self, accepted: float) -> None:
        """Note that so many were accepted within a window before."""
        self._aim.has_stood(accepted / self._window)

    def slow_down(self, accepted: int, now: float) -> bool:
        """Take what was accepted within a window for the rate, since another limit is reached; say whether that may be.

        Where far fewer at once were refused than went through within a window, there are two limits. Spread evenly,
        requests fit into both; who is starved all the same is told nothing by a rate.
        """
        if accepted <= 2 * self._burst.number:
            return False
        if self._starvation.begins(now):
            self._set(min(self.rate, accepted / self._window) * _CARE, now)
            self._aim.settle(self.rate)
        return not self._starvation.often

    def most(self, now: float) -> float:
        """Return how many a bucket that is filled at the highest rate of the last window lets through in it."""
        return max(self.rate, self._former.highest(now)) * self._window + 2 * self.bucket.size

    def _fall(self, sent_at: float, now: float, accepted: int) -> None:
        measured = self._measure.rate(sent_at, self._burst)
        if not measured:
            self.bucket.size = max(1.0, self.bucket.size * 0.7)
        proven = (accepted - self._burst.size(measured or self.rate)) / self._window
        self._set(self._aim.lower(self.rate, measured, self._measure.count, proven), now)

    def _set(self, rate: float, now: float) -> None:
        self._former.add(self.rate, now)
        self.bucket.change(min(rate, self._highest), now)
        self._passed, self._changed_at = 0, now

    # -- between processes ---------------------------------------------------------------------------------------

    def to_remember(self, now: float) -> list[float]:
        """Return what the next process must know."""
        bucket = self.bucket
        waits = max(0.0, bucket.until_free(now))
        return [round(bucket.rate, 5), round(bucket.size, 2), self._aim.interval, round(waits, 3)]

    def settle(self, interval: int) -> None:
        """Keep the rate until so many requests have been accepted."""
        self._aim.interval = interval
        self._aim.settle(self.rate)


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
