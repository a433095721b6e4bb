"""Finding the moment that a server cannot give: one row that makes it fail must not cost all others.

A window that is not answered is cut in halves for as long as the endpoint answers otherwise. What is left at last, a
few seconds, is left out, and told.
"""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ..api import windows
from ..api.answers import Answer
from ..api.client import Client
from ..api.filters import rfc3339
from ..api.paging import LIMIT_REFUSED
from ..api.sending import ATTEMPTS
from ..api.windows import Window
from ..copy.state import Going, Stretch
from ..errors import LeftOut, PylonError, Rejected, Unanswered, WebPage
from .ways import Batch, Reader, Way

ELSEWHERE = Window(datetime(2000, 1, 1, tzinfo=UTC), datetime(2000, 1, 1, tzinfo=UTC) + windows.NARROWEST)
"""A window without rows, of which any endpoint that answers at all can tell."""
LEAST_WIDE = timedelta(days=1)
"""A server that refuses a window of this width does not refuse it for that."""
MOST_LEFT = 5
"""How many moments of a stretch may be left out."""
TRIES = 2
"""How often part of a window that failed is asked for: where it fails by chance, it is only cut once more."""
MOST_IN_VAIN = 1
"""How many of them may follow each other in a run without a row between them."""


async def failure(client: Client, way: Way, window: Window) -> Unanswered | None:
    """Return how a window fails that was not answered before, asked for once; ``None``: it need not any more."""
    try:
        await client.ask(way.endpoint, **way.request(window), attempts=1)
    except Unanswered as error:
        return None if isinstance(error, WebPage) else error
    return None


async def elsewhere(asked: Awaitable[Answer], error: Unanswered) -> Answer:
    """Return what is answered for a stretch without rows.

    Raises:
        Unanswered: Nothing is, so that the endpoint is at fault: the error as it was.
    """
    try:
        return await asked
    except PylonError:
        raise error from None


async def narrowed(client: Client, way: Way, piece: Window, error: Rejected) -> None:
    """Let the windows of an endpoint be half as wide as one that it refused, since there may be a widest one.

    Raises:
        Rejected: That is no reason: the error as it was.
    """
    if error.status not in LIMIT_REFUSED or piece.width < LEAST_WIDE:
        raise error
    try:
        await client.first_page(way.endpoint, **way.request(ELSEWHERE))
    except PylonError:
        raise error from None
    client.paging.of(way.endpoint.name).widest = piece.width.total_seconds() / 2


@dataclass
class Search:
    """The search for what makes one reading fail.

    Args:
        client: Whom to ask.
        way: How to ask for a window.
        going: Keeps what failed, so that the next turn goes on with it.
        newest_first: Whether windows are read from the newest on.
    """

    client: Client
    way: Way
    going: Going
    newest_first: bool

    async def narrow(self, piece: Window, error: Unanswered) -> Batch | None:
        """Take a window that was not answered; return what to make of it where it is too narrow to be cut.

        Raises:
            Unanswered: The endpoint answers nothing else either.
        """
        if isinstance(error, WebPage):
            raise error
        narrow = piece.width <= windows.NARROWEST
        # before a window is cut, and before one is given up
        answer = None
        if narrow or self.going.failed_within is None:
            asked = self.client.first_page(self.way.endpoint, **self.way.request(ELSEWHERE))
            answer = await elsewhere(asked, error)
        self.going.failed_within = piece
        if answer and narrow:
            self.going.failed_within = None
            left_out = LeftOut(error, *map(rfc3339, piece.asked))
            return Batch([], answer.sent_at, whole=False, error=left_out)
        if answer and piece.start < (present := answer.sent_at + self.client.ahead):
            self.going.failed_within = Window(piece.start, min(piece.end, present))
        return None

    def attempts(self, piece: Window) -> int:
        """Return how often a window is to be asked for; one that may be left out, or is the first to fail, in full."""
        return TRIES if self.going.failed_within and piece.width > windows.NARROWEST else ATTEMPTS

    def read(self, piece: Window) -> None:
        """Note that a window was read."""
        if (failed := self.going.failed_within) is not None:
            rest = (failed.start, piece.start) if self.newest_first else (piece.end, failed.end)
            self.going.failed_within = Window(*rest) if rest[0] < rest[1] else None

    @property
    def width(self) -> timedelta | None:
        """How wide the next window is to be, half of what is left of the one that failed; ``None``: none has."""
        failed = self.going.failed_within
        return None if failed is None else max(failed.width / 2, windows.NARROWEST)


class LeavingOut:
    """Leaves out the moments that cannot be read while others can.

    Args:
        reader: Who reads, and tells of them.
        stretch: Where they are kept.
        of_history: Whether they are of the history.
    """

    def __init__(self, reader: Reader, stretch: Stretch, *, of_history: bool) -> None:
        self._reader, self._stretch, self._of_history = reader, stretch, of_history

    def see(self, piece: Window | None, batch: Batch) -> None:
        """Note a moment that could not be read, once however often it is met, and tell it.

        Raises:
            PylonError: There are too many of them, or no row came after the last one: the endpoint is at fault.
        """
        going = self._stretch.backwards if self._of_history else self._stretch.forwards
        if batch.rows:
            going.in_vain = 0
        if batch.error is None or piece is None:
            return
        known = self._stretch.left_out(of_history=self._of_history)
        near = [one for one in known if one.start <= piece.end and piece.start <= one.end]
        others = [one for one in known if one not in near]
        if len(others) >= MOST_LEFT or (not near and going.in_vain >= MOST_IN_VAIN):
            going.in_vain = 0  # the next run may get past it
            raise batch.error
        going.in_vain += not near
        joined = Window(min(one.start for one in (piece, *near)), max(one.end for one in (piece, *near)))
        self._stretch.leave_out([*others, joined], of_history=self._of_history)
        if self._reader.leave_out:
            self._reader.leave_out(batch.error)
