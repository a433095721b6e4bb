"""Asking for what hangs on one parent, by its id."""

from __future__ import annotations

from functools import partial

from ..api.answers import Answer, object_problem
from ..api.client import Client
from ..api.paging import USUAL_LIMIT
from ..catalog import PerParent, Table
from ..errors import PylonError
from ..rows.rows import Row
from .reading import read_until_settled
from .ways import Batch


async def ask(client: Client, table: Table[PerParent], parent_id: str, limit: int | None = None) -> Batch:
    """Ask for what hangs on a parent, by its id; a list of several pages until two readings agree.

    Args:
        client: Whom to ask.
        table: What is read.
        parent_id: The parent.
        limit: How many rows a page of a list is to have, where it is not to come as the endpoint's lists usually do.
    """
    ids = {table.read.asked_by: parent_id}
    if not table.read.endpoint.single:
        return await read_until_settled(
            lambda: client.pages(table.read.endpoint, ids=ids, limit=limit), table.read.endpoint.label
        )
    query = dict(table.read.endpoint.fixed) or None
    answer = await client.ask(table.read.endpoint, ids=ids, query=query, check=partial(_rows_problem, table))
    whole = table.read.rows_at is None or isinstance(answer.data.get(table.read.rows_at), list)
    return Batch(_rows_in(table, answer), answer.sent_at, whole)


async def ask_in_pages(client: Client, table: Table[PerParent], parent_id: str, error: PylonError) -> Batch:
    """Ask in pages for a list that was not given in one piece: it may be too long for the server.

    Raises:
        PylonError: Of this list pages are not given either, or there are none: the error as it was.
    """
    endpoint = table.read.endpoint
    if endpoint.page_size or not endpoint.max_page_size:
        raise error
    try:
        return await ask(client, table, parent_id, USUAL_LIMIT)
    except PylonError:
        raise error from None


def _rows_problem(table: Table[PerParent], answer: Answer) -> str | None:
    if problem := object_problem(answer):
        return problem
    rows = _rows_in(table, answer)
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        return f"{table.read.rows_at} is no list of objects"
    return None


def _rows_in(table: Table[PerParent], answer: Answer) -> list[Row]:
    """Return the rows of an answer that is one object: the object itself, or what stands in one of its fields."""
    if table.read.rows_at is None:
        return [answer.data]
    return answer.data.get(table.read.rows_at) or []
