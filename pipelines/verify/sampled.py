"""A sample of the issues, and what hangs on them: asked for, and compared value by value."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

from pylon_elt.sources.pylon.api.answers import Answer, object_problem
from pylon_elt.sources.pylon.api.client import Client
from pylon_elt.sources.pylon.catalog import ENDPOINTS, HANGING, TABLES, PerParent, Table
from pylon_elt.sources.pylon.copy.comparing import typed
from pylon_elt.sources.pylon.copy.copied import utc
from pylon_elt.sources.pylon.errors import GONE_ISSUE, NOT_THERE, PermissionDenied, Rejected
from pylon_elt.sources.pylon.lanes.asking import is_scrubbed
from pylon_elt.sources.pylon.lanes.hanging import ask
from pylon_elt.sources.pylon.lanes.ways import Batch
from pylon_elt.sources.pylon.rows.masking import Masks

from .held import Held, key_of
from .report import Verification
from .twice import Twice
from .untold import Asking, Untold

IN_FLIGHT = 8


async def compare_sample(
    client: Client,
    held: Held,
    masks: Masks,
    report: Verification,
    pause: Callable[[float], Awaitable[None]],
) -> None:
    """Ask for each issue of the sample, and for what hangs on it."""
    twice = Twice(held.state, datetime.now(UTC))
    gate, asking = asyncio.Semaphore(IN_FLIGHT), Asking(report.untold)

    async def one(id_: str) -> None:
        async with gate:
            await _compare_issue(client, held, masks, id_, report, twice, asking)

    await asyncio.gather(*(one(id_) for id_ in held.sample))
    for doubt, columns in await twice.settle(partial(_read, client, masks), pause):
        for column in columns:
            report.note(True, doubt.table.name, _named(doubt.table, doubt.key), f"{column} differs")
    report.volatile = twice.volatile


async def _read(client: Client, masks: Masks, table: Table, issue_id: str) -> list[dict[str, Any]]:
    """Return the rows of a table that belong to an issue, as it would hold them."""
    if isinstance(table.read, PerParent):
        batch = await _ask(client, HANGING[table.name], issue_id)
        return typed(table, batch.rows if batch else [], masks, issue_id)
    answer = await _issue(client, issue_id)
    return typed(table, [answer.data] if answer else [], masks)


async def _compare_issue(
    client: Client,
    held: Held,
    masks: Masks,
    id_: str,
    report: Verification,
    twice: Twice,
    asking: Asking,
) -> None:
    table, row = TABLES["issues"], held.sample[id_]
    children = [HANGING[name] for name, issues in held.children.items() if id_ in issues]
    # the children first: what changes meanwhile shows in the issue's time
    found = [await asking.given(child.name, id_, partial(_ask, client, child, id_)) for child in children]
    answer = await asking.given("issues", id_, partial(_issue, client, id_))
    if not isinstance(answer, Answer):
        return  # the listing lacks it too, or it has just been deleted
    if answer.data.get("id") != id_:
        report.untold.append(Untold("issues", id_, f"{ENDPOINTS['get_issue'].label} gives another one."))
        return
    (wanted,) = typed(table, [answer.data], masks)
    if (utc(wanted["updated_at"]) or held.expected_from) > (utc(row["updated_at"]) or held.expected_from):
        return  # counted as changed since by the listing
    report.add_sampled("issues", 1)
    twice.compare(table, id_, wanted, row)
    scrubbed = is_scrubbed(answer)
    for child, given in zip(children, found, strict=True):
        if isinstance(given, Untold):
            continue
        batch = Batch([], answer.sent_at) if given is None and scrubbed else given
        if batch is None or (id_, child.name) in held.due:
            report.unread_children += 1
        else:
            wanted_rows = typed(child, batch.rows, masks, id_)
            ours = held.children[child.name][id_]
            _compare_children(child, id_, wanted_rows, ours, report, twice, whole=batch.whole)


async def _issue(client: Client, issue_id: str) -> Answer | None:
    """Return the answer for an issue; ``None`` where it is not there."""
    try:
        return await client.ask(ENDPOINTS["get_issue"], ids={"issue_id": issue_id}, check=object_problem)
    except Rejected as error:
        if error.status not in GONE_ISSUE:
            raise
        return None


async def _ask(client: Client, table: Table[PerParent], issue_id: str) -> Batch | None:
    """Return what hangs on an issue; ``None`` where that is not given, which says nothing about it."""
    try:
        return await ask(client, table, issue_id)
    except Rejected as error:
        if error.status not in GONE_ISSUE | NOT_THERE:
            raise
        return None
    except PermissionDenied:
        return None


def _compare_children(
    table: Table[PerParent],
    issue_id: str,
    rows: Sequence[Mapping[str, Any]],
    held: Mapping[tuple[Any, ...], dict[str, Any]],
    report: Verification,
    twice: Twice,
    *,
    whole: bool,
) -> None:
    wanted = {key_of(table, row): row for row in rows}
    report.add_sampled(table.name, len(wanted))
    for key, row in wanted.items():
        report.note(key not in held, table.name, _named(table, key), "is missing from the copy")
        if key in held:
            twice.compare(table, issue_id, row, held[key])
    gone = held.keys() - wanted.keys()
    for key in gone if whole else ():
        report.note(True, table.name, _named(table, key), "is gone from Pylon")
    if gone and not whole:
        why = f"{table.read.endpoint.label} gives no list, which says nothing about rows."
        report.untold.append(Untold(table.name, issue_id, why))


def _named(table: Table, key: tuple[Any, ...]) -> str:
    """Return what a row is called: by its own id, where that is what its key begins with."""
    return str(key[0]) if table.key[0] == "id" else "/".join(map(str, key))
