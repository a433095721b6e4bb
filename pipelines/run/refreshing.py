"""What a full refresh may drop: rows go only where Pylon still gives what they were made of."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pylon_elt.sources.pylon.api.client import Client
from pylon_elt.sources.pylon.catalog import TABLES, PerParent, Table
from pylon_elt.sources.pylon.errors import (
    NOT_THERE,
    CredentialsError,
    PylonError,
    Rejected,
    TurnOver,
    is_lacking,
)

from ..base.probing import Probe

if TYPE_CHECKING:
    from pylon_elt.sources.pylon.copy.copied import Copied
    from pylon_elt.sources.pylon.lanes.turn import Control
    from pylon_elt.sources.pylon.settings import Settings


@dataclass(frozen=True, slots=True)
class Kept:
    """Why a table is not dropped, with the failure, if it is one; what the workspace lacks is none."""

    why: str
    failure: PylonError | None = None


def unanswered(
    settings: Settings, control: Control, copied: Copied, tables: Sequence[str]
) -> dict[str, Kept]:
    """Return which of some tables are not given at present, and why; tables without rows have none to lose.

    Args:
        settings: How to read.
        control: The pace, and when the run ends.
        copied: What the copy holds.
        tables: The tables.

    Raises:
        CredentialsError: The token is refused.
    """
    held = copied.tables(tables)
    asked = [TABLES[name] for name in tables if name in held and TABLES[name].endpoints]
    rows = [table for table in asked if copied.select(f"SELECT 1 FROM {{{table.name}}} AS t", most=1)]
    return asyncio.run(_ask(settings, control, rows))


async def _ask(settings: Settings, control: Control, tables: Sequence[Table]) -> dict[str, Kept]:
    client = Client(settings, control.pacers, pause=control.budget.pause, paging=control.paging)
    probe = Probe(client, settings)
    try:
        found = {table.name: await _why_not(probe, table) for table in tables}
    finally:
        await client.close()
    return {name: why for name, why in found.items() if why}


async def _why_not(probe: Probe, table: Table) -> Kept | None:
    """Say why a table is not given; ``None`` where it is."""
    try:
        unasked = await probe.ask(table)
    except CredentialsError:
        raise
    except TurnOver:
        return Kept("the run ended before it was asked for")
    except PylonError as error:
        if (
            isinstance(table.read, PerParent)
            and isinstance(error, Rejected)
            and error.status not in NOT_THERE
        ):
            return None  # that was said of one object, as of a scrubbed issue; the endpoint answers
        return Kept(error.message, None if is_lacking(error) else error)
    return Kept(unasked) if unasked else None


def told(kept: dict[str, Kept]) -> str:
    """Say which tables were not dropped."""
    reasons: dict[str, list[str]] = {}
    for name, one in kept.items():
        reasons.setdefault(one.why.rstrip("."), []).append(name)
    parts = "; ".join(f"{', '.join(names)} ({reason})" for reason, names in reasons.items())
    return f"Not dropped, since it is not certain that they can be read anew: {parts}. They stay as they are."
