"""When the conversations of a copy were last read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
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
        now: The present (UTC); by default what this machine's clock says.
    """

    def __init__(self, copied: Copied, now: datetime | None = None) -> None:
        self._copied = copied
        self._now = now or datetime.now(UTC)

    def oldest(self) -> dict[str, datetime]:
        """Return when the conversation that was verified longest ago was read (UTC), by child."""
        sql = "SELECT {s.child}, MIN({s.synced_at})" + _FROM + " GROUP BY {s.child}"
        found = {child: utc(stamp) for child, stamp in self._copied.select(sql)}
        return {child.name: stamp for child in CHILDREN if (stamp := found.get(child.name))}

    def count(self, before: datetime) -> dict[str, int]:
        """Return how many conversations were verified before an instant, by child; none is left out."""
        sql = "SELECT {s.child}, COUNT(*)" + _FROM + f" AND {_STALE} GROUP BY {{s.child}}"
        found = dict(self._copied.select(sql, before, self._now))
        return {child.name: int(found[child.name]) for child in CHILDREN if found.get(child.name)}

    def stale(self, child: str, before: datetime, most: int | None) -> list[Times]:
        """Return issues whose child was verified before an instant, at most ``most``, the oldest first."""
        columns = "{i.id}, {i.created_at}, {i.updated_at}, {i.latest_message_time}"
        which = f" AND {{s.child}} = %s AND {_STALE} ORDER BY {{s.synced_at}}, {{i.id}}"
        rows = self._copied.select(f"SELECT {columns}{_FROM}{which}", child, before, self._now, most=most)
        return [_times(row) for row in rows]


_STALE = "({s.synced_at} < %s OR {s.synced_at} > %s)"
_FROM = (
    " FROM {issue_sync} AS s JOIN {_dlt_loads} AS l ON {l.load_id} = {s.load_id}"
    " JOIN {issues} AS i ON {i.id} = {s.issue_id} WHERE {l.status} = 0"
)
"""The ledger, as far as it counts."""


def _times(row: tuple[Any, ...]) -> Times:
    return Times(row[0], utc(row[1]), utc(row[2]), utc(row[3]))
