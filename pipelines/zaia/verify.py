"""``zaia verify``: what a complete reading of Zaia would change in the copy, counted and changed by nobody.

The source compares what it reads with the copy, so that what it would load is what differs.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import dlt

from pylon_elt.sources.zaia import watched_source
from pylon_elt.sources.zaia.catalog import CHATS, CHILDREN, TABLES, Table
from pylon_elt.sources.zaia.errors import Unreadable, ZaiaError
from pylon_elt.sources.zaia.hanging import Hanging
from pylon_elt.sources.zaia.lists import Lists
from pylon_elt.sources.zaia.rows import identified
from pylon_elt.sources.zaia.run import Run

from ..base import exits, screens
from ..base.desk import Verify, command
from ..base.redaction import remember
from ..base.wording import ago, count
from ..copy import inspection, saved
from .advice import remedy
from .settings import NAME, read_settings

if TYPE_CHECKING:
    from pylon_elt.sources.pylon.copy.copied import Copied
    from pylon_elt.sources.zaia.settings import Settings

LISTED = tuple(name for name, table in TABLES.items() if table not in CHILDREN)
"""What is compared row for row; of what hangs on chats, a sample is."""
SHOWN = 10


@dataclass
class Compared:
    """What was found in one table.

    Args:
        stored: Rows of the copy that were compared.
    """

    stored: int = 0
    missing: list[str] = field(default_factory=list)
    """What Zaia has and the copy lacks."""
    different: list[str] = field(default_factory=list)
    """What the copy holds otherwise."""
    gone: list[str] = field(default_factory=list)
    """What the copy has and Zaia does not."""
    newer: int = 0
    """What bears a time after the last run, and is no difference."""

    @property
    def differences(self) -> int:
        """How many rows differ."""
        return len(self.missing) + len(self.different) + len(self.gone)


@dataclass
class Verification:
    """What ``zaia verify`` found."""

    place: inspection.Place
    loaded_at: datetime
    """When the last run has loaded (UTC)."""
    seed: int
    chats: int = 0
    """Chats of which threads and messages were compared."""
    tables: dict[str, Compared] = field(default_factory=dict)
    failures: list[tuple[str, ZaiaError]] = field(default_factory=list)
    requests: int = 0

    @property
    def code(self) -> int:
        """The exit code."""
        if any(table.differences for table in self.tables.values()):
            return exits.DATA_CHECK
        return exits.of_all(error for _, error in self.failures)

    def as_facts(self) -> dict[str, Any]:
        """Return the same for JSON."""
        return {
            "exit": self.code,
            "location": self.place.location,
            "dataset": self.place.dataset,
            "last_load_at": self.loaded_at.isoformat(),
            "requests": self.requests,
            "seed": self.seed,
            "chats_compared": self.chats,
            "tables": {name: vars(table) for name, table in self.tables.items()},
            "failures": [{"what": name, "why": error.message} for name, error in self.failures],
        }


def run(asked: Verify) -> int:
    """Compare, print what was found, and return the exit code.

    Raises:
        Problem: There is no copy, or a run is at work (exit code 75).
        ZaiaError: The key is not taken, or nothing answers.
    """
    settings = replace(read_settings(asked.settings), full_read_hours=0.0, confirm_removals=True)
    remember(settings.api_key)
    seed = random.randrange(10**6) if asked.seed is None else asked.seed
    with inspection.looked_at(asked.destination, asked.dataset, name=NAME, still=True) as (
        place,
        pipeline,
        copied,
    ):
        if copied is None or not saved.state(copied, pipeline.pipeline_name):
            raise inspection.no_copy()
        found = Verification(place, _last_load(copied), seed)
        reading = Run(settings, Lists(settings))
        cost = _cost(copied, settings, asked.sample)
        if asked.as_json:
            screens.event("announcement", requests=cost)
        else:
            screens.say(f"This takes about {count(cost, 'request')}, and changes nothing.")
        pipeline.activate()  # the source compares with the copy of the pipeline that is active
        _compare(found, reading)
        _compare_sample(found, reading, asked.sample)
        found.failures += reading.notes.failures
        found.requests = sum(reading.lists.session.asked.values())
    if asked.as_json:
        screens.event("verified", **found.as_facts())
    else:
        screens.tell("\n".join(_lines(found)))
    return found.code


def _cost(copied: Copied, settings: Settings, sample: int) -> int:
    """Return how many requests there will be, as far as the copy can tell: two readings of pages, and an empty one."""
    pages = 0
    for name in LISTED:
        rows = copied.select(f"SELECT COUNT(*) FROM {{{name}}} AS t")
        pages += 2 * (math.ceil(int(rows[0][0]) / settings.page_size) + 1) if rows else 2
    return pages + len(CHILDREN) * sample


def _last_load(copied: Copied) -> datetime:
    """Return when the newest complete load began (UTC)."""
    loads = copied.select("SELECT MAX({l.load_id}) FROM {_dlt_loads} AS l WHERE {l.status} = 0")
    return datetime.fromtimestamp(float(loads[0][0]), UTC)


def _compare(found: Verification, reading: Run) -> None:
    """Read all lists, and count what they would change."""
    source = watched_source(reading).with_resources(*LISTED)
    copy = reading.copy()
    known = {name: copy.known(TABLES[name]) for name in LISTED}
    found.tables = {name: Compared(len(rows)) for name, rows in known.items()}
    for name in LISTED:
        for row in source.resources[name]:
            if isinstance(row, dict) and "table" not in row:
                _count(found.tables[name], row, known[name], found.loaded_at)


def _count(table: Compared, row: Mapping[str, Any], known: Mapping[str, Any], loaded_at: datetime) -> None:
    """Count a row that would be loaded."""
    if row.get("_removed"):
        table.gone.append(row["id"])
    elif _newest(row) > loaded_at:
        table.newer += 1
    elif row["id"] in known:
        table.different.append(row["id"])
    else:
        table.missing.append(row["id"])


def _newest(row: Mapping[str, Any]) -> datetime:
    """Return the latest of the times that the API gave a row."""
    times = [value for name, value in row.items() if isinstance(value, datetime) and name != "_synced_at"]
    return max(times, default=datetime.min.replace(tzinfo=UTC))


def _compare_sample(found: Verification, reading: Run, sample: int) -> None:
    """Compare what hangs on some chats that have had no message since the last run."""
    skipped = {*found.tables[CHATS.name].missing, *found.tables[CHATS.name].gone}
    resting = [
        chat
        for chat, at in sorted(reading.copy().chats().items())
        if chat not in skipped and (at is None or at <= found.loaded_at)
    ]
    chats = random.Random(found.seed).sample(resting, min(sample, len(resting)))
    found.chats = len(chats)
    for table in CHILDREN:
        found.tables[table.name] = Compared()
        hanging = Hanging(reading, table)
        # lists know their page sizes by dlt's state, which is there while a resource is read
        for row, known in dlt.resource(_children, name=table.name)(reading, table, hanging, chats):
            found.tables[table.name].stored += known is not None
            _count_child(found.tables[table.name], row, known, found.loaded_at)


def _children(reading: Run, table: Table, hanging: Hanging, chats: list[str]) -> Iterator[Any]:
    """Yield each row of some chats with its digest in the copy, and the ids that only the copy has, as tombstones."""
    for chat in chats:
        try:
            objects, whole = hanging.rows(chat)
        except Unreadable as error:
            reading.notes.failed(f"{table.name} of chat {chat}", error)
            continue
        changes = reading.changes(table)
        sources, odd = identified(objects)
        ids = {source["id"] for source in sources}
        stored = set(reading.copy().ids_of(table, chat))
        _, items = changes.take(sources)
        fresh = {row["id"]: row for part in items if isinstance(part, list) for row in part}
        yield from ((fresh.get(one, {"id": one}), changes.before.get(one)) for one in sorted(ids))
        if whole and not odd:
            yield from (({"id": one, "_removed": True}, ("", None)) for one in sorted(stored - ids))


def _count_child(table: Compared, row: Mapping[str, Any], known: object, loaded_at: datetime) -> None:
    if len(row) > 1:  # the copy does not have it so
        _count(table, row, {row["id"]: known} if known is not None else {}, loaded_at)


def _lines(found: Verification) -> Iterator[str]:
    now = datetime.now(UTC)
    yield f"{found.place.location}, dataset {found.place.dataset}, loaded {ago(found.loaded_at, now)}"
    yield f"  {'table':<18}{'in the copy':>12}{'missing':>9}{'different':>11}{'gone':>7}"
    for name, table in found.tables.items():
        yield (
            f"  {name:<18}{table.stored:>12,}{len(table.missing):>9,}{len(table.different):>11,}{len(table.gone):>7,}"
        )
        ids = [*table.missing, *table.different, *table.gone]
        if ids:
            yield screens.wrapped(
                "      ", ", ".join(ids[:SHOWN]) + (" and others" if len(ids) > SHOWN else "")
            )
    sampled = f"Threads and messages: of {count(found.chats, 'chat')}, --seed {found.seed}."
    newer = sum(table.newer for table in found.tables.values())
    yield f"{sampled} {count(found.requests, 'request')}." + (
        f" {newer:,} rows are newer than the last run." if newer else ""
    )
    for name, error in found.failures:
        yield screens.wrapped("Not compared: ", f"{name}: {error.message} {remedy(error)}")
    if any(table.differences for table in found.tables.values()):
        yield (
            "What was edited or removed since the last run without a time of its own counts as well: run, and verify"
            f" again. What is left is mended by: {command('run')} --full-refresh"
        )
    elif not found.failures:
        yield "The copy is what Zaia shows."
