"""What a verification reads from the copy, before Pylon is asked: a run may go on meanwhile."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from pylon_elt.sources.pylon.catalog import CHILDREN, ENDPOINTS, HANGING, TABLES, PerParent, Table
from pylon_elt.sources.pylon.copy import known, organization
from pylon_elt.sources.pylon.copy.copied import Copied, utc
from pylon_elt.sources.pylon.copy.state import SourceState
from pylon_elt.sources.pylon.copy.work import Synced, Times, is_due

from ..base import exits
from ..base.desk import command
from .listing_cost import listing_cost

if TYPE_CHECKING:
    from pylon_elt.sources.pylon.settings import Settings

    from ..copy.inspection import Copy

Key = tuple[Any, ...]
Stored = dict[str, Any]
"""One row of the copy: ``{column: value}``."""


@dataclass
class Held:
    """What the copy holds of that which is compared, read before Pylon is asked."""

    times: dict[str, tuple[datetime | None, datetime | None]]
    """When each issue was created and last updated (UTC); those from before the start date are left out."""
    before: int
    """How many these are."""
    sample: dict[str, Stored]
    """Rows of ``issues``, by id."""
    children: dict[str, dict[str, dict[Key, Stored]]]
    """Rows of each child by issue and key; issues that cannot have any are left out."""
    due: set[tuple[str, str]]
    """Issues of the sample and their children that the next run reads."""
    expected_from: datetime
    """What was updated since is found by the next run (UTC)."""
    state: SourceState
    """What earlier runs have learnt."""
    read_from: datetime | None
    """What was created before has yet to be read by the first load (UTC); ``None``: nothing."""
    whose: Mapping[str, Any]
    """The organisation whose workspace it is, by ``id`` and ``name``; empty where that is not known."""


def take(copy: Copy, settings: Settings, sample: int, seed: int) -> Held:
    """Read from a copy what is to be compared.

    Raises:
        Problem: It holds no issues.
    """
    copied, stretch = copy.copied, copy.state.issues
    if not stretch.begun:
        raise exits.Problem("The copy holds no issues yet.", f"Make it with: {command('run')}", exits.FAILED)
    times, before = known.times(copied), known.created_before(copied, settings.start_date)
    for id_ in before:
        times.pop(id_, None)
    ids = random.Random(seed).sample(sorted(times), min(sample, len(times)))
    present = [table for table in CHILDREN if copy.rows(table) is not None]
    rows = {row["id"]: row for row in copied.rows(TABLES["issues"], "id", ids)}
    lookback = timedelta(seconds=settings.lookback_seconds)
    whole = stretch.history_done(settings.start_date)
    children = {table.name: _by_issue(table, copied, rows) for table in present}
    return Held(
        times=times,
        before=len(before),
        sample={id_: rows[id_] for id_ in ids},
        children=children,
        due=_due(copied, children, rows),
        state=copy.state,
        expected_from=read_up_to(stretch.changed_until, times) - lookback,
        read_from=None if whole else stretch.history_until,
        whose=organization.of_copy(copy.state, copied),
    )


def read_up_to(watermark: datetime, times: Mapping[str, tuple[datetime | None, datetime | None]]) -> datetime:
    """Return up to when changes were read; a watermark in the future is set back to the newest issue."""
    now = datetime.now(UTC)
    if watermark <= now:
        return watermark
    return max((created for created, _ in times.values() if created and created <= now), default=now)


def _by_issue(
    table: Table[PerParent], copied: Copied, issues: Mapping[str, Stored]
) -> dict[str, dict[Key, Stored]]:
    only = table.read.only
    found: dict[str, dict[Key, Stored]] = {
        id_: {} for id_, row in issues.items() if only is None or row[only[0]] == only[1]
    }
    for row in copied.rows(table, "issue_id", list(found)):
        found[row["issue_id"]][key_of(table, row)] = row
    return found


def _due(
    copied: Copied, children: Mapping[str, Mapping[str, Any]], issues: Mapping[str, Stored]
) -> set[tuple[str, str]]:
    """Return which conversations the copy itself says are due."""
    complete = {
        row[0] for row in copied.select("SELECT {l.load_id} FROM {_dlt_loads} AS l WHERE {l.status} = 0")
    }
    synced = {
        (row["issue_id"], row["child"]): Synced(utc(row["issue_updated_at"]), utc(row["latest_message_time"]))
        for row in copied.rows(TABLES["issue_sync"], "issue_id", list(issues))
        if row["load_id"] in complete
    }
    return {
        (id_, name)
        for name, found in children.items()
        for id_ in found
        if is_due(_times(id_, issues[id_]), synced.get((id_, name)))
    }


def _times(id_: str, row: Mapping[str, Any]) -> Times:
    return Times(id_, *(utc(row[name]) for name in ("created_at", "updated_at", "latest_message_time")))


def announced(held: Held, settings: Settings, now: datetime) -> dict[str, int]:
    """Return how many requests a verification takes, by endpoint name."""
    created = [at for at, _ in held.times.values() if at]
    size = settings.limit(ENDPOINTS["list_issues"]) or 0
    counted = listing_cost(created, now, settings.start_date, size)
    counted["get_issue"] += len(held.sample)
    for name, found in held.children.items():
        counted[HANGING[name].read.endpoint.name] += len(found)
    return {name: counted[name] for name in ENDPOINTS if counted[name]}


def key_of(table: Table, row: Mapping[str, Any]) -> Key:
    """Return the key of a row."""
    return tuple(row[name] for name in table.key)
