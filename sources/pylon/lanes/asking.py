"""Reading what hangs on one parent, and what a refusal means: it may be scrubbed, gone, or only not given."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from ..api.answers import Answer
from ..api.client import Client
from ..catalog import PerParent, Table
from ..copy.comparing import typed
from ..copy.work import Times
from ..errors import (
    GONE,
    GONE_ISSUE,
    TOO_LARGE,
    PylonError,
    Rejected,
    Unanswered,
    Unavailable,
    WebPage,
    is_lacking,
)
from ..rows.rows import Row, distinct
from . import nulls
from .conversation import Conversation, Refused
from .emptied import believed
from .hanging import ask, ask_in_pages
from .turn import Turn, keyed
from .ways import Batch


async def read(
    turn: Turn, table: Table[PerParent], parent: Times, ahead: Batch | None = None
) -> Conversation | Refused:
    """Read what hangs on a parent.

    Args:
        turn: The turn.
        table: What is read.
        parent: The parent.
        ahead: What was read of it before the turn began, if it was.

    Raises:
        PylonError: No proper answer came.
        TurnOver: The turn ended before the request could be sent.
    """
    with turn.budget.unit():
        found = await _read(turn, table, parent, ahead)
        if isinstance(found, Conversation) and found.whole and not found.rows:
            return await believed(turn, table, found, lambda: _read(turn, table, parent))
        return found


async def _read(
    turn: Turn, table: Table[PerParent], parent: Times, ahead: Batch | None = None
) -> Conversation | Refused:
    its = partial(_ask, turn.client, table)
    try:
        batch, is_none = ahead or await its(parent.parent_id), False
        if nulls.is_null(batch):
            batch, is_none = await nulls.insisted(turn, table, parent, batch, its)
    except PylonError as error:
        gone = isinstance(error, Rejected) and error.status in _gone(table)
        if not gone and not is_lacking(error):
            raise
        refused = await _refused(turn.client, table, parent, error)
        if not (isinstance(refused, Refused) and refused.there and gone):
            return refused
        try:  # the issue is there: it may be only its list that cannot be given
            batch, is_none = await ask_in_pages(turn.client, table, parent.parent_id, error), False
        except PylonError:
            return refused
    rows = keyed(turn, table, batch.rows)
    found = distinct(table, rows)
    if len(found) < len(rows):
        _tell_of_equal_ids(turn, table, parent, rows)
    if batch.whole and len(rows) == len(batch.rows):
        nulls.shown(turn, table)
        return Conversation(parent, found, batch.sent_at)
    return _in_part(turn, table, Conversation(parent, found, batch.sent_at, is_none))


def _tell_of_equal_ids(turn: Turn, table: Table[PerParent], parent: Times, rows: Sequence[Row]) -> None:
    """Say so where rows that differ have one id, of which the copy holds one; at an edge of a page, one comes twice."""
    held = typed(table, rows, turn.settings.masks, parent.parent_id)
    keys = {tuple(row[name] for name in table.key) for row in held}
    if len({repr(row) for row in held}) > len(keys):
        turn.report.warn(
            f"{table.read.endpoint.label} gives rows that differ and have one id. The last one of each id is copied."
        )


async def _ask(client: Client, table: Table[PerParent], parent_id: str) -> Batch:
    """Ask for what hangs on a parent; in pages, where the server is not able to give it in one piece."""
    try:
        return await ask(client, table, parent_id)
    except Unanswered as error:
        if isinstance(error, WebPage):
            raise
        return await ask_in_pages(client, table, parent_id, error)
    except Rejected as error:
        if error.status != TOO_LARGE:
            raise
        return await ask_in_pages(client, table, parent_id, error)


def _in_part(turn: Turn, table: Table[PerParent], found: Conversation) -> Conversation | Refused:
    """What is not a whole list says nothing about the rows that it lacks: it takes none away."""
    if not turn.has_rows(table, found.parent.parent_id):
        return found
    path = table.read.endpoint.path.format(**{table.read.asked_by: found.parent.parent_id})
    error = Unavailable(f"{table.read.endpoint.method} {path}", "gave no whole list", "Run again later.")
    turn.report.warn(f"{error.message} What the copy has of it stays as it is.")
    return Refused(found.parent, error, there=False, in_part=True)


def _gone(table: Table[PerParent]) -> frozenset[int]:
    return GONE_ISSUE if table.read.is_of_issues else GONE


async def _refused(
    client: Client, table: Table[PerParent], parent: Times, error: PylonError
) -> Conversation | Refused:
    """Find out what a refusal means: what was asked for may be scrubbed, gone, or only not given.

    A parent that seems gone takes nothing along: its own list has to say so. Until then, it is asked for once a day.
    """
    there = not (isinstance(error, Rejected) and error.status in _gone(table))
    if there:
        return Refused(parent, error)
    if table.read.witness is None:  # it was asked for by its own id
        return Refused(parent, error, gone_at=await client.now())
    try:
        answer = await client.ask(table.read.witness, ids={table.read.asked_by: parent.parent_id})
    except PylonError as other:
        gone = isinstance(other, Rejected) and other.status in _gone(table)
        return Refused(parent, error, there=not gone)
    if is_scrubbed(answer):
        return Conversation(parent, [], answer.sent_at)
    return Refused(parent, error)


def is_scrubbed(answer: Answer) -> bool:
    """Say whether an issue was scrubbed: it is there, but nothing hangs on it any more (seen)."""
    return isinstance(answer.data, dict) and answer.data.get("title") == "SCRUBBED"
