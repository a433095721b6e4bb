"""Complete readings of lists, and how many it takes: page numbers shift while rows come and go.

A row that leaves a list lets the one behind it slip over the seam between two pages. It is then in none of them. The
next reading shows it: so lists with seams are read until a reading shows no row that none before has shown.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .changes import Changes
from .errors import Hopeless, ZaiaError
from .lists import Lists

MOST = 5
"""So many readings at most: where rows come faster than they are read, the next run goes on."""


@dataclass
class Extent:
    """How far a list goes, as its last complete reading found."""

    pages: int = 0
    per_page: int = 0
    on_last: int = 0

    @property
    def rows(self) -> int:
        """How many rows it has, if all pages but the last are equally long."""
        return max(0, self.pages - 1) * self.per_page + self.on_last

    def grow(self, number: int, length: int) -> None:
        """Take a page into account."""
        if number == 1:
            self.per_page = length
        self.pages, self.on_last = number, length


class Readings:
    """Readings of one or more lists that together hold a table's rows, each row in one of them at a time.

    Args:
        lists: The lists of the workspace.
        changes: What the copy makes of them.
        parts: The lists to read, as parameters by name.
    """

    def __init__(self, lists: Lists, changes: Changes, parts: Mapping[str, dict[str, Any]]) -> None:
        self._lists = lists
        self._changes = changes
        self._parts = dict(parts)
        self.seen: set[str] = set()
        """What any reading has shown."""
        self.last: set[str] = set()
        """What the last one has shown."""
        self.failed: dict[str, ZaiaError] = {}
        """What could not be read, by the name of the part."""
        self.extents: dict[str, Extent] = {}
        self.times = 0

    @property
    def seams(self) -> bool:
        """Whether a row could have slipped from a page to another, or from a list to another."""
        return any(extent.pages > 1 for extent in self.extents.values())

    def read(self, *, at_least: int = 1) -> Iterator[Any]:
        """Read all lists, again where that may show more, and yield what there is to load.

        Args:
            at_least: How many readings to make where nothing else asks for more.
        """
        while self._parts and self.times < MOST:
            known = len(self.seen)
            yield from self._read_once()
            if self.times < at_least or (self.times == 1 and self.seams):
                continue
            if self.times == 1 or len(self.seen) == known:
                return

    def _read_once(self) -> Iterator[Any]:
        self.last = set()
        self.times += 1
        for name, params in list(self._parts.items()):
            extent = Extent()
            try:
                for page in self._lists.pages(self._changes.table.path, params):
                    ids, items = self._changes.take(page.rows)
                    self.last |= ids
                    extent.grow(*page.extent)
                    yield from items
            except Hopeless:
                raise
            except ZaiaError as error:
                self.failed[name] = error
                del self._parts[name]
            self.extents[name] = extent
        self.seen |= self.last


def both_ends(
    lists: Lists, changes: Changes, params: dict[str, Any], pages: int
) -> Generator[Any, None, Extent]:
    """Read a list from its two ends, each until a page shows nothing new, and return its extent.

    Which of the ends is the newer one is not documented, so both are looked at; how many rows that are new lie in
    between, the count of the rows tells.

    Args:
        lists: The lists of the workspace.
        changes: What the copy makes of it.
        params: What it is asked by.
        pages: How many pages it had when it was read last.
    """
    extent, path = Extent(), changes.table.path
    for page in lists.pages(path, params):
        _, items = changes.take(page.rows)
        yield from items
        extent.grow(*page.extent)
        if not items and pages > page.number:
            break
    else:
        return extent
    seen, news, ended = extent.pages, False, False
    for page in lists.pages(path, params, first=pages):
        _, items = changes.take(page.rows)
        yield from items
        extent.grow(*page.extent)
        news, ended = news or bool(items), True
    for number in range(pages - 1, seen, -1):
        if ended and not news:
            break
        for page in lists.pages(path, params, first=number):
            _, items = changes.take(page.rows)
            yield from items
            news = bool(items)
            if not ended:
                extent.grow(*page.extent)
                ended = True
            break
    return extent
