"""Refusals in a row that last longer than any window does: a penalty, or an outage, which says nothing of a limit."""

from __future__ import annotations

from .belief import Belief


class Row:
    """What was believed when the last row of refusals began, to go back to it.

    Args:
        belief: What is believed.
    """

    def __init__(self, belief: Belief) -> None:
        self._belief, self._climbed = belief, False
        self._met: tuple[int, int] | None = None

    def refused(self, *, first: bool) -> None:
        """Note a refusal, before anything is learnt of it; ``first``: something was accepted since the one before."""
        if first:
            self._climbed, self._met = self._belief.climbing, None
        elif self._met is None:  # the first of a row may have met the limit
            self._met = self._belief.limit, self._belief.held

    def ended(self, windows: float) -> None:
        """Forget what all but the first taught, if for so many windows nothing was let through; 0.0: not for one."""
        if not windows or not self._met:
            return
        self._belief.limit, self._belief.held = self._met
        first = self._belief.patience.penalized(windows * self._belief.limit)
        self._belief.climbing, self._met = first and self._climbed, None
