"""How fast each endpoint may be asked.

The API grants every endpoint an allowance of L requests per window of W seconds (60). It does not say what
L is, whether its windows are fixed or sliding, nor how much of L another client of the organisation uses.
A ``Pacer`` holds what is believed about one endpoint:

- A request occupies a *slot* from the moment it is sent until W seconds after its answer came. The server
  counted it somewhere in between, so with n slots no window, fixed or sliding, ever holds more than n.
- Free slots may be used at once. When all are taken, a *probe* may go beyond them; if it is accepted, n rises
  to the number that the server has now been seen to accept within W seconds, and the next probe follows.
- A refused probe ends the climb, and the next one waits for many accepted requests. It raises n by one, and
  only if that stands for a window does the climb go on.
- A refused request that was no probe contradicts n, which falls to what the server did accept.
- A climb across the edge of a fixed window may see up to 2L accepted within W. So a risen n is *held* only
  when whole windows have passed without a refusal; until then few at a time go beyond what is certain.

Nothing here sleeps or sends: the clock is a parameter and the caller reports every outcome. Times are in
seconds, amounts in requests.
"""

import itertools
import math
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from .quota import Quota
from .slots import Slot, Slots

PROBE_INTERVAL = 150
"""Accepted requests between the first failed probe and the next; doubled by every further failure."""
PROBE_INTERVAL_MAX = 1200
LONGEST_WAIT = 600.0
"""A server that asks for a longer wait than this many seconds is asked again after it all the same."""

_STREAK_PER_PROBE = 15
_PROBES_MIN = 3
_LIMIT_PER_PROBE = 40
_PATIENCE = 5
_BUCKETS = 11
_TICK = 1e-3
_LIMIT_MAX = 100_000


@dataclass(frozen=True)
class Ticket:
    """Permission for one request. Hand it back by exactly one of ``accepted``, ``refused`` and ``lost``."""

    id: int
    sent_at: float
    probe: bool


@dataclass
class _Fall:
    """What was known when a refusal contradicted the limit; requests still in flight count as accepted."""

    limit: int
    held: int
    recent: int
    since: int
    repeated: bool

    def settle(self) -> tuple[int, int, bool]:
        """Return the new limit, the level that counts as held, and whether to climb from there at once."""
        if self.limit > self.held and self.recent > self.held:
            # If a fixed window's edge lay in the climb, up to twice the allowance was accepted within W, and
            # the allowance is what was accepted since the last refusal.
            edge = self.since >= max(self.held, self.recent / 2)
            return min(self.limit, self.since if edge else self.recent), self.held, False
        # Another client takes its part. If it does so repeatedly, giving way by one costs too many refusals.
        limit = math.ceil(self.recent * 0.75) if self.repeated else self.recent
        limit = max(1, self.since, min(limit, self.limit))
        return limit, limit, True


class Pacer:
    """The pace of one endpoint. ``start`` is the number of requests per ``window`` seconds to begin with.

    With ``probe=False`` the limit never rises above ``start``, unless the server states one.
    """

    def __init__(
        self,
        start: int,
        window: float = 60.0,
        *,
        probe: bool = True,
        clock: Callable[[], float] = time.monotonic,
        epoch: Callable[[], float] = time.time,
        rng: random.Random | None = None,
        remembered: object = None,
    ) -> None:
        if start < 1 or window <= 0:
            raise ValueError(f"start and window must be positive, not {start} and {window}")
        self.window = window
        self.used = 0
        self.refusals = 0
        self._start = self._limit = self._held = start
        self._probe = probe
        self._clock, self._epoch, self._rng = clock, epoch, rng or random.Random()
        self._ids = itertools.count()
        self._slots = Slots()
        self._open: dict[int, Ticket] = {}
        self._interval = self._credit = self._streak = self._backoffs = 0
        self._blocked_until = self._refused_at = self._fell_at = self._raised_at = -math.inf
        self._climbing, self._doubt = True, False
        self._fall: _Fall | None = None
        self._stated: int | None = None
        if remembered is not None:
            self._restore(remembered)

    @property
    def limit(self) -> int:
        """Requests per window that are believed to be allowed now."""
        return self._limit

    @property
    def refused_in_a_row(self) -> int:
        """Refusals since a request was last accepted; those in flight at a refusal count as one with it."""
        return self._backoffs

    def usage(self) -> int:
        """Slots that are occupied now: requests of the last window, those in flight included."""
        self._slots.expire(self._clock())
        return len(self._slots) + len(self._open)

    def occupied(self) -> int:
        """As ``usage``, for whoever watches from another thread: it changes nothing."""
        now = self._clock()
        return sum(free_at > now for free_at in self._slots.times_free()) + len(self._open)

    def wait(self) -> float:
        """Seconds until a request may be sent, 0.0 for now; an outcome of another one may shorten them."""
        now = self._clock()
        delay = self._until_slot(now)
        if self._blocked_until > now:
            return delay
        if self._may_go(now, delay == 0):
            return 0.0
        # An answer may open the next place long before a slot is free.
        return min(delay or self.window, self.window / 100) if self._probing() or self._doubt else delay

    def idle_for(self) -> float:
        """Seconds for which no slot will be free, 0.0 if one is: while they last, a pause costs nothing."""
        return self._until_slot(self._clock())

    def take(self) -> Ticket:
        """Occupy a slot for a request that is sent now. Allowed only when ``wait()`` is 0."""
        now = self._clock()
        if self.wait() > 0:
            raise RuntimeError("take() needs a free slot: call it only when wait() returns 0")
        ticket = Ticket(next(self._ids), now, self._beyond(now))
        self._open[ticket.id] = ticket
        return ticket

    def accepted(self, ticket: Ticket, headers: Mapping[str, str]) -> None:
        """Report that the request was answered, with anything but 429."""
        if self._open.pop(ticket.id, None) is None:
            return
        now = self._clock()
        self.used += 1
        self._credit += 1
        self._occupy(now, ticket, accepted=True)
        if ticket.sent_at > self._refused_at:
            self._backoffs, self._doubt = 0, False
        self._streak += ticket.probe
        self._rise(now)
        self._confirm(now)
        self._heed(Quota(headers), now)

    def refused(self, ticket: Ticket, headers: Mapping[str, str], server_now: datetime | None = None) -> None:
        """Report that the request was answered with 429."""
        if self._open.pop(ticket.id, None) is None:
            return
        now = self._clock()
        self.refusals += 1
        if ticket.sent_at <= self._refused_at:
            self._refused_again(ticket)
        else:
            self._refused_anew(ticket, now)
        # The server may count refusals too: a place for each prevents that the next window is overdrawn.
        if self._slots.refused() < self._limit // 2:
            self._occupy(now, ticket, refused=True)
        quota = Quota(headers)
        delay = quota.retry_after(server_now or self._server_now(quota))
        if delay is not None:
            self._block(now + min(delay, LONGEST_WAIT))
        self._heed(quota, now)

    def lost(self, ticket: Ticket) -> None:
        """Report that no answer came (timeout, reset, cancelled). The server may have counted the request."""
        if self._open.pop(ticket.id, None) is not None:
            self._occupy(self._clock(), ticket)

    def to_remember(self) -> dict[str, object]:
        """Return what the next process must know, as a small JSON object."""
        now = self._clock()
        self._slots.expire(now)
        used = [0] * (_BUCKETS + 1)
        for free_at in self._slots.times_free():
            used[min(_BUCKETS, math.ceil((free_at - now) * _BUCKETS / self.window) - 1)] += 1
        used[_BUCKETS] += len(self._open)
        return {
            "start": self._start,
            "window": self.window,
            "limit": self._limit,
            "held": self._held,
            "interval": self._interval,
            "credit": self._interval if self._climbing else self._credit,
            "used": used,
            "blocked": round(max(0.0, self._blocked_until - now), 3),
            "at": round(self._epoch(), 3),
        }

    def _restore(self, remembered: object) -> None:
        """Take over what the last process knew; anything unexpected in it means to start afresh."""
        try:
            self._recall(dict(remembered))  # type: ignore[call-overload]
        except (KeyError, TypeError, ValueError, OverflowError):
            self._limit = self._held = self._start
            self._interval = self._credit = 0
            self._slots.clear()
            self._blocked_until = -math.inf

    def _recall(self, known: dict[str, Any]) -> None:
        now, taken_at = self._clock(), float(known["at"])
        if float(known["window"]) != self.window or not math.isfinite(taken_at):
            return
        age = max(0.0, self._epoch() - taken_at)
        step = self.window / _BUCKETS
        used = [_count(amount) for amount in known["used"]][: _BUCKETS + 1]
        for index, amount in enumerate(used):
            # On the safe side: early where an answer is evidence, late where it frees a slot.
            answered, free = now + index * step - age - self.window, now + (index + 1) * step - age
            for _ in range(amount):
                self._slots.add(Slot(free, answered, accepted=True))
        self._slots.expire(now)
        self._block(now + min(float(known["blocked"]), LONGEST_WAIT) - age)
        if known["start"] == self._start:  # else the user has changed the configuration, and knows better
            self._limit, self._held = max(1, _count(known["limit"])), max(1, _count(known["held"]))
            self._interval = min(_count(known["interval"]), PROBE_INTERVAL_MAX)
            self._credit = _count(known["credit"])
            self._climbing = self._interval == 0

    def _occupy(self, now: float, ticket: Ticket, *, accepted: bool = False, refused: bool = False) -> None:
        self._slots.add(Slot(now + self.window, ticket.sent_at, accepted, refused))

    def _until_slot(self, now: float) -> float:
        excess = self.usage() - self._limit
        delay = self._blocked_until - now
        if excess >= 0:
            # A request in flight occupies its slot for a whole window after its answer.
            free = self._slots.free_at(excess) - now if excess < len(self._slots) else self.window
            delay = max(delay, free)
        return max(delay, _TICK) if delay > 0 else 0.0

    def _probing(self) -> int:
        return sum(ticket.probe for ticket in self._open.values())

    def _beyond(self, now: float) -> bool:
        """Whether a request sent now may find the allowance used up."""
        if self._climbing:
            return self._recent(now) >= self._limit
        # What an edge of a fixed window cannot have feigned.
        return self.usage() >= max(self._held, math.ceil(self._limit / 2))

    def _may_go(self, now: float, free: bool) -> bool:
        if self._doubt and any(ticket.sent_at > self._refused_at for ticket in self._open.values()):
            return False
        if free:
            return self._probing() < self._places() or not self._beyond(now)
        return self._may_probe(now)

    def _places(self) -> int:
        """Count the requests that may be refused at once: few, but enough to use a high limit up."""
        return max(_PROBES_MIN, self._limit // _LIMIT_PER_PROBE)

    def _due(self) -> bool:
        # Below the start another client is at work: ask as often as the start's pace would.
        return self._credit >= self._interval * min(1.0, self._limit / self._start)

    def _may_probe(self, now: float) -> bool:
        if self._limit >= (_LIMIT_MAX if self._probe else self._start):
            return False
        if not self._climbing and (self._limit > self._held or not self._due()):
            return False
        # Serial at first; a limit many times higher would take minutes to reach at a latency of a second.
        places = min(self._places(), 1 + self._streak // _STREAK_PER_PROBE)
        beyond = self._recent(now) - self._limit
        return beyond < 0 or (self._probing() < places and beyond < places)

    def _recent(self, now: float, after: float = -math.inf) -> int:
        """Count the requests of the last window that were accepted or may yet be."""
        after = max(after, now - self.window)
        return self._slots.proven(after) + sum(ticket.sent_at > after for ticket in self._open.values())

    def _rivals(self, ticket: Ticket) -> int:
        """Count the requests that the server may have counted together with this one."""
        return len(self._open) + self._slots.overlapping(ticket.sent_at)

    def _trim(self, ticket: Ticket) -> None:
        """Lower a limit that is not held to the requests of the window that ended with a refused one."""
        after, until = ticket.sent_at - self.window, ticket.sent_at
        before = self._slots.proven(after, until)
        before += sum(after < other.sent_at <= until for other in self._open.values())
        self._limit = min(self._limit, max(self._held, before, self._seen()))

    def _seen(self) -> int:
        """Count what was accepted in the window that ends with the newest request, since the last fall."""
        return self._slots.proven(max(self._slots.newest() - self.window, self._fell_at))

    def _rise(self, now: float) -> None:
        if len(self._slots) > self._limit and (seen := self._seen()) > self._limit:
            self._limit, self._raised_at = seen, now

    def _confirm(self, now: float) -> None:
        """Trust a risen limit that whole windows did not contradict: no window's edge feigned it."""
        quiet = now - max(self._raised_at, self._refused_at)
        if self._limit > self._held and quiet >= self.window:
            self._climbing |= self._due()
            if quiet >= 2 * self.window:
                self._hold(self._limit)

    def _hold(self, level: int) -> None:
        if not 0.9 < level / self._held < 1.1:  # the world has changed: worth to ask again soon
            self._interval = min(self._interval, PROBE_INTERVAL)
        self._held = level

    def _refused_anew(self, ticket: Ticket, now: float) -> None:
        if self._rivals(ticket) >= self._limit:
            self._probe_failed(ticket)
        else:
            self._contradicted(now)
        self._refused_at, self._doubt = now, True
        self._back_off(now)

    def _probe_failed(self, ticket: Ticket) -> None:
        self._fall = None
        self._trim(ticket)
        self._interval = min(max(PROBE_INTERVAL, 2 * self._interval), PROBE_INTERVAL_MAX)
        self._climbing = False
        self._credit = self._streak = 0

    def _contradicted(self, now: float) -> None:
        recent, since = self._recent(now), self._recent(now, self._refused_at)
        self._fall = _Fall(self._limit, self._held, recent, since, now - self._fell_at < self.window)
        self._fell_at = now
        self._streak = 0
        self._settle(self._fall)

    def _refused_again(self, ticket: Ticket) -> None:
        """One more refusal of a request that was in flight at the first: not evidence of its own."""
        if self._fall is None:
            self._trim(ticket)
            return
        self._fall.recent = max(0, self._fall.recent - 1)
        self._fall.since = max(0, self._fall.since - 1)
        self._settle(self._fall)

    def _settle(self, fall: _Fall) -> None:
        self._limit, held, self._climbing = fall.settle()
        self._hold(held)
        self._credit = 0

    def _back_off(self, now: float) -> None:
        delay = self.window / 60 * 4**self._backoffs * self._rng.uniform(0.5, 1.5)
        # A server that counts refusals answers again only when a whole window was free of them.
        longest = self.window * (0.5 if self._backoffs < _PATIENCE else 1.1)
        self._backoffs += 1
        self._block(now + min(delay, longest))

    def _block(self, until: float) -> None:
        self._blocked_until = max(self._blocked_until, until)

    def _heed(self, quota: Quota, now: float) -> None:
        limit = quota.limit
        if limit and limit != self._stated:  # stated once: what the server does afterwards is better evidence
            self._stated = self._limit = self._held = min(limit, _LIMIT_MAX)
            self._interval, self._credit, self._climbing = max(self._interval, PROBE_INTERVAL), 0, False
        if quota.remaining == 0:
            reset = quota.reset(self._server_now(quota))
            if reset is not None:
                self._block(now + min(reset, LONGEST_WAIT))
            elif len(self._slots):
                self._block(self._slots.free_at(0))

    def _server_now(self, quota: Quota) -> datetime:
        return quota.date or datetime.fromtimestamp(self._epoch(), UTC)


class Pacers:
    """One ``Pacer`` for each endpoint, made at first use. ``starts`` says where each tier begins."""

    def __init__(
        self, starts: Mapping[str, int], window: float = 60.0, *, remembered: object = None, **options: Any
    ) -> None:
        self._starts, self._window, self._options = dict(starts), window, options
        self._known: dict[str, object] = dict(remembered) if isinstance(remembered, Mapping) else {}
        self._pacers: dict[str, Pacer] = {}

    def get(self, endpoint: str, tier: str) -> Pacer:
        """Return the pacer of this endpoint; ``tier`` counts only when it is made."""
        if endpoint not in self._pacers:
            known = self._known.get(endpoint)
            self._pacers[endpoint] = Pacer(
                self._starts[tier], self._window, remembered=known, **self._options
            )
        return self._pacers[endpoint]

    def known(self) -> dict[str, Pacer]:
        """Return the pacers that were used in this process, by endpoint."""
        return dict(self._pacers)

    def to_remember(self) -> dict[str, object]:
        """Return what is to be remembered of all endpoints, also of those that were not used in this process."""
        return self._known | {endpoint: pacer.to_remember() for endpoint, pacer in self._pacers.items()}


def _count(value: object) -> int:
    if not isinstance(value, int) or not 0 <= value <= _LIMIT_MAX:
        raise ValueError(f"not a number of requests: {value!r}")
    return value
