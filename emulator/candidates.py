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

    def indexed(self, field: str) -> int | None:
        """Return a time by which it is indexed (ns); None for other fields."""


class IssueRow:
    """An issue: its indexed times, and its object once asked for."""

    __slots__ = ("_children", "_load", "_object", "source")

    def __init__(
        self,
        source: IssueRecord | Version,
        load: Callable[[IssueRecord | Version], bytes],
        children: Callable[[int], Children],
    ) -> None:
        """Wrap an issue; `load` serialises it, `children` finds its followers."""
        self.source = source
        self._load = load
        self._children = children
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

    def indexed(self, _field: str) -> int | None:
        """Return nothing."""
        return None
