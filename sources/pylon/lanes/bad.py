"""Finding the moment that a server cannot give: one row that makes it fail must not cost all others.

A window that is not answered is cut in halves for as long as the endpoint answers otherwise. What is left at last, a
few seconds, is left out, and told.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ..api import windows
from ..api.answers import Answer
from ..api.client import Client
from ..api.filters import rfc3339
from ..api.windows import Window
from ..copy.state import Going
from ..errors import LeftOut, PylonError, Unanswered, WebPage
from .ways import Batch, Way

ELSEWHERE = Window(datetime(2000, 1, 1, tzinfo=UTC), datetime(2000, 1, 1, tzinfo=UTC) + windows.NARROWEST)
"""A window without rows, of which any endpoint that answers at all can tell."""


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
        answer = await self._elsewhere(error) if narrow or self.going.failed_within is None else None
        self.going.failed_within = piece
        if answer and narrow:
            self.going.failed_within = None
            left_out = LeftOut(error, *map(rfc3339, piece.asked))
            return Batch([], answer.sent_at, whole=False, error=left_out)
        if answer and piece.start < (present := answer.sent_at + self.client.ahead):
            self.going.failed_within = Window(piece.start, min(piece.end, present))
        return None

    async def _elsewhere(self, error: Unanswered) -> Answer:
        try:
            return await self.client.first_page(self.way.endpoint, **self.way.request(ELSEWHERE))
        except PylonError:
            raise error from None

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
