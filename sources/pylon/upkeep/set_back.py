"""Issues that a listing shows in an older version than the copy has, where that is no list that trails.

A server may set ``updated_at`` back: a backup is put in place, an edit is undone, or a time lay in the future. No
search over ``updated_at`` shows such an issue again. A list that trails shows older versions too, so the issue itself
is asked for; and what the copy has must be older than any trailing explains.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from ..rows.rows import Row, instant
from .slim import One

IN_VAIN = 3
"""After so many in a row of which the issue itself is as the copy has it, the list is one that trails."""


class SetBack:
    """Finds issues whose version in the copy is not to be had any more.

    Args:
        one: How to ask for an issue by its id.
        trails: For how long a list may show an older version.
    """

    def __init__(self, one: One, trails: timedelta) -> None:
        self._one = one
        self._trails = trails
        self._in_vain = 0
        self.ids = set[str]()
        """Those that were found."""

    async def among(
        self, rows: Sequence[Row], held: Mapping[str, datetime | None], sent_at: datetime
    ) -> list[Row]:
        """Return, as they are given by their ids, those of some issues that were set back.

        Args:
            rows: What was listed.
            held: Up to when the copy knows each of them (UTC).
            sent_at: When they were listed, by the server's clock (UTC).
        """
        found = []
        for row in rows:
            if self._in_vain < IN_VAIN and self._is_older(row, held.get(row["id"]), sent_at):
                given = next(iter(await self._one(row["id"])), None)
                if given and self._is_older(given, held.get(row["id"]), sent_at):
                    found.append(given)
                    self.ids.add(row["id"])
                    self._in_vain = 0
                else:
                    self._in_vain += 1
        return found

    def _is_older(self, row: Row, known: datetime | None, sent_at: datetime) -> bool:
        """Whether a row is of an older version than a copy that every list should show by now, or that cannot be."""
        updated = instant(row.get("updated_at"))
        if updated is None or known is None or abs(sent_at - known) < self._trails:
            return False
        # some lists cut times to their seconds
        return updated < known and updated != known.replace(microsecond=0)
