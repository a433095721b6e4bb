"""Servers that fail at a page that lies behind the last one of a list, in the place of giving an empty one."""

from __future__ import annotations

from typing import Any

import dlt

from .errors import Refused, Unanswered, Unreadable, ZaiaError
from .reader import OnePage, Pages, Reader

FAILURE = 500
"""The least status of a failure of the server's own."""
FAR = 1000
"""So many pages further on there is surely none."""


class Behind:
    """Tells a page that lies behind the last one from one that cannot be read.

    Args:
        reader: What reads pages.
    """

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._found: dict[str, bool] = {}
        """What was found out since this began, by list."""

    def is_so(
        self, path: str, params: dict[str, Any], number: int, given: list[Any], error: ZaiaError
    ) -> bool:
        """Say whether a page has failed for lying behind the last one; what may pass is believed in the second run.

        Args:
            path: The list.
            params: What it is asked by.
            number: The page.
            given: The rows of one that was read.
            error: How it failed.
        """
        if not isinstance(error, Unanswered) or error.status < FAILURE:
            return False
        if path not in self._found:
            known: list[str] = dlt.current.source_state().setdefault("fails_behind", [])
            alike = self._fails(path, params, number + FAR, error.status) and self._gives(path, params, given)
            self._found[path] = alike and path in known
            if alike and path not in known:
                known.append(path)
        return self._found[path]

    def _fails(self, path: str, params: dict[str, Any], number: int, status: int) -> bool:
        try:
            next(self._reader.read(path, params, Pages(number)), None)
        except Refused:
            return False
        except Unanswered as error:
            return error.status == status
        return False

    def _gives(self, path: str, params: dict[str, Any], given: list[Any]) -> bool:
        """Whether rows that were given are given again, on a second page where there are two."""
        half = len(given) // 2
        paging = {"pageSize": half, "pageNumber": 2} if half and "pageSize" in params else {"pageNumber": 1}
        try:
            return bool(next(self._reader.read(path, {**params, **paging}, OnePage()), []))
        except Unreadable:
            return False
