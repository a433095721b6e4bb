"""Asking for what hangs on one parent, by its id."""

from __future__ import annotations

from functools import partial

from ..api.answers import Answer, object_problem
from ..api.client import Client
from ..catalog import PerParent, Table
from ..rows.rows import Row
from .reading import read_until_settled
from .ways import Batch


async def ask(client: Client, table: Table[PerParent], parent_id: str) -> Batch:
    """Ask for what hangs on a parent, by its id; a list of several pages until two readings agree."""
    ids = {table.read.asked_by: parent_id}
    if not table.read.endpoint.single:
        return await read_until_settled(
            lambda: client.pages(table.read.endpoint, ids=ids), table.read.endpoint.label
        )
    query = dict(table.read.endpoint.fixed) or None
    answer = await client.ask(table.read.endpoint, ids=ids, query=query, check=partial(_rows_problem, table))
    whole = table.read.rows_at is None or isinstance(answer.data.get(table.read.rows_at), list)
    return Batch(_rows_in(table, answer), answer.sent_at, whole)


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
