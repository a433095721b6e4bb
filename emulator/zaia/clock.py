"""The world's own time: it stands still until something changes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from ..times import Clock

MADE = datetime(2026, 7, 1, 12, tzinfo=UTC)
"""The moment at which a world is made unless another is given: the same for all, so that a seed says everything."""


def text(moment: datetime) -> str:
    """Return an aware UTC moment as the API writes it: milliseconds and `Z`."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class WorldClock:
    """A clock that each change moves on by `step` seconds, or to the present of `live` if one is given."""

    def __init__(self, start: datetime, live: Clock | None = None) -> None:
        """Stand at `start`, an aware moment."""
        self._now = start.astimezone(UTC)
        self._live = live
        self.step = 7.003
        """Seconds from one change to the next; with 0 all that follows happens in one millisecond."""

    def now(self) -> datetime:
        """Return the moment of the last change."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Move on without a change."""
        self._now += timedelta(seconds=seconds)

    def tick(self) -> str:
        """Move on for a change, and return its moment as text."""
        if self._live is None:
            self.advance(self.step)
        else:
            self._now = max(self._now + timedelta(milliseconds=1), self._live())
        return text(self._now)
