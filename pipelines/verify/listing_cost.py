"""How many requests a complete listing of issues takes, worked out from what is known of them. Pure."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from pylon_elt.sources.pylon.api import windows


def listing_cost(
    created: Sequence[datetime], now: datetime, floor: datetime | None, page_size: int
) -> Counter[str]:
    """Walk through the windows of a listing as the reader does, and count its requests by endpoint name.

    Args:
        created: When the known issues were created (UTC), in any order.
        now: The present (UTC).
        floor: Issues created before it are left out.
        page_size: Rows in a page; 0: no limit.
    """
    stamps = sorted(created)
    counted = Counter({"me": 1})
    until, width = now + windows.PAD, windows.WIDEST
    while until > (floor or windows.EARLIEST):
        window = windows.before(until, width, floor)
        start, end = window.asked
        rows = bisect_right(stamps, end) - bisect_left(stamps, start)
        counted["list_issues"] += _pages(rows, page_size)
        until, width = window.start, windows.next_width(window, rows, page_size or rows)
        if rows or (floor and until <= floor):
            continue
        # an empty window: the search is asked for what is older, and once more for what is between
        older = bisect_left(stamps, until)
        counted["search_issues"] += 2 if older else 1
        if not older:
            break
        until = min(until, stamps[older - 1] + windows.PAD)
    return counted


def _pages(rows: int, page_size: int) -> int:
    """A window that does not fit a page is cut, a request for each cut, into pieces of about four fifths of a page."""
    if not page_size or rows <= page_size:
        return 1
    pieces = -(-rows * 5 // (page_size * 4))
    return 2 * pieces - 1
