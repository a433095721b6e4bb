"""How fast each endpoint may be asked.

The API grants every endpoint an allowance of L requests per window of W seconds (60). It does not say what
L is, whether its windows are fixed or sliding, nor how much of L another client of the organisation uses.
There are two models, and what the server does decides between them (``knowledge.py``): that it counts in windows, with
which learning begins, and that it refuses bursts, as a token bucket does.

After a refusal that says something new, nothing is sent for W/8 (``Trial``). A bucket has then filled by some requests,
which windows do not grant: if they are accepted, requests are spread evenly at the rate that is measured
(``spread.py``). Back to windows leads that nothing is let through for longer than W/8, or far more within a window
than a bucket of that rate could. But where far more went through within a window than at once, both are limited, and
the requests stay spread, at what the window lets through. They are spread as well where next to nothing is left of a
limit that stood, as some servers let a burst be paid for. Neither verdict is final, nor is one that is remembered.

With windows, a ``Pacer`` holds what is believed about one endpoint:

- A request occupies a *slot* from the moment it is sent until W seconds after its answer came. The server
  counted it somewhere in between, so with n slots no window, fixed or sliding, ever holds more than n.
- Free slots may be used at once. When all are taken, a *probe* may go beyond them; if it is accepted, n rises
  to the number that the server has now been seen to accept within W seconds, and the next probe follows.
- A refused probe ends the climb, and the next one waits for many accepted requests. It raises n by one, and
  only if that stands for a window does the climb go on.
- A refused request that was no probe contradicts n, which falls to what the server did accept.
- A climb across the edge of a fixed window may see up to 2L accepted within W. So a risen n is *held* only
  when whole windows have passed without a refusal; until then few at a time go beyond what is certain.
- Refusals in a row for longer than a window lasts are a penalty, or an outage (``penalty.py``): no limit explains them.
  So are shorter ones, if again and again little went through within a window after the first. What they have taught is
  forgotten, and from the second on more is asked for only after many times what one has cost.
- An n below the best that stood is another client's doing (``probing.py``): probes come every few windows then, since
  it may leave; if n falls again and again, no climb follows.

Nothing here sleeps or sends: the clock is a parameter and the caller reports every outcome. Times are in
seconds, amounts in requests.
"""

import random
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from .belief import Belief
from .knowledge import LONGEST_WAIT, Knowledge, recalled
from .probing import PROBE_INTERVAL
from .quota import Quota
from .traffic import Ticket

__all__ = ["LONGEST_WAIT", "PROBE_INTERVAL", "Pacer", "Pacers", "Ticket"]

_TICK = 1e-3


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
        self._clock, self._epoch = clock, epoch
        rng = rng or random.Random()
        self._known = known = recalled(
            lambda: Knowledge(Belief(start, window, probe=probe), window, rng), remembered, clock(), epoch()
        )
        self._traffic, self._belief, self._rest = known.traffic, known.belief, known.rest

    @property
    def limit(self) -> int:
        """Requests per window that are believed to be allowed now."""
        return self._known.limit

    @property
    def refused_in_a_row(self) -> int:
        """Refusals since a request was last accepted; those in flight at a refusal count as one with it."""
        return self._rest.refused_in_a_row

    def usage(self) -> int:
        """Slots that are occupied now: requests of the last window, those in flight included."""
        return self._traffic.usage(self._clock())

    def occupied(self) -> int:
        """As ``usage``, for whoever watches from another thread: it changes nothing."""
        return self._traffic.occupied(self._clock())

    # -- when a request may go -----------------------------------------------------------------------------------

    def wait(self) -> float:
        """Seconds until a request may be sent, 0.0 for now; an outcome of another one may shorten them."""
        now = self._clock()
        delay = self._until_slot(now)
        if self._rest.until > now:
            return delay
        if self._may_go(now, delay == 0):
            return 0.0
        # An answer may open the next place long before a slot is free.
        return (
            min(delay or self.window, self.window / 100)
            if self._traffic.probing() or self._rest.doubt
            else delay
        )

    def idle_for(self) -> float:
        """Seconds for which no slot will be free, 0.0 if one is: while they last, a pause costs nothing."""
        return self._until_slot(self._clock())

    def take(self) -> Ticket:
        """Occupy a slot for a request that is sent now. Allowed only when ``wait()`` is 0."""
        now = self._clock()
        if self.wait() > 0:
            raise RuntimeError("take() needs a free slot: call it only when wait() returns 0")
        return self._known.send(now, probe=self._beyond(now))

    def _until_slot(self, now: float) -> float:
        delay = max(self._rest.until - now, self._known.until_free(now))
        return max(delay, _TICK) if delay > 0 else 0.0

    def _may_go(self, now: float, free: bool) -> bool:
        # a probe within the silence would be taken for what the server's windows let through after it
        if self._known.is_silent(now) or (
            self._rest.doubt and self._traffic.any_sent_after(self._rest.refused_at)
        ):
            return False
        if self._known.spread or self._known.may_try(now):
            return free
        probing = self._traffic.probing()
        if free:
            return probing < self._belief.places() or not self._beyond(now)
        return self._belief.may_probe(self._traffic.recent(now), probing)

    def _beyond(self, now: float) -> bool:
        return self._belief.is_beyond(self._traffic.recent(now), self._traffic.usage(now))

    # -- what an outcome teaches ---------------------------------------------------------------------------------

    def accepted(self, ticket: Ticket, headers: Mapping[str, str]) -> None:
        """Report that the request was answered, with anything but 429."""
        if not self._traffic.end(ticket):
            return
        now = self._clock()
        self.used += 1
        self._traffic.occupy(now, ticket, accepted=True)
        self._rest.accepted(ticket.sent_at)
        self._known.accepted(ticket, now)
        quota = Quota(headers)
        self._known.heed(quota, now, self._server_now(quota))

    def refused(self, ticket: Ticket, headers: Mapping[str, str], server_now: datetime | None = None) -> None:
        """Report that the request was answered with 429."""
        if not self._traffic.end(ticket):
            return
        now = self._clock()
        self.refusals += 1
        anew = ticket.sent_at > self._rest.refused_at
        quota = Quota(headers)
        delay = quota.retry_after(server_now or self._server_now(quota))
        self._known.refused(ticket, now, delay, anew=anew)
        if anew:
            self._rest.refused(now, at_once=self._known.spread is not None)
        # The server may count refusals too: a place for each prevents that the next window is overdrawn.
        if self._traffic.slots.refused() < self._belief.limit // 2:
            self._traffic.occupy(now, ticket, refused=True)
        if delay is not None:
            self._rest.block(now + min(delay, LONGEST_WAIT))
        if self._known.spread:
            self._known.spread.rest(now, self._rest.until)
        self._known.heed(quota, now, self._server_now(quota))

    def lost(self, ticket: Ticket) -> None:
        """Report that no answer came (timeout, reset, cancelled). The server may have counted the request."""
        if self._traffic.end(ticket):
            self._traffic.occupy(self._clock(), ticket)

    def _server_now(self, quota: Quota) -> datetime:
        return quota.date or datetime.fromtimestamp(self._epoch(), UTC)

    def to_remember(self) -> dict[str, object]:
        """Return what the next process must know, as a small JSON object."""
        return self._known.to_remember(self._clock(), self._epoch())


class Pacers:
    """One ``Pacer`` for each endpoint, made at first use. ``starts`` says where each tier begins."""

    def __init__(
        self, starts: Mapping[str, int], window: float = 60.0, *, remembered: object = None, **options: Any
    ) -> None:
        self._starts, self._window, self._options = dict(starts), window, options
        self._known: dict[str, object] = dict(remembered) if isinstance(remembered, Mapping) else {}
        self._pacers: dict[str, Pacer] = {}
        self.statuses: defaultdict[str, Counter[int]] = defaultdict(Counter)
        """How often this process was answered with each status, by endpoint."""

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
