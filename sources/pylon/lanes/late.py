"""Late arrivals: issues that the search showed only after the watermark had passed their ``updated_at``.

The search index may trail a write by seconds to minutes, and nobody says by how much. What came late says it. All of
it is measured in the lookback that an issue needed: how long before the watermark its ``updated_at`` lay.
"""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from ..copy.copied import Copied
from ..rows.rows import Row, instant
from .reading import Batch, State

LATE = "late"
"""Where the source's state keeps what is known of late arrivals."""

MARGIN = 2
"""How many times the largest lateness seen a lookback should be."""


@dataclass(frozen=True, slots=True)
class Late:
    """What is known of late arrivals.

    ``beyond`` of the ``count`` came later than the lookback: only a complete listing showed them, and how late they
    were is not known, except that it was more than the lookback. ``last_at`` is when the last one was found (UTC).
    """

    count: int = 0
    beyond: int = 0
    largest_seconds: float = 0.0
    last_at: datetime | None = None


def recall(state: Mapping[str, Any]) -> Late:
    """Return what the source's state knows."""
    known = dict(state.get(LATE) or {})
    if known.get("last_at"):
        known["last_at"] = datetime.fromisoformat(known["last_at"])
    return Late(**known)


def remember(state: dict[str, Any], seconds: Sequence[float], at: datetime, *, beyond: bool = False) -> None:
    """Add late arrivals to the source's state.

    Args:
        state: The source's state.
        seconds: The lateness of each.
        at: When they were found (UTC).
        beyond: Whether only a complete listing showed them.
    """
    if not seconds:
        return
    known = recall(state)
    found = Late(
        known.count + len(seconds),
        known.beyond + len(seconds) * beyond,
        round(max(known.largest_seconds, *seconds), 1),
    )
    state[LATE] = {**asdict(found), "last_at": at.isoformat()}


def suggested_lookback(late: Late, lookback_seconds: float) -> int | None:
    """Return the ``lookback_seconds`` that leaves a margin, in whole minutes; ``None`` where the present one does."""
    wanted = math.ceil(late.largest_seconds * MARGIN / 60) * 60
    return wanted if wanted > lookback_seconds else None


async def watched(
    changes: AsyncIterator[Batch],
    state: State,
    floor: datetime | None,
    copied: Copied,
    note: Callable[[Sequence[float], datetime], None],
) -> AsyncIterator[Batch]:
    """Pass on what the search shows, and note what it should have shown before.

    What was updated before the watermark was searched for when that was set. If the copy lacks it nevertheless, it was
    not there to be found. Loads that a kill left incomplete can only hide a late arrival.

    Args:
        changes: The batches of the changes lane, of which none has been read yet.
        state: The lane's state.
        floor: Issues created before it are not copied.
        copied: What the copy holds.
        note: Takes the lateness in seconds of what a batch brought late, and when that was read.
    """
    begun, passed = (datetime.fromisoformat(state[name]) for name in ("begun_at", "changed_until"))
    counted: set[str] = set()
    async for batch in changes:
        times = _updated(batch.rows, floor)
        behind = {id_: at for id_, at in times.items() if begun <= at < passed and id_ not in counted}
        known = copied.updated(list(behind)) if behind else {}
        late = {id_: at for id_, at in behind.items() if (copy := known.get(id_)) is None or copy < at}
        yield batch
        counted |= late.keys()
        note([(passed - at).total_seconds() for at in late.values()], batch.sent_at)


def _updated(rows: Sequence[Row], floor: datetime | None) -> dict[str, datetime]:
    """Return up to when each row tells of its issue, as far as it is copied."""
    found = {}
    for row in rows:
        created, updated = instant(row.get("created_at")), instant(row.get("updated_at"))
        if updated and isinstance(row.get("id"), str) and not (floor and created and created < floor):
            found[row["id"]] = updated
    return found
