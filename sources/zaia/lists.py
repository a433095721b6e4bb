"""Lists of the API, page by page, by dlt's ``rest_api``: what holds a list, and where it ends."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import dlt
from dlt.extract.exceptions import ResourceExtractionError
from dlt.sources.helpers.rest_client.detector import find_response_page_data
from dlt.sources.helpers.rest_client.paginators import BasePaginator, PageNumberPaginator, SinglePagePaginator
from dlt.sources.rest_api import rest_api_resources
from dlt.sources.rest_api.typing import RESTAPIConfig
from requests import Response

from .errors import NothingAnswers, NotZaia, Refused, Unanswered, ZaiaError
from .session import Session
from .settings import API, Settings

SMALLER = (50, 20, 10)
"""Tried where the server refuses a page size; at last it is asked for no paging at all."""
DEFAULT_LIMIT = 250
"""The documented default of pagination.limit: as many rows, or a multiple, may be no more than a cut."""
UNANSWERED, LACKING = 3, 8
"""After so many lists that failed, or that the workspace lacks, without one that was read, the run ends."""


class Page(NamedTuple):
    """Rows that came with one answer."""

    number: int
    rows: list[Any]

    @property
    def extent(self) -> tuple[int, int]:
        """Its number, and how many rows it has."""
        return self.number, len(self.rows)


class Pages(PageNumberPaginator):
    """Page after page up to an empty one: a short one may have been cut, or filtered.

    Args:
        first: The number of the first page to ask for.
    """

    def __init__(self, first: int = 1) -> None:
        super().__init__(base_page=1, page=first, page_param="pageNumber", total_path=None)
        self._before: list[Any] | None = None

    def update_state(self, response: Response, data: list[Any] | None = None) -> None:
        """Look whether there is another page.

        Raises:
            Unanswered: The answer holds no list, which says nothing of rows.
        """
        _refuse_no_list(response)
        super().update_state(response, data)
        if data == self._before:  # who does not know page numbers gives the same again
            self._has_next_page = False
        self._before = data


class OnePage(SinglePagePaginator):
    """A list that comes whole."""

    def update_state(self, response: Response, data: list[Any] | None = None) -> None:
        """Look whether it is a list.

        Raises:
            Unanswered: The answer holds none.
        """
        _refuse_no_list(response)
        super().update_state(response, data)


class Lists:
    """The lists of a workspace.

    Args:
        settings: Where it is, and how it is asked.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.session = Session(
            settings.timeout_seconds,
            settings.requests_per_minute,
            settings.attempts,
            settings.backoff_seconds,
        )
        """What sends the requests, and counts them."""
        self._answered = False
        self._unanswered = self._lacking = 0

    def pages(self, path: str, params: dict[str, Any] | None = None, first: int = 1) -> Iterator[Page]:
        """Yield the pages of a list from one on; it is complete where this ends.

        A page size that is refused is lowered, and the one that works is kept in the state.

        Raises:
            ZaiaError: The list could not be read, or not to its end.
        """
        works: dict[str, int] = dlt.current.source_state().setdefault("page_sizes", {})
        sizes = [works[path]] if path in works else [self._settings.page_size, *SMALLER, 0]
        for size in dict.fromkeys(sizes):
            try:
                for page in self._pages(path, params or {}, size, first):
                    works[path] = size
                    yield page
            except Refused as error:
                if path in works or error.status not in {400, 422} or size == 0:
                    raise
            else:
                return

    def _pages(self, path: str, params: dict[str, Any], size: int, first: int) -> Iterator[Page]:
        asked = {**params, "pageSize": size} if size else params
        number, before = first, None
        try:
            for rows in self._read(path, asked, Pages(first) if size else OnePage()):
                if rows and rows != before:
                    yield Page(number, rows)
                number, before = number + 1, rows
        except Refused:
            # some servers refuse a page that lies behind the last one
            if number == first or before is None or len(before) >= size:
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
        sizes = [works[path]] if path in works else [*most, 0]
        for size in sizes:
            try:
                rows = next(self._read(path, {**params, limit: size} if size else params, OnePage()), [])
            except Refused as error:
                if path in works or error.status not in {400, 422} or size == 0:
                    raise
            else:
                works[path] = size
                break
        return rows, len(rows) > 0 and len(rows) % DEFAULT_LIMIT == 0

    def look(self, path: str, params: dict[str, Any]) -> list[Any]:
        """Return the first rows of a list, one where the server gives so few.

        Raises:
            ZaiaError: It could not be read.
        """
        return next(self._read(path, {**params, "pageNumber": 1, "pageSize": 1}, OnePage()), [])

    def one(self, path: str) -> Any:
        """Return one object.

        Raises:
            ZaiaError: It could not be read.
        """
        return next(self._read(path, {}, SinglePagePaginator()), [None])[0]

    def _read(self, path: str, params: dict[str, Any], paginator: BasePaginator) -> Iterator[list[Any]]:
        (resource,) = rest_api_resources(self._config(path, params, paginator))
        try:
            for page in resource.add_step(_as_one):
                self._answered = True
                yield list(page)
        except ResourceExtractionError as error:
            raise self._counted(_ours(error, path)) from None

    def _config(self, path: str, params: dict[str, Any], paginator: BasePaginator) -> RESTAPIConfig:
        endpoint: Any = {"path": path, "params": params, "paginator": paginator}
        if isinstance(paginator, SinglePagePaginator) and not isinstance(paginator, OnePage):
            endpoint["data_selector"] = "$"
        return {
            "client": {
                "base_url": f"{self._settings.base_url}{API}",
                "auth": {"type": "api_key", "name": "Authorization", "api_key": self._settings.api_key},
                "session": self.session,
            },
            "resources": [{"name": "page", "endpoint": endpoint}],
        }

    def _counted(self, error: ZaiaError) -> ZaiaError:
        """Make one error of all where nothing at the host has answered."""
        self._unanswered += isinstance(error, Unanswered)
        self._lacking += isinstance(error, Refused) and error.is_lacking
        if self._answered or (self._unanswered < UNANSWERED and self._lacking < LACKING):
            return error
        known = NotZaia if isinstance(error, Refused) else NothingAnswers
        return known(f"No list can be read. {error.message}", "Check base_url. Nothing was changed.")


def _as_one(rows: list[Any], _: Any = None) -> Any:
    """Keep a page together: dlt hands out what is in a list one by one."""
    return tuple(rows)


def _refuse_no_list(response: Response) -> None:
    if not isinstance(find_response_page_data(response.json())[1], list):
        raise Unanswered(f"GET {response.request.path_url.partition('?')[0]}", "the answer holds no list")


def _ours(error: BaseException, path: str) -> ZaiaError:
    """Return what :mod:`.errors` says of a failure that dlt has wrapped."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ZaiaError):
            return cause
        cause = cause.__cause__ or cause.__context__
    return Unanswered(f"GET {API}{path}", type(error).__name__)
