"""Finding issues in the search index: which match, newest first, and one page of them."""

from __future__ import annotations

from collections import OrderedDict
from typing import Literal

from .candidates import IssueRow
from .filters import Filter
from .paging import Place
from .records import Children, IssueRecord, Key, Version
from .store import Store

Sort = Literal["created", "updated"]
_KEPT = 4


class Searcher:
    """Runs searches over a store, and keeps the last few results while nothing has changed."""

    def __init__(self, store: Store) -> None:
        """Search in `store`."""
        self._store = store
        self._results: OrderedDict[tuple[str, str, int], list[Key]] = OrderedDict()

    def result(self, query: str, wanted: Filter, text: str, sort: Sort) -> list[Key]:
        """Return the keys (time, number) of all matches, newest first; `query` is the request's digest."""
        memo = (query, sort, self._store.view.version)
        if memo not in self._results:
            self._results[memo] = self._find(wanted, text.casefold(), sort)
            while len(self._results) > _KEPT:
                self._results.popitem(last=False)
        return self._results[memo]

    def _find(self, wanted: Filter, text: str, sort: Sort) -> list[Key]:
        found: list[Key] = []
        for number in self._candidates(wanted):
            row = IssueRow(self._store.shown(number), self._store.body, self._children, self._store.form_of)
            if wanted.matches(row) and (not text or _contains(row, text)):
                found.append((_time(row.source, sort), number))
        found.sort(reverse=True)
        return found

    def _candidates(self, wanted: Filter) -> list[int]:
        """Return the numbers in the narrowest range that an index gives."""
        view = self._store.view
        ranges = [
            (index, *index.range(*wanted.span.get(name, (None, None))))
            for name, index in (("created_at", view.by_created), ("updated_at", view.by_updated))
        ]
        index, first, stop = min(ranges, key=lambda found: found[2] - found[1])
        return [number for _, number in index.keys[first:stop]]

    def _children(self, number: int) -> Children:
        record = self._store.find(number)
        return self._store.children(record) if record else Children()


def _time(row: IssueRecord | Version, sort: Sort) -> int:
    return row.created if sort == "created" else row.updated


def _contains(row: IssueRow, text: str) -> bool:
    return any(text in str(row.object.get(name) or "").casefold() for name in ("title", "body_html"))


def cut(result: list[Key], place: Place | None, limit: int, step_back: int = 0) -> tuple[list[Key], int]:
    """Return the page of a result that starts at `place`, and the offset after it.

    `step_back` rows before the place come again, as a faulty service repeats a row at a page's edge.
    """
    if place is None:
        start = 0
    elif isinstance(place, int):
        start = place
    else:
        start = _after(result, place)
    start = max(0, start - step_back)
    page = result[start : start + limit]
    return page, start + len(page)


def _after(result: list[Key], key: Key) -> int:
    """Return the position of the first key smaller than `key` in a descending result."""
    low, high = 0, len(result)
    while low < high:
        middle = (low + high) // 2
        if result[middle] >= key:
            low = middle + 1
        else:
            high = middle
    return low
