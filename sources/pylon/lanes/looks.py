"""How often one run looks for what has changed: so that it ends although edits never do.

A look goes from a lookback before the watermark to the present. What it finds makes other work due, so a run that
looked again and again while more is edited than can be read would have no end.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime

WORTH = 2
"""A run looks again once so many times more was read of what was due than its looks have added to it."""


@dataclass
class Look:
    """The first look of a run at one stretch: what was there when it began is to be read in this run."""

    goal: datetime | None = None
    """Up to where it goes (UTC): the present when it began; ``None``: it has not begun, or it is over."""
    done: bool = False
    """Whether it is over; what later turns find is a gain, and what they do not reach is not due in this run."""

    def aim(self, goal: datetime) -> None:
        """Fix up to where it goes; later ones go to where the present is then."""
        if not self.done:
            self.goal = goal

    def end(self) -> None:
        """Note that it is over."""
        self.goal, self.done = None, True


@dataclass
class Looks:
    """The looks of one run, by table and parent."""

    _looks: defaultdict[tuple[str, str], Look] = field(default_factory=lambda: defaultdict(Look))
    added: int = 0
    """Readings that became due by what later looks found."""

    def of(self, table: str, parent: str = "") -> Look:
        """Return the first look at a stretch, which may be over."""
        return self._looks[table, parent]

    def worthwhile(self, done: int) -> bool:
        """Whether to look again.

        For as long as that holds, no more than half of what a run reads is what its looks have added: so it ends.

        Args:
            done: How many readings of what was due the run has made.
        """
        return self.added * WORTH <= done
