"""When the conversations of a copy were last read."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from ..catalog import CHILDREN
from ..settings import Settings
from .copied import Copied, utc
from .work import Times


def cutoff(settings: Settings, now: datetime) -> datetime | None:
    """Return the instant (UTC) before which a verification is old enough for the sweep; ``None``: there is none."""
    return now - timedelta(days=settings.sweep_days) if settings.sweep_days else None


class Verified:
    """When the conversations of a copy were last read, by ledger rows whose load is complete.

    Of what was stamped later than the present, nobody knows when it was read: it counts as read before anything.

    Args:
        copied: The copy.
        now: The present (UTC); by default what this machine's clock says. The copy must not change meanwhile.
    """

    def __init__(self, copied: Copied, now: datetime | None = None) -> None:
        self._copied = copied
        self._now = now or datetime.now(UTC)

    def oldest(self) -> dict[str, datetime]:
        """Return when the conversation that was verified longest ago was read (UTC), by child."""
        found = {child: first for child, (first, _) in self._span.items() if first}
        if not self._are_of_issues(found):
            found = dict(
                self._copied.select("SELECT {s.child}, MIN({s.synced_at})" + _FROM + " GROUP BY {s.child}")
            )
        return {child.name: stamp for child in CHILDREN if (stamp := utc(found.get(child.name)))}

    def count(self, before: datetime) -> dict[str, int]:
        """Return how many conversations were verified before an instant, by child; none is left out."""
        stamps = [(utc(first), utc(last)) for first, last in self._span.values()]
        if all(first and last and first >= before and last <= self._now for first, last in stamps):
            return {}
        sql = "SELECT {s.child}, COUNT(*)" + _FROM + f" AND {_STALE} GROUP BY {{s.child}}"
        found = dict(self._copied.select(sql, before, self._now))
        return {child.name: int(found[child.name]) for child in CHILDREN if found.get(child.name)}

    @cached_property
    def _span(self) -> dict[str, tuple[Any, Any]]:
        """When the first and the last readings of each child in the ledger were made.

        Those of issues that are gone are among them: to leave these out takes a join of all issues.
        """
        sql = f"SELECT {{s.child}}, MIN({{s.synced_at}}), MAX({{s.synced_at}}) FROM {_LEDGER} GROUP BY {{s.child}}"
        return {child: (first, last) for child, first, last in self._copied.select(sql)}

    def _are_of_issues(self, stamps: Mapping[str, Any]) -> bool:
        """Whether a reading that was made at the time told of each child is of an issue of the copy."""
        which = " OR ".join(["({s.child} = %s AND {s.synced_at} = %s)"] * len(stamps))
        values = [value for pair in stamps.items() for value in pair]
        sql = f"SELECT MIN({{s.issue_id}}) FROM {_LEDGER} AND ({which}) GROUP BY {{s.child}}"
        ids = {row[0] for row in self._copied.select(sql, *values)} if stamps else set()
        there = self._copied.select_in("SELECT {i.id} FROM {issues} AS i WHERE {i.id} IN", sorted(ids))
        return ids == {row[0] for row in there}

    def stale(self, child: str, before: datetime, most: int | None) -> list[Times]:
        """Return issues whose child was verified before an instant, at most ``most``, the oldest first."""
        columns = "{i.id}, {i.created_at}, {i.updated_at}, {i.latest_message_time}"
        which = f" AND {{s.child}} = %s AND {_STALE} ORDER BY {{s.synced_at}}, {{i.id}}"
        rows = self._copied.select(f"SELECT {columns}{_FROM}{which}", child, before, self._now, most=most)
        return [_times(row) for row in rows]


_STALE = "({s.synced_at} < %s OR {s.synced_at} > %s)"
_LOADED = " JOIN {_dlt_loads} AS l ON {l.load_id} = {s.load_id}"
_LEDGER = f"{{issue_sync}} AS s{_LOADED} WHERE {{l.status}} = 0"
_FROM = f" FROM {{issue_sync}} AS s{_LOADED} JOIN {{issues}} AS i ON {{i.id}} = {{s.issue_id}} WHERE {{l.status}} = 0"
"""The ledger, as far as it counts."""


def _times(row: tuple[Any, ...]) -> Times:
    return Times(row[0], utc(row[1]), utc(row[2]), utc(row[3]))
