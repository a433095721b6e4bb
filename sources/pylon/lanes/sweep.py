"""The sweep: conversations that nothing says are due, read again because they were verified longest ago.

Whether a redaction, a removed message or an unfollow moves ``updated_at`` is undocumented. Where it does not, reading
again is the only way to find it.
"""

from __future__ import annotations

from datetime import datetime

from ..copy.verified import Verified
from .turn import Turn

LAST = 10
"""The order of worth at which the sweep begins: after all that is due."""


def queue(turn: Turn, verified: Verified, before: datetime) -> None:
    """Queue conversations that were verified before an instant behind what is due, the oldest first."""
    most = turn.budget.limits.most_due
    for child in turn.stock.children:
        reach = turn.stock.reach(child, most)
        stale = verified.stale(child, before, reach)
        ranked = [(issue, LAST + place) for place, issue in enumerate(stale)]
        turn.stock.add(child, ranked, more=len(stale) == reach)
