"""Is the copy what Pylon holds? Issues by month from a complete listing, and a sample compared value by value."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Container, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from pylon_elt.sources.pylon.api.client import Client
from pylon_elt.sources.pylon.api.filters import rfc3339
from pylon_elt.sources.pylon.api.pacing import Pacers
from pylon_elt.sources.pylon.catalog import ENDPOINTS
from pylon_elt.sources.pylon.rows.rows import Row, instant
from pylon_elt.sources.pylon.upkeep.listing import SAMPLE, list_all, there

from .held import Held
from .report import Month, Verification
from .sampled import compare_sample
from .untold import Untold
from .whose import require_same

if TYPE_CHECKING:
    from pylon_elt.sources.pylon.settings import Settings


UNDATED = "no date"


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
        PylonError: Pylon could not be asked, or the token is another organisation's.
    """

    async def work() -> None:
        client = Client(settings, pacers)
        try:
            await require_same(client, settings, held.whose)
            listed: dict[str, Row] = {}

            async def see(rows: Sequence[Row], _sent_at: datetime) -> None:
                listed.update({row["id"]: _stamps(row) for row in rows})

            page_size = settings.limit(ENDPOINTS["list_issues"])
            failing = held.state.known_to_fail
            listing = await list_all(
                client, settings.start_date, page_size, see, len(held.times), in_part=True, failing=failing
            )
            apart = listing.untold
            missing = {
                id_ for id_, (at, _) in held.times.items() if not (id_ in listed or _may_lie_in(at, apart))
            }
            hidden = await there(client, missing)
            _compare_listing(held, settings.start_date, listed, missing - hidden, report)
            report.untold += [_unlisted(held, one) for one in apart]
            _tell_hidden(len(hidden), report)
            await compare_sample(client, held, settings.masks, report, pause)
        finally:
            await client.close()

    asyncio.run(work())
    report.differences.sort(key=lambda one: (one.table, one.id, one.what))


def _stamps(row: Row) -> Row:
    return {name: instant(row.get(name)) for name in ("created_at", "updated_at")}


def _compare_listing(
    held: Held,
    floor: datetime | None,
    listed: Mapping[str, Row],
    surplus: Container[str],
    report: Verification,
) -> None:
    """Compare which issues there are, and of which version; some are told to be listed no more."""
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
            report.note(not expected, "issues", id_, "is missing from the copy")
        elif updated and updated > (held.times[id_][1] or datetime.min.replace(tzinfo=updated.tzinfo)):
            report.changed_since += expected
            report.note(
                not expected, "issues", id_, "is an older version, and no later search shows the newer one"
            )
    for id_, (created, _) in held.times.items():
        month = months.setdefault(_month(created), Month())
        month.copied += 1
        month.surplus += id_ in surplus
        report.note(id_ in surplus, "issues", id_, "is not listed by Pylon any more")
    report.months = dict(sorted(months.items()))


def _tell_hidden(count: int, report: Verification) -> None:
    """Note how many issues are not listed and are there by their ids, as far as these were asked for."""
    report.hidden = min(count, SAMPLE)
    if count > SAMPLE:
        why = f"they are not listed, and {SAMPLE} others that are not either are there by their ids."
        report.untold.append(Untold("issues", f"({count - SAMPLE:,} of the copy)", why))


def _may_lie_in(created: datetime | None, stretches: Sequence[tuple[datetime, datetime]]) -> bool:
    return any(created is None or since <= created <= until for since, until in stretches)


def _unlisted(held: Held, stretch: tuple[datetime, datetime]) -> Untold:
    since, until = stretch
    ours = sum(_may_lie_in(created, [stretch]) for created, _ in held.times.values())
    seconds = (until - since).total_seconds()
    what = f"created from {rfc3339(since)} to {rfc3339(until)} ({seconds:.0f} seconds; the copy has {ours:,})"
    return Untold("issues", what, f"{ENDPOINTS['list_issues'].label} fails for it.")


def _month(created: datetime | None) -> str:
    return f"{created:%Y-%m}" if created else UNDATED
