"""What is due where that is little: looked up for all children that share a ledger at once, in parts of the copy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..catalog import PerParent, Table
from .agreement import Agreement
from .contents import Contents
from .due import Query

Row = tuple[Any, ...]
"""A parent that is due, as :meth:`Query.due` tells of it."""


class Few:
    """Looks up parents of which children are due, once for each ledger.

    Args:
        contents: What the copy holds; it must not change meanwhile.
    """

    def __init__(self, contents: Contents) -> None:
        self._copied = contents.copied
        self._agreement = Agreement(contents)
        self._found: dict[str, list[Row]] = {}

    def forget(self) -> None:
        """Look anew when asked again: the ledgers were changed."""
        self._agreement.forget()
        self._found.clear()

    def due(self, table: Table[PerParent], sources: Sequence[tuple[str, str]]) -> list[Row] | None:
        """Return the parents whose child is due, if few can be; ``None``: all are to be asked about.

        Args:
            table: A child of which there are rows and a ledger.
            sources: Tables and columns that name its parents.
        """
        parts = self._agreement.differing(table)
        if not parts:
            return None if parts is None else []
        if table.name not in self._found:
            children, parts = self._agreement.few(table)
            rows = self._copied.select(Query(table, read=True, sources=sources).due_among(children, parts))
            for child in children:
                self._found[child.name] = [row[1:] for row in rows if row[0] == child.name]
        return self._found[table.name]
