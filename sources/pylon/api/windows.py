"""Windows of time: half-open, gapless at the seams, at most 30 days as asked. Pure arithmetic on UTC datetimes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise

PAD = timedelta(seconds=1)
"""How far a request reaches beyond its window on both sides.

Whether a bound is inclusive, and whether the server cuts it to whole seconds, is undocumented: with this overlap
neither matters, and rows that come twice are merged by their key.
"""

ASKED_MAX = timedelta(days=30)
"""The longest range that every version of the API takes (``GET /issues``, July 2026)."""

WIDEST = ASKED_MAX - 2 * PAD
"""The widest window: padded, it is exactly as long as the API allows."""

NARROWEST = timedelta(seconds=1)
"""A window this narrow is not cut further: what is in it was changed at one moment."""

EARLIEST = datetime.min.replace(tzinfo=UTC)
"""Before it nothing can be asked for. Go's zero time is this instant, so that rows may be from then."""


@dataclass(frozen=True, slots=True)
class Window:
    """The instants from ``start`` up to, but not including, ``end`` (UTC)."""

    start: datetime
    end: datetime

    @property
    def asked(self) -> tuple[datetime, datetime]:
        """The bounds to put into a request."""
        return _back(self.start, PAD), self.end + PAD

    @property
    def width(self) -> timedelta:
        """How long the window is."""
        return self.end - self.start

    def cut(self, at: datetime) -> tuple[Window, Window]:
        """Return the older and the newer part; together they are this window."""
        return Window(self.start, at), Window(at, self.end)

    def holds(self, instant: datetime) -> bool:
        """Whether a request for this window may have answered with this instant."""
        start, end = self.asked
        return start <= instant <= end


def after(start: datetime) -> Window:
    """Return the widest window that starts at ``start``; its end may lie in the future."""
    return Window(start, start + WIDEST)


def before(end: datetime, width: timedelta, floor: datetime | None) -> Window:
    """Return the window of at most ``width`` that ends at ``end`` and does not reach below ``floor``."""
    start = _back(end, max(NARROWEST, min(width, WIDEST)))
    return Window(start if floor is None else max(start, floor), end)


def cut_point(window: Window, stamps: Sequence[datetime], now: datetime) -> datetime | None:
    """Say where to cut a window whose rows do not fit one page.

    Args:
        window: The window that was asked for.
        stamps: The instants of the rows of its first page, in the order of the answer.
        now: Nothing lies after this instant, except by mistake.

    Returns:
        A whole second strictly inside the window, or ``None`` where the window is too narrow to be cut.
    """
    low, high = _whole(window.start) + NARROWEST, _ceil(min(window.end, max(now, window.start))) - NARROWEST
    if low > high:
        low, high = _whole(window.start) + NARROWEST, _ceil(window.end) - NARROWEST
    if low > high or not window.start < low < window.end:
        return None
    return min(max(_whole(_guess(window, stamps, now)), low), high)


def next_width(window: Window, rows: int, page_size: int) -> timedelta:
    """Return how wide the next window may be so that its rows probably fit one page."""
    if rows == 0:
        return WIDEST
    seconds = window.width.total_seconds() * page_size * 0.7 / rows
    return max(NARROWEST, min(WIDEST, timedelta(seconds=min(seconds, WIDEST.total_seconds()))))


def _guess(window: Window, stamps: Sequence[datetime], now: datetime) -> datetime:
    inside = [stamp for stamp in stamps if window.start < stamp < window.end]
    if not inside:
        return window.start + (min(window.end, max(now, window.start)) - window.start) / 2
    falling = all(one >= two for one, two in pairwise(inside))
    ranked = sorted(inside, reverse=True)
    # where the page is the newest part of the window, four fifths of it fit a page again; else it is a sample
    return ranked[int(len(ranked) * (0.8 if falling else 0.5))]


def _back(instant: datetime, width: timedelta) -> datetime:
    return instant - width if instant - EARLIEST > width else EARLIEST


def _whole(instant: datetime) -> datetime:
    return instant.replace(microsecond=0)


def _ceil(instant: datetime) -> datetime:
    whole = _whole(instant)
    return whole if whole == instant else whole + timedelta(seconds=1)
