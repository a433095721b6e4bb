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

NARROWEST = timedelta(seconds=4)
"""A window this narrow is not cut further: what is in it was changed at one moment.

Padded, it holds a whole second with all that was changed in it; narrower ones would each show that second again.
"""

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

    def oldest(self, width: timedelta) -> Window:
        """Return its oldest part, at most ``width`` long."""
        return self if self.width <= width else Window(self.start, self.start + width)

    def newest(self, width: timedelta) -> Window:
        """Return its newest part, at most ``width`` long."""
        return self if self.width <= width else Window(self.end - width, self.end)

    def holds(self, instant: datetime) -> bool:
        """Whether a request for this window may have answered with this instant, by bounds in whole seconds too."""
        start, end = self.asked
        return whole_second(start) <= instant <= _ceil(end)


def exactly(start: datetime, end: datetime) -> Window:
    """Return the window that is asked for by these bounds as they are."""
    return Window(start + PAD, _back(end, PAD))


def whole_second(instant: datetime) -> datetime:
    """Return the beginning of the second in which an instant lies."""
    return instant.replace(microsecond=0)


def after(start: datetime) -> Window:
    """Return the widest window that starts at ``start``; its end may lie in the future."""
    return Window(start, start + WIDEST)


def before(end: datetime, width: timedelta, floor: datetime | None) -> Window:
    """Return the window of at most ``width`` that ends at ``end`` and does not reach below ``floor``."""
    start = _back(end, max(NARROWEST, min(width, WIDEST)))
    return Window(start if floor is None else max(start, floor), end)


def cut_point(
    window: Window, stamps: Sequence[datetime], now: datetime, *, newest_first: bool, again: bool = False
) -> datetime | None:
    """Say where to cut a window whose rows do not fit one page.

    Args:
        window: The window that was asked for.
        stamps: The instants of the rows of its first page, in the order of the answer.
        now: Nothing lies after this instant, except by mistake.
        newest_first: Whether its newer part is the one to be read next.
        again: Whether the window is itself a part of one that did not fit.

    Returns:
        A whole second strictly inside the window, or ``None`` where the window is too narrow to be cut.
    """
    reach = Window(window.start, min(window.end, max(now, window.start)))
    if reach.width <= NARROWEST:
        reach = window
    if window.width <= NARROWEST:
        return None
    inside = sorted(_within(reach, stamps), reverse=True)
    falling = bool(inside) and all(one >= two for one, two in pairwise(stamps))
    middle = reach.start + reach.width / 2
    guess = _newer_part(inside, falling) if newest_first else _older_part(inside, falling)
    if guess is None or again:  # twice in a row: each cut halves what is to be read next, or does better
        guess = max(guess or middle, middle) if newest_first else min(guess or middle, middle)
    second = timedelta(seconds=1)
    low, high = whole_second(window.start) + second, _ceil(window.end) - second
    if newest_first:
        return max(min(whole_second(guess), _ceil(reach.end) - NARROWEST, high), low)
    return min(max(whole_second(guess), whole_second(window.start) + NARROWEST), high)


def next_width(window: Window, rows: int, page_size: int) -> timedelta:
    """Return how wide the next window may be so that its rows probably fit one page."""
    if rows == 0:
        return WIDEST
    seconds = window.width.total_seconds() * page_size * 0.7 / rows
    return max(NARROWEST, min(WIDEST, timedelta(seconds=min(seconds, WIDEST.total_seconds()))))


def _within(reach: Window, stamps: Sequence[datetime]) -> list[datetime]:
    """Return the instants in a stretch; those shown only since a request reaches beyond it lie at its edge.

    Without those, a page that a crowded second before the window fills would say nothing of where to cut.
    """
    beyond = 2 * PAD  # a bound may be cut to a whole second besides
    near = (stamp for stamp in stamps if reach.start - stamp < beyond and stamp - reach.end < beyond)
    return [min(max(stamp, reach.start), reach.end) for stamp in near]


def _newer_part(inside: Sequence[datetime], falling: bool) -> datetime | None:
    """Return where the newer part should begin so that it fits a page, and is no smaller than it need be."""
    # where the page is the newest part of the window, four fifths of it fit a page again; else it is a sample
    return inside[int(len(inside) * (0.8 if falling else 0.5))] if inside else None


def _older_part(inside: Sequence[datetime], falling: bool) -> datetime | None:
    """Return where the older part should end: it may be empty up to where the page's rows begin."""
    if not inside:
        return None
    return inside[-1] - 2 * PAD if falling else inside[len(inside) // 2]


def _back(instant: datetime, width: timedelta) -> datetime:
    return instant - width if instant - EARLIEST > width else EARLIEST


def _ceil(instant: datetime) -> datetime:
    whole = whole_second(instant)
    return whole if whole == instant else whole + timedelta(seconds=1)
