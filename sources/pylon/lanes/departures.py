"""Rows that a complete reading of a collection no longer shows: written down in ``deletions`` before they go.

A kill may leave some tables of a load without the others. So a row goes only once its record has arrived, in the turn
after the one that missed it, which reads the collection again. Without a runner there is no such turn: both go in one.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime

import pyarrow as pa

from ..catalog import DELETIONS, ENDPOINTS, TABLES, Table
from ..copy.intervals import Collection
from ..errors import Implausible, PylonError
from ..rows.masking import UNMASKED
from ..rows.rows import to_arrow
from .catch import catches
from .returned import Place, place
from .turn import Turn

WITNESSES = 20
"""How many requests the proof of merges may cost in one reading."""

Key = tuple[str, ...]


async def may_go(turn: Turn, table: Collection, gone: set[Key], stored: int, began: datetime) -> bool:
    """Say whether rows may be removed now; if not yet, write down what is missing.

    Args:
        turn: The turn that it is part of.
        table: The collection.
        gone: The keys that the copy has, and that a complete reading did not show.
        stored: How many rows the copy has.
        began: When that reading began, in UTC.
    """
    if catches(len(gone), stored) and not turn.control.confirmed:
        _refuse(turn, table, len(gone), stored)
        return False
    if not gone or DELETIONS.name not in turn.lanes:
        return True
    recorded = turn.contents.deleted(table.name)
    unrecorded = {key: called for key in gone if (called := place(table, key)) not in recorded}
    if not unrecorded:
        return True
    evidence = await _evidence(turn, table, sorted(unrecorded))
    turn.written.put(DELETIONS.name, _records(table, unrecorded, evidence, began))
    if turn.control.strict:
        return True
    turn.come_again()
    return False


def _refuse(turn: Turn, table: Table, missing: int, stored: int) -> None:
    error = Implausible(table.name, missing, stored)
    if turn.control.strict:  # what was read is worth keeping
        logging.getLogger("dlt").warning(str(error))
    else:
        turn.report.fail(table.name, error)


async def _evidence(turn: Turn, table: Collection, gone: list[Key]) -> dict[Key, str]:
    """Tell merged accounts from deleted ones: what belonged to a merged one belongs to another now."""
    plain = f"not in a complete reading of {table.read.endpoint.label}"
    found = dict.fromkeys(gone, plain)
    if table.name != "accounts":
        return found
    for key in gone[:WITNESSES]:
        for witness, endpoint, name in (
            ("issues", ENDPOINTS["get_issue"], "issue_id"),
            ("contacts", ENDPOINTS["get_contact"], "contact_id"),
        ):
            row_id = turn.contents.one_of(TABLES[witness], "account_id", key[0])
            survivor = await _account_of(turn, endpoint.name, {name: row_id}) if row_id else None
            if survivor and survivor != key[0]:
                found[key] = (
                    f"merged: {plain}; {witness.removesuffix('s')} {row_id} belongs to {survivor} now"
                )
                break
    return found


async def _account_of(turn: Turn, endpoint: str, ids: Mapping[str, str]) -> str | None:
    try:
        asked = ENDPOINTS[endpoint]
        query = {"limit": asked.page_size} if asked.page_size else None
        answer = await turn.patient_client.ask(asked, ids=ids, query=query)
    except PylonError:
        return None  # who does not answer is no witness
    account = answer.data.get("account") if isinstance(answer.data, dict) else None
    found = account.get("id") if isinstance(account, dict) else None
    return found if isinstance(found, str) else None


def _records(
    table: Table, places: Mapping[Key, Place], evidence: Mapping[Key, str], began: datetime
) -> pa.Table:
    given = {
        "table": table.name,
        "id": [id_ for id_, _ in places.values()],
        "parent_id": [parent for _, parent in places.values()],
        "detected_at": began,
        "evidence": [evidence[key] for key in places],
    }
    return to_arrow(DELETIONS, [{}] * len(places), given, UNMASKED)
