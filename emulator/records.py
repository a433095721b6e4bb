"""What the world keeps of an issue, and the sorted index over one of its times."""

from __future__ import annotations

import gc
from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

JSON = dict[str, Any]
Key = tuple[int, int]
"""A time in nanoseconds and an issue number: unique, and ordered by time."""


@dataclass(slots=True)
class Children:
    """The messages (oldest first), threads (None where the service says null) and followers of an issue."""

    messages: list[JSON] = field(default_factory=list)
    threads: list[JSON] | None = None
    followers: list[JSON] = field(default_factory=list)


@dataclass(slots=True)
class IssueRecord:
    """An issue: what the indexes need, and its body and children once somebody has asked for or changed them.

    Times are nanoseconds since 1970. `body` is the serialised issue; while it or `children` is None, the
    generator gives the same answer each time. A world of half a million issues therefore starts small.
    """

    number: int
    id: str
    created: int
    updated: int
    account_id: str | None
    requester: int
    message_count: int
    body: bytes | None = None
    children: Children | None = None
    scrubbed: bool = False


@dataclass(frozen=True, slots=True)
class Version:
    """An issue as it was at some moment: serialised, with the two times by which it is found."""

    number: int
    created: int
    updated: int
    body: bytes


@contextmanager
def collector_paused() -> Iterator[None]:
    """Pause the garbage collector: with a million new objects it takes longer than all the rest, in vain."""
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()


class TimeIndex:
    """Issue numbers in the order of one of their times; finding a range costs a bisection."""

    def __init__(self, keys: Iterable[Key] = ()) -> None:
        """Sort `keys`."""
        self.keys: list[Key] = sorted(keys)

    def __len__(self) -> int:
        """Return how many issues are indexed."""
        return len(self.keys)

    def add(self, key: Key) -> None:
        """Insert a key."""
        insort(self.keys, key)

    def remove(self, key: Key) -> None:
        """Remove a key that is present; raise KeyError if it is not."""
        position = bisect_left(self.keys, key)
        if position == len(self.keys) or self.keys[position] != key:
            raise KeyError(key)
        del self.keys[position]

    def range(self, low: int | None, high: int | None, bounds: str = "[]") -> tuple[int, int]:
        """Return the positions [first, stop) of the times between `low` and `high` (None: unbounded)."""
        first, stop = 0, len(self.keys)
        if low is not None:
            first = bisect_left(self.keys, (low, 0) if bounds[0] == "[" else (low + 1, 0))
        if high is not None:
            stop = bisect_left(self.keys, (high + 1, 0) if bounds[1] == "]" else (high, 0))
        return first, max(first, stop)

    def before(self, key: Key) -> int:
        """Return the position of the first key that is not smaller than `key`."""
        return bisect_left(self.keys, key)
