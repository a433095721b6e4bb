"""Is the copy what Pylon holds? Issues by month from a complete listing, and a sample compared value by value."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from pylon_elt.sources.pylon.api.client import Client
from pylon_elt.sources.pylon.api.pacing import Pacers
from pylon_elt.sources.pylon.catalog import (
    ENDPOINTS,
    HANGING,
    TABLES,
    PerParent,
    Table,
)
from pylon_elt.sources.pylon.copy.comparing import typed
from pylon_elt.sources.pylon.copy.copied import utc
from pylon_elt.sources.pylon.errors import GONE_ISSUE, NOT_THERE, PermissionDenied, Rejected
from pylon_elt.sources.pylon.lanes.asking import is_scrubbed
from pylon_elt.sources.pylon.lanes.hanging import ask
from pylon_elt.sources.pylon.rows.masking import Masks
from pylon_elt.sources.pylon.rows.rows import Row, instant
from pylon_elt.sources.pylon.upkeep.listing import list_all

from ..base.desk import command
from .held import Held, key_of
from .twice import Twice

if TYPE_CHECKING:
    from pylon_elt.sources.pylon.settings import Settings


IN_FLIGHT = 8
UNDATED = "no date"


@dataclass(frozen=True, slots=True)
class Difference:
    """One way in which the copy is not what Pylon holds: names and ids, never values."""

    table: str
    id: str
    what: str


@dataclass
class Month:
    """The issues that were created in one month (UTC)."""

    listed: int = 0
    copied: int = 0
    missing: int = 0
    """Listed, not in the copy, and not to be found by the next run."""
    surplus: int = 0
    """In the copy, and not listed."""


@dataclass
class Verification:
    """What a verification found."""

    seed: int
    announced: dict[str, int]
    """Requests that were announced, by endpoint."""
    asked: dict[str, int] = field(default_factory=dict)
    months: dict[str, Month] = field(default_factory=dict)
    sampled: dict[str, int] = field(default_factory=dict)
    """Rows that were compared value by value, by table."""
    new_since: int = 0
    changed_since: int = 0
    before_start: int = 0
    """Issues of the copy that were created before the start date; they are not compared."""
    unread: int = 0
    """Issues that the first load has yet to read."""
    unread_children: int = 0
    """Conversations of the sample that the next run reads."""
    volatile: dict[str, list[str]] = field(default_factory=dict)
    """What differs at each reading, by table: it is not compared."""
    differences: list[Difference] = field(default_factory=list)

    def add_sampled(self, table: str, rows: int) -> None:
        """Count rows that were compared value by value."""
        self.sampled[table] = self.sampled.get(table, 0) + rows

    def as_facts(self) -> dict[str, Any]:
        """Return the same for JSON."""
        return {"equal": not self.differences, **asdict(self)}


def verify(
    held: Held,
    settings: Settings,
    pacers: Pacers,
    report: Verification,
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:
    """Ask Pylon, and compare.

    Args:
        held: What the copy holds.
        settings: How to read.
        pacers: The pace.
        report: Where to write what is found.
        pause: How to wait between two readings, in seconds.

    Raises:
        PylonError: Pylon could not be asked.
    """

    async def work() -> None:
        client = Client(settings, pacers)
        try:
            listed: dict[str, Row] = {}

            async def see(rows: Sequence[Row], _sent_at: datetime) -> None:
                listed.update({row["id"]: _stamps(row) for row in rows})

            page_size = settings.limit(ENDPOINTS["list_issues"])
            await list_all(client, settings.start_date, page_size, see, len(held.times))
            _compare_listing(held, settings.start_date, listed, report)
            await _compare_sample(client, held, settings.masks, report, pause)
        finally:
            await client.close()

    asyncio.run(work())
    report.differences.sort(key=lambda one: (one.table, one.id, one.what))


def _stamps(row: Row) -> Row:
    return {name: instant(row.get(name)) for name in ("created_at", "updated_at")}


def _compare_listing(
    held: Held, floor: datetime | None, listed: Mapping[str, Row], report: Verification
) -> None:
    """Compare which issues there are, and of which version."""
    months: dict[str, Month] = {}
    report.before_start = held.before
    for id_, row in listed.items():
        created, updated = row["created_at"], row["updated_at"]
        if floor and created and created < floor:
            continue
        if id_ not in held.times and held.read_from and created and created < held.read_from:
            report.unread += 1
            continue
        month = months.setdefault(_month(created), Month())
        month.listed += 1
        expected = updated is None or updated >= held.expected_from
        if id_ not in held.times:
            report.new_since += expected
            month.missing += not expected
            _note(report, not expected, "issues", id_, "is missing from the copy")
        elif updated and updated > (held.times[id_][1] or datetime.min.replace(tzinfo=updated.tzinfo)):
            report.changed_since += expected
            _note(
                report,
                not expected,
                "issues",
                id_,
                "is an older version, and no later search shows the newer one",
            )
    for id_, (created, _) in held.times.items():
        month = months.setdefault(_month(created), Month())
        month.copied += 1
        month.surplus += id_ not in listed
        _note(report, id_ not in listed, "issues", id_, "is not listed by Pylon any more")
    report.months = dict(sorted(months.items()))


def _month(created: datetime | None) -> str:
    return f"{created:%Y-%m}" if created else UNDATED


async def _compare_sample(
    client: Client,
    held: Held,
    masks: Masks,
    report: Verification,
    pause: Callable[[float], Awaitable[None]],
) -> None:
    """Ask for each issue of the sample, and for what hangs on it."""
    twice = Twice(held.state, datetime.now(UTC))
    gate = asyncio.Semaphore(IN_FLIGHT)

    async def one(id_: str) -> None:
        async with gate:
            await _compare_issue(client, held, masks, id_, report, twice)

    await asyncio.gather(*(one(id_) for id_ in held.sample))
    for doubt, columns in await twice.settle(partial(_read, client, masks), pause):
        for column in columns:
            _note(report, True, doubt.table.name, _named(doubt.table, doubt.key), f"{column} differs")
    report.volatile = twice.volatile


async def _read(client: Client, masks: Masks, table: Table, issue_id: str) -> list[dict[str, Any]]:
    """Return the rows of a table that belong to an issue, as it would hold them."""
    if isinstance(table.read, PerParent):
        rows = await _ask(client, HANGING[table.name], issue_id) or []
        return typed(table, rows, masks, issue_id)
    answer = await client.ask(ENDPOINTS["get_issue"], ids={"issue_id": issue_id})
    return typed(table, [answer.data], masks)


async def _compare_issue(
    client: Client, held: Held, masks: Masks, id_: str, report: Verification, twice: Twice
) -> None:
    table, row = TABLES["issues"], held.sample[id_]
    children = [HANGING[name] for name, issues in held.children.items() if id_ in issues]
    # the children first: what changes meanwhile shows in the issue's time
    found = [await _ask(client, child, id_) for child in children]
    try:
        answer = await client.ask(ENDPOINTS["get_issue"], ids={"issue_id": id_})
    except Rejected as error:
        if error.status not in GONE_ISSUE:
            raise
        return  # the listing lacks it too, or it has just been deleted
    (wanted,) = typed(table, [answer.data], masks)
    if (utc(wanted["updated_at"]) or held.expected_from) > (utc(row["updated_at"]) or held.expected_from):
        return  # counted as changed since by the listing
    report.add_sampled("issues", 1)
    twice.compare(table, id_, wanted, row)
    scrubbed = is_scrubbed(answer)
    for child, given in zip(children, found, strict=True):
        rows = [] if given is None and scrubbed else given
        if rows is None or (id_, child.name) in held.due:
            report.unread_children += 1
        else:
            wanted_rows = typed(child, rows, masks, id_)
            _compare_children(child, id_, wanted_rows, held.children[child.name][id_], report, twice)


async def _ask(client: Client, table: Table[PerParent], issue_id: str) -> list[Row] | None:
    """Return what hangs on an issue; ``None`` where that is not given, which says nothing about it."""
    try:
        batch = await ask(client, table, issue_id)
    except Rejected as error:
        if error.status not in GONE_ISSUE | NOT_THERE:
            raise
        return None
    except PermissionDenied:
        return None
    return batch.rows


def _compare_children(
    table: Table,
    issue_id: str,
    rows: Sequence[Mapping[str, Any]],
    held: Mapping[tuple[Any, ...], dict[str, Any]],
    report: Verification,
    twice: Twice,
) -> None:
    wanted = {key_of(table, row): row for row in rows}
    report.add_sampled(table.name, len(wanted))
    for key, row in wanted.items():
        _note(report, key not in held, table.name, _named(table, key), "is missing from the copy")
        if key in held:
            twice.compare(table, issue_id, row, held[key])
    for key in held.keys() - wanted.keys():
        _note(report, True, table.name, _named(table, key), "is gone from Pylon")


def _note(report: Verification, differs: bool, table: str, id_: str, what: str) -> None:
    if differs:
        report.differences.append(Difference(table, id_, what))


def _named(table: Table, key: tuple[Any, ...]) -> str:
    """Return what a row is called: by its own id, where that is what its key begins with."""
    return str(key[0]) if table.key[0] == "id" else "/".join(map(str, key))


def remedies(report: Verification) -> Iterator[str]:
    """Say what mends the differences."""
    tables = {one.table for one in report.differences}
    if "issues" in tables:
        yield f"{command('reconcile')} removes issues that are gone, and mends those that are missing or different."
    if tables - {"issues"}:
        run = f"{command('run')} --max-minutes 60"
        yield f"A sweep mends conversations: {run}, with sweep_days below the copy's age in days."
