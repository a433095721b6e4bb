"""When the next run of a workspace is to begin. Pure: times are seconds of a clock that never goes back."""

from __future__ import annotations

import re

from ..base import exits

GATHER = 0.5
"""Seconds for which rings are gathered before the run that they ask for begins."""
APART = 4.0
"""Seconds between the beginnings of two runs that rings ask for: each costs a search, and 20 are allowed a minute."""
BUSY = 5.0
LONGEST_BUSY = 60.0
"""Seconds until a run is tried again that found another one at work: at first, and at the most."""
RETRY = 30.0
"""Seconds until a run that failed is tried again; twice as long after each further one, up to the interval."""
SHARE = 0.5
"""Of the time until the next run, what a sweep may take: ``pylon transform`` and the like need the copy too."""
SHORTEST_SWEEP = 20.0
"""Seconds that are worth one."""
REST = 3600.0
"""Seconds for which no sweep begins after one that had nothing more to read."""

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def seconds_of(text: str) -> float:
    """Return the seconds of an interval such as ``90s``, ``15m``, ``2h`` or ``1d``.

    Raises:
        Problem: It is none, or shorter than a second.
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd])", text.strip().lower())
    seconds = float(found[1]) * _UNITS[found[2]] if found else 0.0
    if seconds < 1:
        raise exits.Problem(
            f"--every {text} is no interval of a second or more.",
            "Write a number and a unit, such as 90s, 15m, 2h or 1d.",
            exits.USAGE,
        )
    return seconds


class Schedule:
    """The runs of one workspace: whole ones at an interval, and in between those that rings ask for.

    Args:
        every: Seconds from the beginning of a whole run to that of the next.
    """

    def __init__(self, every: float) -> None:
        self._every = every
        self._whole_at = 0.0
        self._not_before = 0.0
        self._begun_at = -APART
        self._rung_at: float | None = None
        self._failures = {True: 0, False: 0}
        self._locked = 0
        self._whole = self._well = True
        self._sweep_at = 0.0

    def ring(self, now: float) -> None:
        """Note that an issue has changed."""
        if self._rung_at is None:
            self._rung_at = now

    def next_at(self) -> float:
        """Return when the next run is to begin; a time that is over means at once."""
        return max(self._not_before, min(self._whole_at, self._for_rings_at()))

    def begin(self, now: float) -> bool:
        """Note that a run begins; return whether it is a whole one. It also answers what has rung until now."""
        self._whole = self._whole_at <= now
        self._begun_at, self._rung_at = now, None
        if self._whole:
            self._whole_at = now + self._every
        return self._whole

    def end(self, now: float, code: int, *, issues_were_read: bool = False) -> None:
        """Note that the run is over. What has failed is due again, after a pause that grows.

        Args:
            now: The present.
            code: The run's exit code.
            issues_were_read: Whether only other things failed, which may do so for months: no ring waits for them.
        """
        self._well = code == exits.DONE or issues_were_read
        if code == exits.DONE:
            self._failures |= {False: 0, self._whole: 0}
            self._locked, self._not_before = 0, 0.0
            return
        pause = self._pause(code)
        if issues_were_read:
            self._whole_at = min(self._whole_at, now + pause)
            return
        self._not_before = now + pause
        if self._whole:
            self._whole_at = now
        else:
            self.ring(now)

    def _pause(self, code: int) -> float:
        """Return the seconds after which a run that ended so is tried again."""
        if code == exits.LOCKED:
            self._locked += 1
            pause = min(BUSY * 2.0 ** min(self._locked - 1, 10), LONGEST_BUSY)
        else:
            self._failures[self._whole] += 1
            pause = RETRY * 2.0 ** min(self._failures[self._whole] - 1, 10)
        return min(pause, self._every)

    def spare(self, now: float) -> float:
        """Return the seconds that a sweep may take now; 0 for no sweep."""
        seconds = SHARE * (self.next_at() - now)
        is_wanted = self._well and now >= self._sweep_at
        return seconds if is_wanted and seconds >= SHORTEST_SWEEP else 0.0

    def swept(self, now: float, *, all_of_it: bool) -> None:
        """Note that a sweep has ended by itself, and whether it found nothing more to read."""
        self._sweep_at = now + REST if all_of_it else self._whole_at

    def _for_rings_at(self) -> float:
        if self._rung_at is None:
            return float("inf")
        return max(self._rung_at + GATHER, self._begun_at + APART)
