"""In which order rows come, as far as a page shows it. Pure: nobody is asked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import cast

from ..api.answers import Answer
from ..api.windows import NARROWEST, PAD, Window, whole_second
from ..copy.state import Amid, Down, Going
from ..rows.rows import instant
from .ways import Way

Known = Mapping[str, Sequence[datetime]]
"""The times of a page's rows, newest first, by each field in the order of which they come."""

ENOUGH = 20
"""So many rows of a first page come in order by no chance."""

FEW = 8
"""So many rows that a first page of twenty leaves out are the oldest by a chance of one in millions."""

PAGES = 20
"""A moment with more rows than a page is as long as this many halves of one, but no shorter than a narrow window."""


def begun(way: Way, piece: Window, page: Answer, going: Going, present: datetime | None) -> Down | None:
    """Return how a window may be read from its newest row down, after its first page; ``None``: it cannot.

    Args:
        way: How to ask.
        piece: The window.
        page: Its first page, which another one follows.
        going: What was seen before of the order of rows.
        present: Where the window is to end at the latest: when the page was asked for, by the later of two clocks;
            ``None``: its end stays where it is.
    """
    known = known_of(page, fields(way, going))
    if len(page.rows) < ENOUGH or not known or not all(map(_is_fresh, known.values())):
        return None
    if list(known) == [way.stamp] and way.also and not going.ordered_by and in_order_of_ids(page):
        return None  # edited one by one in that order, they seem to come by the time of it
    end = min(piece.end, max(present, piece.start + PAD)) if present else piece.end
    until, also = (known[name][-1] if name in known else None for name in (way.stamp, way.also))
    down = Down(piece.start, end, page.sent_at, until, also)
    above = sum(stamp >= above_it(down) for stamp in next(iter(known.values())))
    return down if going.ordered_by else replace(down, above=above)


def fields(way: Way, going: Going) -> list[str]:
    """Return the fields by which a window may come in order."""
    return (
        [going.ordered_by] if going.ordered_by else [name for name in way.fields if name not in going.not_by]
    )


def _is_fresh(stamps: Sequence[datetime]) -> bool:
    """Whether less than half of a page would be shown again by one that begins where it ends."""
    return 2 * sum(stamp <= whole_second(stamps[-1]) + PAD for stamp in stamps) < len(stamps)


def above_it(down: Down) -> datetime:
    """Return from where on a first page showed all there is, if rows come in order."""
    return whole_second(last(down)) + PAD


def last(down: Down) -> datetime:
    """Return the time of the last row that was read, by a field in the order of which rows may come."""
    return cast(datetime, down.until or down.also_until)


def bounds(way: Way, down: Down) -> dict[str, datetime]:
    """Return down to where a window was read, by each field in the order of which its rows may come."""
    both = {way.stamp: down.until, way.also: down.also_until}
    return {name: until for name, until in both.items() if until}


def known_of(page: Answer, names: Iterable[str]) -> Known:
    """Return by which of some fields the rows of a page come in order."""
    return {name: stamps for name in names if (stamps := falling(page, name))}


def leads_on(way: Way, down: Down, known: Known) -> bool:
    """Whether a page leads on to one that shows others."""
    until = bounds(way, down)
    further = any(stamps[-1] < until[name] for name, stamps in known.items())
    return further and all(map(_is_fresh, known.values()))


def taken(way: Way, down: Down, known: Known) -> Down:
    """Return where reading goes on after a page."""
    until, also = (
        min(at, known[name][-1]) if at and name in known else None
        for name, at in ((way.stamp, down.until), (way.also, down.also_until))
    )
    return replace(down, until=until, also_until=also)


def dense(stamps: Sequence[datetime]) -> Amid:
    """Return the moment at the end of a page that leads no further."""
    last, middle = whole_second(stamps[-1]), stamps[len(stamps) // 2]
    return Amid(last - max(NARROWEST, PAGES * (middle - stamps[-1])), last + PAD)


def falling(page: Answer, field: str) -> list[datetime] | None:
    """Return the times in a field of a page's rows, newest first; ``None`` where that is not how the page has them."""
    stamps = [instant(row.get(field)) for row in page.rows]
    known = [stamp for stamp in stamps if stamp is not None]
    ordered = bool(known) and len(known) == len(stamps) and known == sorted(known, reverse=True)
    return known if ordered else None


def in_order_of_ids(page: Answer) -> bool:
    """Whether a page's rows come in the order of their ids, up or down."""
    ids = [str(row.get("id")) for row in page.rows]
    return sorted(ids) in (ids, ids[::-1])
