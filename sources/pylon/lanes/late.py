"""Late arrivals: issues that the search showed only after the watermark had passed their ``updated_at``.

The search index may trail a write by seconds to minutes, and nobody says by how much. What came late says it. All of
it is measured in the lookback that an issue needed: how long before the watermark its ``updated_at`` lay.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime

from ..copy import known
from ..copy.copied import Copied
from ..copy.state import Late, SourceState, Stretch
from ..rows.rows import Row, instant
from .ways import Batch


def remember(state: SourceState, seconds: Sequence[float], at: datetime, *, beyond: bool = False) -> None:
    """Add late arrivals to the source's state.

    Args:
        state: The source's state.
        seconds: The lateness of each.
        at: When they were found (UTC).
        beyond: Whether only a complete listing showed them.
    """
    if not seconds:
        return
    known = state.late
    state.late = Late(
        known.count + len(seconds),
        known.beyond + len(seconds) * beyond,
        round(max(known.largest_seconds, *seconds), 1),
        at,
    )


async def watched(
    changes: AsyncIterator[Batch],
    stretch: Stretch,
    floor: datetime | None,
    copied: Copied,
    note: Callable[[Sequence[float], datetime], None],
) -> AsyncIterator[Batch]:
    """Pass on what the search shows, and note what it should have shown before.

    What was updated before the watermark was searched for when that was set. If the copy lacks it nevertheless, it was
    not there to be found. Loads that a kill left incomplete can only hide a late arrival.

    Args:
        changes: The batches of the changes lane, of which none has been read yet.
        stretch: How far the lane has read.
        floor: Issues created before it are not copied.
        copied: What the copy holds.
        note: Takes the lateness in seconds of what a batch brought late, and when that was read.
    """
    passed = stretch.changed_until
    begun = stretch.begun_at or passed
    counted: set[str] = set()
    async for batch in changes:
        times = {} if batch.left else _updated(batch.rows, floor)
        behind = {id_: at for id_, at in times.items() if begun <= at < passed and id_ not in counted}
        held = known.updates_of(copied, list(behind)) if behind else {}
        late = {id_: at for id_, at in behind.items() if (copy := held.get(id_)) is None or copy < at}
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
