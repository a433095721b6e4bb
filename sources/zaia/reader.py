"""One request after another for a list, by dlt's ``rest_api``, and what it means where nothing is answered at all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dlt.extract.exceptions import ResourceExtractionError
from dlt.sources.helpers.rest_client.paginators import BasePaginator, PageNumberPaginator, SinglePagePaginator
from dlt.sources.rest_api import rest_api_resources
from dlt.sources.rest_api.typing import RESTAPIConfig
from requests import Response

from .answers import rows_of
from .errors import CredentialsError, NoList, NothingAnswers, NotZaia, Refused, Unanswered, ZaiaError
from .session import Session
from .settings import API, Settings

UNANSWERED, LACKING = 3, 8
"""After so many lists that failed, or that the workspace lacks, without one that was read, the run ends."""


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
            NoList: The answer holds none, which says nothing of rows.
        """
        rows = _listed(response, data)
        super().update_state(response, rows)
        if rows == self._before:  # who does not know page numbers gives the same again
            self._has_next_page = False
        self._before = rows


class OnePage(SinglePagePaginator):
    """A list that comes whole."""

    def update_state(self, response: Response, data: list[Any] | None = None) -> None:
        """Look whether it is a list.

        Raises:
            NoList: The answer holds none.
        """
        super().update_state(response, _listed(response, data))


class Reader:
    """Reads lists, and objects, as they come.

    Args:
        settings: Where the workspace is, and how it is asked.
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
        self._proof: tuple[str, dict[str, Any]] | None = None
        """The list, and what it was asked by, that has answered last."""
        self._unanswered = self._lacking = 0

    def read(self, path: str, params: dict[str, Any], paginator: BasePaginator) -> Iterator[list[Any]]:
        """Yield the pages of a list, or an object by itself.

        Raises:
            ZaiaError: One could not be read.
        """
        (resource,) = rest_api_resources(self._config(path, params, paginator))
        try:
            for page in resource.add_step(_as_one):
                self._proof = path, params
                yield list(page)
        except ResourceExtractionError as error:
            raise self._counted(self._own(_ours(error, path), path)) from None

    def _own(self, error: ZaiaError, path: str) -> ZaiaError:
        """Return what a refusal of the key means: that of a list, where another one still takes the key."""
        if not isinstance(error, CredentialsError) or self._proof is None or self._proof[0] == path:
            return error
        (proof, params), self._proof = self._proof, None  # else it would be asked for again and again
        for _ in self.read(proof, params, OnePage()):
            break
        return Refused(f"GET {API}{path}", 401, "")

    def _config(self, path: str, params: dict[str, Any], paginator: BasePaginator) -> RESTAPIConfig:
        # dlt would put a name of another resource's into braces
        params = {name: str(value).replace("{", "{{").replace("}", "}}") for name, value in params.items()}
        # where dlt looks for rows itself, it takes the first list for them, such as that of errors
        endpoint: Any = {"path": path, "params": params, "paginator": paginator, "data_selector": "$"}
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
        if self._proof or (self._unanswered < UNANSWERED and self._lacking < LACKING):
            return error
        known = NotZaia if isinstance(error, Refused) else NothingAnswers
        return known(f"No list can be read. {error.message}", "Check base_url. Nothing was changed.")


def _as_one(rows: list[Any], _: Any = None) -> Any:
    """Keep a page together: dlt hands out what is in a list one by one."""
    return tuple(rows)


def _listed(response: Response, data: list[Any] | None) -> list[Any]:
    """Put the rows of an answer into what dlt has taken out of it, which is the whole, and return them.

    Raises:
        NoList: The answer holds no list, which says nothing of rows.
    """
    rows = rows_of(response.json())
    if rows is None or data is None:
        raise NoList(f"GET {response.request.path_url.partition('?')[0]}", "the answer holds no list")
    data[:] = rows
    return data


def _ours(error: BaseException, path: str) -> ZaiaError:
    """Return what :mod:`.errors` says of a failure that dlt has wrapped."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ZaiaError):
            return cause
        cause = cause.__cause__ or cause.__context__
    return Unanswered(f"GET {API}{path}", type(error).__name__)
