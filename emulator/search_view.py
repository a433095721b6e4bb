"""The issues as the search index shows them: some seconds behind the writes, if so set."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from .records import Key, TimeIndex, Version


@dataclass(frozen=True, slots=True)
class Change:
    """One write: when it happened (ns), and the issue before and after it (None: it did not exist)."""

    at: int
    number: int
    old: Version | None
    new: Version | None


class SearchView:
    """Indexes over the issues that are as old as the search index.

    Writes queue up as changes; `catch_up` applies those that have become visible. Until then the version
    before the oldest waiting change is what a search shows. What was shown once stays shown, even if the lag
    is raised.
    """

    def __init__(self, created: list[Key], updated: list[Key]) -> None:
        """Start in step with the world: the keys of all its issues by creation and by update."""
        self.by_created = TimeIndex(created)
        self.by_updated = TimeIndex(updated)
        self.version = 0
        """Grows whenever a result may differ from the one before."""
        self._waiting: deque[Change] = deque()
        self._shown: dict[int, Version | None] = {}
        self._count: dict[int, int] = {}

    def record(self, change: Change) -> None:
        """Queue a write."""
        if change.number not in self._count:
            self._shown[change.number] = change.old
        self._count[change.number] = self._count.get(change.number, 0) + 1
        self._waiting.append(change)
        self.version += 1

    def catch_up(self, until: int) -> None:
        """Make the writes up to the instant `until` (ns) visible."""
        while self._waiting and self._waiting[0].at <= until:
            self._apply(self._waiting.popleft())

    def touch(self) -> None:
        """Say that a result may differ though no issue was written: its followers changed."""
        self.version += 1

    def stale(self, number: int) -> Version | None:
        """Return the old version in which an issue still appears; None if the live one is to be shown."""
        return self._shown.get(number)

    def _apply(self, change: Change) -> None:
        if change.old is not None:
            self.by_created.remove((change.old.created, change.number))
            self.by_updated.remove((change.old.updated, change.number))
        if change.new is not None:
            self.by_created.add((change.new.created, change.number))
            self.by_updated.add((change.new.updated, change.number))
        self._count[change.number] -= 1
        if self._count[change.number]:
            self._shown[change.number] = change.new
        else:
            del self._count[change.number], self._shown[change.number]
        self.version += 1
