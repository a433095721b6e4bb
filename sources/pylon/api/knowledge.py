"""What a process knows of one endpoint's pace, and how the next process takes it over. Times in seconds."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from .belief import Belief, count
from .measures import Burst
from .penalty import Penalties
from .quota import Quota
from .spread import Spread, recalled_spread
from .traffic import Ticket, Traffic

LONGEST_WAIT = 600.0
"""A server that asks for a longer wait than this many seconds is asked again after it all the same."""

_PATIENCE = 5
_LONG_PATIENCE = 7
_PROBES_PER_TRIAL = 8
_REFUTED = 3
"""Who lets through so many times what a bucket of the measured rate could is none."""
_SURPRISE = 0.75
"""A limit that falls below this part of itself says something new of how the server counts."""


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

    def refused(self, now: float, *, at_once: bool = False) -> None:
        """A request was refused that had been sent after the last refusal: wait longer each time.

        With ``at_once`` the first of a row is no reason to wait: requests come one by one, and the next may fit.
        """
        self.refused_at = now
        if at_once and self.refused_in_a_row == 0:
            self.refused_in_a_row = 1
            return
        self.doubt = True
        delay = self._window / 60 * 4**self.refused_in_a_row * self._rng.uniform(0.5, 1.5)
        # a server that counts refusals answers again only when a whole window was free of them
        longest = self._window * (0.5 if self.refused_in_a_row < _PATIENCE else 1.1)
        # and one that shuts out who asks too often only after a pause that is as long
        longest = min(longest * 2 ** max(0, self.refused_in_a_row - _LONG_PATIENCE), LONGEST_WAIT)
        self.refused_in_a_row += 1
        self.block(now + min(delay, longest))

    def block(self, until: float) -> None:
        """Send nothing before a moment."""
        self.until = max(self.until, until)


class Trial:
    """Finds out whether a server that has refused counts in windows, or refuses bursts.

    A bucket that fills evenly lets more through a moment after it has refused; windows let only what has left them,
    unless their edge lies there. So nothing is sent for that moment; then what has grown old meanwhile is made up for,
    and the next few requests are the trial: one alone might fit where another client paused. A server whose rate is
    lower than a request in ``window / 8`` seconds is taken for one with windows.

    Args:
        window: The length of the rate window, in seconds.
        rng: Makes the silences of several clients differ.
    """

    def __init__(self, window: float, rng: random.Random) -> None:
        self.moment, self._rng = window / 8, rng
        self.windows = False
        """Whether it is known, and not in doubt, that the server counts in windows."""
        self.due_at = math.inf
        """When the trial may begin; infinite: there is none."""
        self._sent: set[int] = set()
        self._missing = self._proven = self._failed = 0

    def want(self) -> None:
        """Find out anew, at the next refusal that allows it."""
        self.windows = False

    def probe_failed(self) -> None:
        """More was asked for in vain: now and then, find out anew."""
        self._failed += 1
        self.windows &= self._failed % _PROBES_PER_TRIAL != 0

    def refused_at_once(self, now: float, accepted: int, ageing: int, held: int, wait: float | None) -> None:
        """Note a refusal.

        Args:
            now: The present.
            accepted: What was accepted within the window before it.
            ageing: How many of them grow older than a window within the moment.
            held: What is believed to be allowed for certain.
            wait: How long the server asks to wait, if it does.
        """
        # where more must be made up for than comes evenly, a bucket might refuse that already
        if not self.shows_windows(wait or 0.0) and not self.windows and ageing <= 1 + accepted / 8:
            self.due_at, self._proven = now + self.moment * self._rng.uniform(1.0, 1.2), accepted
            # by chance another client leaves as many places as that seldom, an even flow leaves more
            self._missing = max(1, min(math.isqrt(accepted), held // 8))
            self._sent.clear()

    def refused_again(self, held: int) -> None:
        """Note that others were refused with it, so that less is believed to be allowed for certain."""
        self._missing = max(1, min(self._missing, held // 8))

    def saw(self, accepted: int) -> None:
        """Note that so many were accepted within a window, by an answer that was under way at the refusal."""
        if self.due_at < math.inf:
            self._proven = max(self._proven, accepted)

    def shows_windows(self, seconds: float) -> bool:
        """Whether the server lets nothing through for so long that it must count in windows."""
        if seconds > self.moment:
            self.windows, self.due_at = True, math.inf
        return seconds > self.moment

    def silence(self, now: float) -> float:
        """Return for how long nothing may be sent; 0 or less: something may."""
        return self.due_at - now if self.due_at < math.inf else 0.0

    def is_due(self, now: float, recent: int) -> bool:
        """Whether the next request is the trial: as many as before the refusal were accepted or are under way."""
        return (
            self.due_at <= now < self.due_at + self.moment
            and len(self._sent) < self._missing
            and recent >= self._proven
        )

    def sent(self, ticket: int) -> None:
        """Note a request of the trial."""
        self._sent.add(ticket)

    def accepted(self, ticket: int) -> bool:
        """Whether this ends the trial, all of which was accepted: requests must be spread."""
        if ticket not in self._sent:
            return False
        self._sent.remove(ticket)
        self._missing -= 1
        return self._missing == 0

    def refused(self, ticket: int) -> bool:
        """Whether this was of the trial, and was refused: the server counts in windows."""
        if ticket not in self._sent:
            return False
        self._sent.clear()
        self.windows, self.due_at = True, math.inf
        return True


class Knowledge:
    """The traffic, what is believed of the allowance, and how long to rest.

    Args:
        belief: With what to begin.
        window: The length of the rate window, in seconds.
        rng: Makes the waits of several clients differ.
    """

    def __init__(self, belief: Belief, window: float, rng: random.Random) -> None:
        self.traffic, self.belief, self.rest = Traffic(window), belief, Rest(window, rng)
        self.trial = Trial(window, rng)
        self.spread: Spread | None = None
        """Set once the server has shown that it refuses bursts."""
        self.window, self._before, self._penalties = window, 0, Penalties(belief, window)

    @property
    def limit(self) -> int:
        """Requests per window that are believed to be allowed."""
        return self.spread.limit if self.spread else self.belief.limit

    def until_free(self, now: float) -> float:
        """Return how long no request has a place; 0 or less: one has."""
        if self.spread:
            return self.spread.bucket.until_free(now)
        return self.trial.silence(now) if self.is_silent(now) else self._until_slot(now)

    def is_silent(self, now: float) -> bool:
        """Whether nothing may be sent, so that the trial can begin."""
        return not self.spread and self.trial.silence(now) > 0

    def _until_slot(self, now: float) -> float:
        return 0.0 if self.may_try(now) else self.traffic.until_free(now, self.belief.limit)

    def may_try(self, now: float) -> bool:
        """Whether a request that is sent now is the trial."""
        return (
            self.trial.due_at <= now and not self.spread and self.trial.is_due(now, self.traffic.recent(now))
        )

    def send(self, now: float, *, probe: bool) -> Ticket:
        """Note that a request is sent."""
        is_trial = self.may_try(now)
        ticket = self.traffic.send(now, probe=probe and not self.spread)
        if self.spread:
            self.spread.bucket.take(now)
        elif is_trial:
            self.trial.sent(ticket.id)
        return ticket

    def accepted(self, ticket: Ticket, now: float) -> None:
        """Learn from a request that was accepted, and has its slot."""
        if self.spread:
            self.spread.accepted(ticket.sent_at, now)
        elif self.trial.accepted(ticket.id):
            self.trial.due_at = math.inf
            belief, burst = self.belief, self.traffic.burst(self.rest.refused_at)
            self.spread = Spread(belief.stated or belief.start, self.window, burst, belief.highest, now)
            if now - self.traffic.began_at >= self.window:
                self.spread.has_stood(max(self.traffic.recent(now), belief.patience.best.limit))
        else:
            self._accepted_at_once(ticket, now)

    def _accepted_at_once(self, ticket: Ticket, now: float) -> None:
        self._penalties.accepted(ticket.sent_at, now)
        self.belief.accepted(probe=ticket.probe)
        if len(self.traffic.slots) > self.belief.limit:
            self.belief.rise(self.traffic.seen(self.belief.sharing.fell_at), now)
        self.belief.confirm(now, self.rest.refused_at)
        self.trial.saw(self.traffic.slots.proven(now - self.window))

    def refused(self, ticket: Ticket, now: float, wait: float | None, *, anew: bool) -> None:
        """Learn from a refusal; ``anew``: the request was sent after the refusal before."""
        if self.spread:
            accepted = self.traffic.slots.proven(now - self.window)
            self.spread.refused(ticket.sent_at, now, self.traffic.sent_before(ticket), accepted)
            recent = self.traffic.recent(now, self.spread.began_at)
            if recent > _REFUTED * self.spread.most(now):
                self.spread = None
                self.trial.want()
            elif self._is_starved(self.spread, max(wait or 0.0, self.spread.starved_for(now)), now):
                self.spread = None
        elif self.trial.refused(ticket.id):
            return
        elif not anew:
            self.belief.refused_again(self.proven(ticket))
            self._collapse(now)
            self.trial.refused_again(self.belief.held)
        else:
            self._refused_at_once(ticket, now, wait)

    def _is_starved(self, spread: Spread, seconds: float, now: float) -> bool:
        """Whether nothing is let through for so long that no rate is the reason."""
        accepted = self.traffic.recent(now)
        if seconds <= self.trial.moment or spread.slow_down(accepted, now):
            return False
        self.belief.rise(accepted, now)
        return self.trial.shows_windows(seconds)

    def _collapse(self, now: float) -> None:
        """Where next to nothing is left of a limit that stood, spread what there was: that fits wherever it fitted."""
        is_old = now - self.traffic.began_at >= self.window and self.trial.due_at == math.inf
        if is_old and self._before >= 12 and self.belief.limit < self._before * 0.25:
            self.spread = Spread(self._before / 2, self.window, Burst(1, 0.0), self.belief.highest, now)
            self.spread.has_stood(self._before)

    def _refused_at_once(self, ticket: Ticket, now: float, wait: float | None) -> None:
        self._penalties.refused(now, first=not self.rest.doubt)
        recent, since = self.traffic.recent(now), self.traffic.recent(now, self.rest.refused_at)
        before = self._before = self.belief.held
        if self.traffic.rivals(ticket) >= self.belief.limit:
            self.belief.probe_failed(self.proven(ticket))
            self.trial.probe_failed()
        else:
            self.belief.contradicted(now, recent, since)
        if recent < before * _SURPRISE:
            self.trial.want()
        accepted = self.traffic.slots.proven(ticket.sent_at - self.window)
        ageing = accepted - self.traffic.slots.proven(now - self.window + self.trial.moment)
        self.trial.refused_at_once(now, accepted, ageing, self.belief.held, wait)

    def proven(self, ticket: Ticket) -> int:
        """Count what was accepted within a window before a refusal."""
        return max(self.traffic.before(ticket), self.traffic.seen(self.belief.sharing.fell_at))

    def heed(self, quota: Quota, now: float, server_now: datetime) -> None:
        """Take over what the headers of an answer state; ``server_now`` is the server's time (UTC)."""
        self.belief.state(quota.limit)
        if quota.remaining == 0 and not self.spread:
            reset = quota.reset(server_now)
            if reset is not None:
                self.rest.block(now + min(reset, LONGEST_WAIT))
            elif len(self.traffic.slots):
                self.rest.block(self.traffic.slots.free_at(0))

    def to_remember(self, now: float, at: float) -> dict[str, object]:
        """Return what the next process must know, as a small JSON object; ``at`` is the time since the epoch."""
        return {
            **self.belief.to_remember(),
            "window": self.window,
            "used": self.traffic.to_remember(now),
            "blocked": round(max(0.0, self.rest.until - now), 3),
            "at": round(at, 3),
            "windows": self.trial.windows,
            "spread": self.spread.to_remember(now) if self.spread else None,
        }


def recalled(afresh: Callable[[], Knowledge], remembered: object, now: float, at: float) -> Knowledge:
    """Return what the last process knew; without it, or where anything in it is unexpected, start afresh."""
    known = afresh()
    try:
        if remembered is not None:
            _recall(known, dict(remembered), now, at)  # type: ignore[call-overload]
    except (KeyError, TypeError, ValueError, OverflowError):
        return afresh()
    return known


def _recall(known: Knowledge, remembered: Mapping[str, Any], now: float, at: float) -> None:
    """Take over what another process remembered; what was measured with another window is of no use.

    Raises:
        KeyError, TypeError, ValueError, OverflowError: It is not what :meth:`Knowledge.to_remember` returns.
    """
    taken_at = float(remembered["at"])
    if float(remembered["window"]) != known.window or not math.isfinite(taken_at):
        return
    age = max(0.0, at - taken_at)
    known.traffic.recall([count(amount) for amount in remembered["used"]], now, age)
    known.rest.block(now + min(float(remembered["blocked"]), LONGEST_WAIT) - age)
    known.belief.recall(remembered)
    # neither was remembered by earlier versions, and a start that was changed is to be learnt from
    known.trial.windows = remembered.get("windows") is True
    if remembered.get("spread") is not None and remembered["start"] == known.belief.start:
        highest = known.belief.highest
        known.spread = recalled_spread(remembered["spread"], known.window, highest, now, age)
