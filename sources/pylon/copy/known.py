"""Which issues a copy holds, and when they were created and last updated."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from .copied import Copied, utc


def times(copied: Copied) -> dict[str, tuple[datetime | None, datetime | None]]:
    """Return when each issue was created and last updated (UTC), by its id."""
    sql = "SELECT {i.id}, {i.created_at}, {i.updated_at} FROM {issues} AS i"
    return copied.gather(lambda rows: {id_: (utc(at), utc(updated)) for id_, at, updated in rows}, sql)


def created_before(copied: Copied, floor: datetime | None) -> set[str]:
    """Return the ids of the issues that were created before an instant; none, where there is none."""
    if floor is None:
        return set()
    sql = "SELECT {i.id} FROM {issues} AS i WHERE {i.created_at} < %s"
    return copied.gather(lambda rows: {row[0] for row in rows}, sql, floor)


def updates(copied: Copied) -> dict[str, datetime | None]:
    """Return up to when each issue is known (UTC), by its id."""
    sql = "SELECT {i.id}, {i.updated_at} FROM {issues} AS i"
    return copied.gather(lambda rows: {id_: utc(updated) for id_, updated in rows}, sql)


def updates_of(copied: Copied, issue_ids: Sequence[str]) -> dict[str, datetime | None]:
    """Return up to when each of some issues is known (UTC), by its id; one that the copy lacks is left out."""
    sql = "SELECT {i.id}, {i.updated_at} FROM {issues} AS i WHERE {i.id} IN"
    return {id_: utc(updated) for id_, updated in copied.select_in(sql, issue_ids)}
