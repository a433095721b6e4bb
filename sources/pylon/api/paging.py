"""Whether a page is the last of its list. Pure: what endpoints were seen to do is kept here, nobody is asked.

Servers say it in ways that contradict each other (all seen on the live service): ``has_next_page`` stays true on the
last page and the cursor is empty, ``pagination`` is missing, a cursor comes back. Others cap the limit without a word.
So what a page says is weighed against how long it is, and where that does not decide, another reading does.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, replace
from enum import Enum, auto
from typing import Any

from .answers import Answer

USUAL_LIMIT = 100
"""How many rows a page holds where no limit is sent (the OpenAPI document's default)."""
LIMIT_REFUSED = frozenset({400, 413, 422})
"""How a limit may be refused, besides a 5xx; all others have a meaning of their own."""
REFUSED_SECONDS = 86_400
"""So long a limit that was refused is not asked for again."""
LEAST_CAP = 50
"""No server caps its pages below this many rows; a shorter page is as long as its list."""
ROUND = frozenset(
    {50, 64, 99, 100, 128, 200, 250, 256, 500, 512, 999, 1000, 1024, 1999, 2000, 5000, 9999, 10000}
)
"""Lengths at which servers cap their pages. A list of just that length costs another reading each time."""


class Seam(Enum):
    """What follows a page."""

    END = auto()
    MORE = auto()
    AGAIN = auto()
    """It may be a slip: the same request tells."""
    DOUBT = auto()
    """The page may end where the server's patience does: the same stretch by other pages tells."""


@dataclass(slots=True)
class Habit:
    """How one endpoint was seen to page."""

    longest: int = 0
    """The longest page that was seen not to be capped, in rows."""
    cap: int | None = None
    """More rows than this it never gives, whatever the limit."""
    most: int | None = None
    """A longer limit than this it refuses; 0: any."""
    refused_at: float = 0.0
    """When that was found out (seconds since the epoch)."""
    taken: int = 0
    """The longest limit that it took, in this process."""
    refuses_all: bool = False
    """Whether it refused a list with a shorter limit too, and without one, in this process."""
    widest: float | None = None
    """A wider window than so many seconds it refused, in this process; ``None``: none that was asked for."""
    ends_without_cursor: bool = False
    """Whether its last page announces another one and gives no cursor, each time it is asked."""
    slips: bool = False
    """Whether it gave no list in place of one with rows, in this process."""
    means_none: bool = False
    """Whether null stood for an empty list as often as it was asked."""
    says_null: int = 0
    """How many parents were answered without a list each time they were asked, while others were given one."""
    believed: float = 0.0
    """When it was last asked for a list, having given none ever, so that null is believed (seconds since the epoch)."""


class Paging:
    """What is known of how each endpoint pages; shared by all who ask in a run.

    Args:
        remembered: What :meth:`to_remember` returned.
    """

    def __init__(self, remembered: object = None) -> None:
        known = remembered if isinstance(remembered, Mapping) else {}
        self._habits = {name: _habit(stored) for name, stored in known.items()}

    def of(self, endpoint: str) -> Habit:
        """Return the habit of an endpoint, by name; it may be changed."""
        return self._habits.setdefault(endpoint, Habit())

    def limit(self, endpoint: str, wanted: int | None) -> int | None:
        """Return the limit to send: no more than the endpoint gives anyway, or takes."""
        habit = self.of(endpoint)
        if wanted is None or habit.most == 0:
            return None
        return min(most for most in (wanted, habit.cap, habit.most) if most is not None)

    def to_remember(self) -> dict[str, Any]:
        """Return what the next process should know, as a small JSON object."""
        # caps may be lifted, and slips pass
        passing: Any = {"cap": None, "slips": False, "taken": 0, "refuses_all": False, "widest": None}
        known = {name: replace(habit, **passing) for name, habit in self._habits.items()}
        return {name: asdict(habit) for name, habit in known.items() if habit != Habit()}


def seam(page: Answer, limit: int | None, used: Collection[str], habit: Habit) -> Seam:
    """Say what follows a page.

    Args:
        page: The page.
        limit: How many rows were asked for; ``None``: it was left to the server.
        used: The cursors that were sent before, this page's included.
        habit: How its endpoint was seen to page.
    """
    count, most = len(page.rows), limit or USUAL_LIMIT
    if page.more and page.cursor and page.cursor not in used:
        return Seam.MORE
    if limit == 1 or count > most:
        return Seam.END  # who gives more than was asked for knows no limit, and gave all (old servers)
    if page.more and count < most:
        return Seam.END if habit.ends_without_cursor else Seam.AGAIN
    return Seam.DOUBT if page.more or _may_be_cut(page, limit, habit) else Seam.END


def ends_empty(page: Answer, habit: Habit, *, paged: bool) -> bool:
    """Say whether a first page without data that announces another one is an empty list, by what its endpoint does.

    Args:
        page: The page.
        habit: How its endpoint was seen to page.
        paged: Whether the endpoint is known to have pages, so that a cursor may mean what it says.
    """
    return habit.ends_without_cursor and not (paged and page.more_at())


def _may_be_cut(page: Answer, limit: int | None, habit: Habit) -> bool:
    """Whether a page that announces no other may be as long as the server lets it be, rather than as its list."""
    count = len(page.rows)
    if count == (limit or USUAL_LIMIT) and not page.paginated:
        return True
    if limit is None or count < LEAST_CAP:
        return False
    return count == limit or count > habit.longest or may_be_capped(count)


def may_be_capped(count: int) -> bool:
    """Say whether so many rows may be as many as a server gives at most, whatever is asked for."""
    return count in ROUND


def _habit(stored: object) -> Habit:
    if not isinstance(stored, Mapping):
        return Habit()
    longest, says_null, believed = (stored.get(name) for name in ("longest", "says_null", "believed"))
    most, refused_at = _refused(stored)
    return Habit(
        longest if isinstance(longest, int) else 0,
        most=most,
        refused_at=refused_at,
        ends_without_cursor=bool(stored.get("ends_without_cursor")),
        means_none=bool(stored.get("means_none")),
        says_null=says_null if isinstance(says_null, int) else 0,
        believed=float(believed) if isinstance(believed, int | float) else 0.0,
    )


def _refused(stored: Mapping[str, Any]) -> tuple[int | None, float]:
    """Return the limit above which all were refused, while that is no older than some time, and when that was seen."""
    most, at = stored.get("most"), stored.get("refused_at")
    if not isinstance(most, int) or not isinstance(at, int | float):
        return None, 0.0
    return (most, float(at)) if 0 <= time.time() - at < REFUSED_SECONDS else (None, 0.0)
