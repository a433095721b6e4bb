"""Lists that give only a part of a wide window, without a word: another endpoint may know of rows in the rest of it.

Where a window shows no row in a quarter of it, at one of its ends, the search is asked for one there. If the list gives
that row in a narrow window, it had left it out of the wide one, and windows become as wide as what it gave.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from ..api import windows
from ..api.windows import Window
from ..errors import PylonError, TurnOver
from ..rows.rows import Row, instant
from .bad import LEAST_WIDE
from .ways import Batch, Reader

if TYPE_CHECKING:
    from .reading import Past

IN_VAIN = 8
"""So often in a process it may turn out that nothing was left out; then the list is believed."""


@dataclass
class Clamped:
    """Finds out whether a list gives the whole of its windows.

    Args:
        reader: Who reads.
        past: How to ask for a window, and how to find a row in a stretch of it.
    """

    reader: Reader
    past: Past
    _times: list[datetime] = field(default_factory=list)

    async def narrows(self, piece: Window | None, batch: Batch) -> bool:
        """Take what was read of a window; returns whether it has to be read again, in narrower ones."""
        stamp = self.past.way.stamp
        self._times += [at for row in batch.rows if (at := instant(row.get(stamp)))]
        if piece is None:
            return False
        times, self._times = self._times, []
        habit = self.reader.client.paging.of(self.past.way.endpoint.name)
        if self.past.finder is self.past.way.endpoint or piece.width <= LEAST_WIDE or batch.error:
            return False
        gap = _gap(piece, times)
        if gap.width < piece.width / 4 or habit.unclamped >= IN_VAIN:
            return False
        if not await self._leaves_out(gap):
            habit.unclamped += 1
            return False
        given = piece.width - gap.width if times else piece.width / 2
        habit.widest = max(given, LEAST_WIDE).total_seconds()
        return True

    async def _leaves_out(self, gap: Window) -> bool:
        """Whether there is a row in a stretch that was not shown, which the list gives where it is asked for it."""
        client, way = self.reader.client, self.past.way
        try:
            request = self.past.older(gap.start + 2 * windows.PAD, gap.end - 2 * windows.PAD)
            rows = (await client.first_page(self.past.finder, **request, limit=1)).rows
            row: Row = next(filter(None, rows), {})
            at = instant(row.get(way.stamp))
            if at is None or not gap.start < at < gap.end:
                return False
            page = await client.first_page(way.endpoint, **way.request(Window(at, at + windows.PAD)))
        except (PylonError, TurnOver):
            return False  # what was read counts in any case: a turn that ends here must have got further
        return any(one.get("id") == row.get("id") for one in filter(None, page.rows))


def _gap(piece: Window, times: list[datetime]) -> Window:
    """Return the longer stretch without a row at the ends of a window; all of it, where it has none."""
    inside = [at for at in times if piece.start <= at <= piece.end]
    if not inside:
        return piece
    older, newer = Window(piece.start, min(inside)), Window(max(inside), piece.end)
    return max(older, newer, key=lambda gap: gap.width)
