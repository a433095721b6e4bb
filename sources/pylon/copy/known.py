"""Which issues a copy holds, and when they were created and last updated."""

from __future__ import annotations

from collections.abc import Container, Sequence
from datetime import datetime
from itertools import chain

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


def count(copied: Copied, *, before: datetime | None = None) -> int:
    """Return how many issues there are, or how many of them were created before an instant."""
    sql = "SELECT COUNT(*) FROM {issues} AS i" + (" WHERE {i.created_at} < %s" if before else "")
    found = copied.select(sql, before) if before else copied.select(sql)
    return int(found[0][0]) if found else 0


def missing(
    copied: Copied,
    listed: Container[str],
    floor: datetime | None,
    apart: Sequence[tuple[datetime, datetime]] = (),
) -> set[str]:
    """Return the ids of the issues that are not listed.

    Args:
        copied: The copy.
        listed: The issues that are.
        floor: Those that were created before it are left out.
        apart: So are those that were created between two instants, both included, or may have been.
    """
    sql = "SELECT {i.id} FROM {issues} AS i WHERE 1 = 1"
    if floor:
        sql += " AND ({i.created_at} >= %s OR {i.created_at} IS NULL)"
    sql += " AND ({i.created_at} < %s OR {i.created_at} > %s)" * len(apart)
    values = [*([floor] if floor else []), *chain.from_iterable(apart)]
    return copied.gather(lambda rows: {id_ for (id_,) in rows if id_ not in listed}, sql, *values)


def updates_between(copied: Copied, first: datetime, last: datetime) -> dict[str, datetime | None]:
    """Return up to when each issue is known that was created between two instants, both included (UTC), by its id."""
    sql = (
        "SELECT {i.id}, {i.updated_at} FROM {issues} AS i WHERE {i.created_at} >= %s AND {i.created_at} <= %s"
    )
    return {id_: utc(updated) for id_, updated in copied.select(sql, first, last)}


def updates_of(copied: Copied, issue_ids: Sequence[str]) -> dict[str, datetime | None]:
    """Return up to when each of some issues is known (UTC), by its id; one that the copy lacks is left out."""
    sql = "SELECT {i.id}, {i.updated_at} FROM {issues} AS i WHERE {i.id} IN"
    return {id_: utc(updated) for id_, updated in copied.select_in(sql, issue_ids)}
