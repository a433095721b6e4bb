"""What was read for one parent, what was refused, and how the reading of a lane goes. Pure."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import datetime

from ..copy.work import Times
from ..errors import PylonError
from ..rows.rows import Row

BATCH_ROWS = 8000
BATCH_SECONDS = 5.0
"""A batch costs dlt as much as a thousand rows do: it is worth waiting for. A turn that ends hands on what there is."""
FAILURES = 3
"""After so many parents in a row without a proper answer, one that is known to have been read is asked for again."""
REFUSALS = 5
"""The same where no parent was read yet in this lane, refusals included."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """What the API returned for one parent: the truth for it, nothing at all included."""

    parent: Times
    rows: list[Row]
    sent_at: datetime
    whole: bool = True
    """Whether that is all of it; else it stays due."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A parent for which nothing was given.

    ``there`` is false where the parent itself does not answer either. ``gone_at`` is when what was asked for by its own
    id was not there (UTC): if others are, it is gone.
    """

    parent: Times
    error: PylonError
    there: bool = True
    gone_at: datetime | None = None
    in_part: bool = False
    """Whether it was answered, but not in a way that may replace what the copy has."""


@dataclass
class Progress:
    """What a lane has read but not handed on, and how its reading goes."""

    read: list[Conversation] = field(default_factory=list)
    rows: int = 0
    since: float = field(default_factory=time.monotonic)
    refused: list[Refused] = field(default_factory=list)
    in_part: list[str] = field(default_factory=list)
    """Parents of which something could not be read."""
    failures: list[PylonError] = field(default_factory=list)
    in_a_row: int = 0
    cut_short: bool = False
    good: str | None = None
    """The last parent that was read."""
    stopped: PylonError | None = None

    def add(self, conversation: Conversation) -> None:
        """Note a parent that was read."""
        self.read.append(conversation)
        self.rows += len(conversation.rows) + 1
        self.in_a_row = 0
        self.good = conversation.parent.parent_id
        if not conversation.whole:
            self.in_part.append(self.good)

    def refuse(self, one: Refused) -> None:
        """Note a parent that was refused."""
        self.refused.append(one)
        self.in_a_row += self.good is None and not one.in_part

    def fail(self, error: PylonError) -> None:
        """Note a parent that gave no proper answer."""
        self.failures.append(error)
        self.in_a_row += 1

    @property
    def errors(self) -> list[PylonError]:
        """What kept parents from being read that should be there: where none was read, no other is known to be gone."""
        refused = [one for one in self.refused if not one.in_part and (one.there or self.good is None)]
        return [*self.failures, *(one.error for one in refused)]

    @property
    def doubtful(self) -> bool:
        """Whether the endpoint may be at fault rather than the parents."""
        return self.in_a_row >= (FAILURES if self.good else REFUSALS) and not self.stopped

    @property
    def ripe(self) -> bool:
        """Whether what was read is worth a batch."""
        return bool(self.read) and (self.rows >= BATCH_ROWS or time.monotonic() - self.since >= BATCH_SECONDS)

    def take(self) -> list[Conversation]:
        """Hand out what was read since the last time."""
        taken, self.read, self.rows, self.since = self.read, [], 0, time.monotonic()
        return taken
