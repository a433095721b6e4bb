"""A list that leaves fields out: what it does not give of an issue is no edit, and no reason to lose it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Any

from ..catalog import ISSUES
from ..lanes.slim import EMPTY, given_by
from ..rows.rows import Row

One = Callable[[str], Awaitable[Sequence[Row]]]
"""Asks for an issue by its id; none, where it is not given."""


class SlimListing:
    """Completes what is listed with what the list leaves out, where the copy holds something of that.

    Args:
        one: How to ask for an issue by its id.
        known: The fields that the list was seen to leave out.
    """

    def __init__(self, one: One, known: Collection[str]) -> None:
        self._one = one
        self._known = known
        self._given = set[str]()
        self._left_out = set[str]()

    def see(self, rows: Sequence[Row]) -> None:
        """Note which fields the list gives: of those without a value in any row, nobody knows if they are empty."""
        self._given |= given_by(rows)

    async def whole(self, row: Row, held: Mapping[str, Any], differing: Collection[str] = ()) -> Row | None:
        """Return an issue as it is given by its id, or as it is listed where nothing that the copy holds is left out.

        Args:
            row: What was listed.
            held: The row of the copy.
            differing: The columns in which they differ, where they are of one version.

        Returns:
            ``None`` where it differs in nothing but what is left out, or is not given though the copy has it.
        """
        absent = {
            column.name: column.source[0]
            for column in ISSUES.columns
            if not column.given
            and column.source[0] not in self._given
            and (held.get(column.name) not in EMPTY or column.source[0] in self._known)
        }
        if not absent:
            return row
        if differing and absent.keys() & self._left_out >= set(differing):
            return None
        found = next(iter(await self._one(row["id"])), None)
        if found:
            self._left_out |= {name for name, field in absent.items() if found.get(field) not in EMPTY}
        return found or (None if held else row)
