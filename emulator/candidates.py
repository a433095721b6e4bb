"""What a search looks at: the candidates that a filter accepts or refuses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import orjson

from .records import JSON, Children, IssueRecord, Version


class Row(Protocol):
    """One candidate of a search."""

    @property
    def object(self) -> JSON:
        """The object as the API shows it."""

    def followers(self, kind: str) -> list[str]:
        """Return the ids of its followers of one type."""

    def form(self) -> str | None:
        """Return the id of the ticket form through which it came in."""

    def indexed(self, field: str) -> int | None:
        """Return a time by which it is indexed (ns); None for other fields."""


class IssueRow:
    """An issue: its indexed times, and its object once asked for."""

    __slots__ = ("_children", "_form", "_load", "_object", "source")

    def __init__(
        self,
        source: IssueRecord | Version,
        load: Callable[[IssueRecord | Version], bytes],
        children: Callable[[int], Children],
        form: Callable[[JSON], str | None],
    ) -> None:
        """Wrap an issue; `load` serialises it, `children` finds its followers, `form` its ticket form."""
        self.source = source
        self._load = load
        self._children = children
        self._form = form
        self._object: JSON | None = None

    @property
    def object(self) -> JSON:
        """The issue as parsed JSON."""
        if self._object is None:
            self._object = orjson.loads(self._load(self.source))
        return self._object

    def followers(self, kind: str) -> list[str]:
        """Return the ids of the issue's followers of one type."""
        return [row["id"] for row in self._children(self.source.number).followers if row["type"] == kind]

    def form(self) -> str | None:
        """Return the id of the issue's ticket form."""
        return self._form(self.object)

    def indexed(self, field: str) -> int | None:
        """Return the time of creation or of the last update."""
        if field == "created_at":
            return self.source.created
        return self.source.updated if field == "updated_at" else None


@dataclass(frozen=True)
class ObjectRow:
    """A row of a collection, by which nothing is indexed."""

    object: JSON

    def followers(self, _kind: str) -> list[str]:
        """Return nothing: only issues have followers."""
        return []

    def form(self) -> str | None:
        """Return nothing: only issues come in through forms."""
        return None

    def indexed(self, _field: str) -> int | None:
        """Return nothing."""
        return None
