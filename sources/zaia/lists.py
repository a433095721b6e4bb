"""Lists of the API, page by page: how many rows to ask for, and where a list ends."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import dlt
from dlt.sources.helpers.rest_client.paginators import SinglePagePaginator

from .behind import Behind
from .errors import NoList, Refused, Unanswered, ZaiaError
from .reader import OnePage, Pages, Reader
from .rows import identified
from .settings import API, Settings

UNSIZED, NO_PAGES = 0, -1
"""In place of a page size: pages of whatever size the server gives, and no word of pages at all."""
SMALLER = (50, 20, 10, UNSIZED, NO_PAGES)
"""Tried where the server refuses a page size."""
DEFAULT_SIZE = 10
"""The documented default of pageSize."""
TOO_LARGE = frozenset({400, 413, 422})
"""How a page size is refused."""
BEHIND = frozenset({400, 404, 416, 422})
"""How a page may be refused that lies behind the last one."""
IDLE = 3
"""So many pages in a row without a new row end a list: a server may begin it anew behind its end."""
DEFAULT_LIMIT = 250
"""The documented default of pagination.limit: as many rows, or a multiple, may be no more than a cut."""
MOST_PAGES = 20_000
"""A list of which so many pages show new rows has no end."""
ROUND = 50
"""What limits of which nobody knows are multiples of."""


class Page(NamedTuple):
    """Rows that came with one answer."""

    number: int
    rows: list[Any]

    @property
    def extent(self) -> tuple[int, int]:
        """Its number, and how many rows it has."""
        return self.number, len(self.rows)


class Lists:
    """The lists of a workspace.

    Args:
        settings: Where it is, and how it is asked.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._reader = Reader(settings)
        self.session = self._reader.session
        """What sends the requests, and counts them."""
        self._sized: set[str] = set()
        """The lists of which a size has been taken since this began."""
        self._behind = Behind(self._reader)

    def pages(self, path: str, params: dict[str, Any] | None = None, first: int = 1) -> Iterator[Page]:
        """Yield the pages of a list from one on; it is complete where this ends.

        A page size that is refused is lowered, and the one that works is kept in the state.

        Raises:
            ZaiaError: The list could not be read, or not to its end.
        """
        works: dict[str, int] = dlt.current.source_state().setdefault("page_sizes", {})
        largest = works.get(path, self._settings.page_size)
        for size in [largest, *(one for one in SMALLER if one < largest)]:
            try:
                for page in self._pages(path, params or {}, size, first):
                    works[path] = size
                    self._sized.add(path)
                    yield page
            except Refused as error:
                if path in self._sized or error.status not in TOO_LARGE or size == SMALLER[-1]:
                    raise
            else:
                return

    def _pages(self, path: str, params: dict[str, Any], size: int, first: int) -> Iterator[Page]:
        asked = {**params, "pageSize": size} if size > 0 else params
        number, seen, lengths, idle = first, set[str](), list[int](), 0
        given: list[Any] = []
        try:
            for rows in self._reader.read(path, asked, OnePage() if size == NO_PAGES else Pages(first)):
                sources, odd = identified(rows)
                fresh = {source["id"] for source in sources} - seen
                if fresh or odd:
                    yield Page(number, rows)
                idle = 0 if fresh else idle + 1
                if idle >= IDLE:
                    return
                seen |= fresh
                lengths.append(len(rows))
                given = given or rows
                number += 1
                if number - first >= MOST_PAGES:
                    raise Unanswered(f"GET {API}{path}", f"{MOST_PAGES:,} pages of it have new rows")
        except (Refused, Unanswered) as error:
            if not (lengths and _is_short(lengths, size or DEFAULT_SIZE)):
                raise
            if _may_lie_behind(error):
                # some servers refuse a page that lies behind the last one; then they do so again
                yield from self._again(path, params, size, number)
            elif not self._behind.is_so(path, asked, number, given, error):
                raise

    def _again(self, path: str, params: dict[str, Any], size: int, number: int) -> Iterator[Page]:
        """Yield the pages from one on that was refused, unless it is refused for lying behind the last one."""
        try:
            yield from self._pages(path, params, size, number)
        except (Refused, NoList) as error:
            if not _may_lie_behind(error):
                raise

    def whole(
        self, path: str, params: dict[str, Any], limit: str, most: Sequence[int]
    ) -> tuple[list[Any], bool]:
        """Return a list that has no pages, and whether it may have been cut.

        Args:
            path: The list.
            params: What it is asked by.
            limit: The parameter that says how many rows to give.
            most: What to give for it, the largest first; a smaller one is tried where it is refused.

        Raises:
            ZaiaError: It could not be read.
        """
        works: dict[str, int] = dlt.current.source_state().setdefault("page_sizes", {})
        largest = works.get(path, most[0])
        for size in [largest, *(one for one in (*most, 0) if one < largest)]:
            try:
                rows = next(
                    self._reader.read(path, {**params, limit: size} if size else params, OnePage()), []
                )
            except Refused as error:
                if path in self._sized or error.status not in TOO_LARGE or size == 0:
                    raise
            else:
                works[path] = size
                self._sized.add(path)
                break
        return rows, self._may_be_cut(path, len(rows))

    @staticmethod
    def _may_be_cut(path: str, length: int) -> bool:
        """Whether an answer is as long as a limit may be: a round number, and longer than any that came before it."""
        longest: dict[str, int] = dlt.current.source_state().setdefault("longest", {})
        longest[path] = max(length, longest.get(path, 0))
        return length > 0 and (
            length % DEFAULT_LIMIT == 0 or (length % ROUND == 0 and length == longest[path])
        )

    def look(self, path: str, params: dict[str, Any]) -> list[Any]:
        """Return the first rows of a list, one where the server gives so few.

        Raises:
            ZaiaError: It could not be read.
        """
        for paging in ({"pageNumber": 1, "pageSize": 1}, {"pageNumber": 1}):
            try:
                return next(self._reader.read(path, {**params, **paging}, OnePage()), [])
            except Refused as error:
                if error.status not in TOO_LARGE:
                    raise
        return next(self._reader.read(path, params, OnePage()), [])

    def one(self, path: str) -> Any:
        """Return one object.

        Raises:
            ZaiaError: It could not be read.
        """
        return next(self._reader.read(path, {}, SinglePagePaginator()), [None])[0]


def _may_lie_behind(error: ZaiaError) -> bool:
    return isinstance(error, NoList) or (isinstance(error, Refused) and error.status in BEHIND)


def _is_short(lengths: Sequence[int], size: int) -> bool:
    """Whether the last page has fewer rows than a page may have: as many as the first one, or as was asked for."""
    return lengths[-1] < (lengths[0] if len(lengths) > 1 else size)
