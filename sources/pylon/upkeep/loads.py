"""The loads that take issues out of a copy, with all that hangs on them, and those that mend it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import dlt
import pyarrow as pa
from dlt.extract import DltResource, DltSource

from ..catalog import CHILDREN, DELETIONS, ISSUES, TABLES, Ledger, Table
from ..copy import loading
from ..copy.state import SourceState
from ..lanes.returned import taken_back
from ..rows.masking import UNMASKED
from ..rows.rows import to_arrow, tombstones
from .listing import Gone


def removal(
    gone: Sequence[Gone],
    children: dict[str, list[tuple[str, str]]],
    about: Sequence[str],
    note: Callable[[SourceState], None],
) -> Iterator[DltSource]:
    """Return the loads that remove issues from a copy, with all that hangs on them, and write down their ids.

    In this order, since a kill may leave some tables of a load without the others: what is gone is recorded while all
    of it is there, and the issues themselves, by which the next reconciliation would find the rest, go last.

    Args:
        gone: The issues.
        children: What the copy holds of them, for every child table that it has: ``{table: [(id, issue_id)]}``.
        about: What else the copy keeps about issues; no content outlives its deletion.
        note: Writes into the source's state what the comparison found, and when it was completed.
    """
    if gone:
        yield _load([(DELETIONS, _records(gone, children))])
        hanging = [TABLES[name] for name in (*children, "issue_sync", *about)]
        yield _load([_without(table, gone) for table in hanging])

    yield _load([_without(TABLES["issues"], gone)], note)


def taking_back(issue_ids: Iterable[str]) -> DltSource:
    """Return the load that removes the records of issues that are there again."""
    places = [(issue_id, "") for issue_id in issue_ids]
    return _load([(DELETIONS, taken_back(ISSUES.name, places, datetime.now(UTC)))])


def mending(
    batch: pa.Table,
    records: Sequence[tuple[Table, pa.Table]],
    set_back: Iterable[str],
    note: Callable[[SourceState], None],
) -> Iterator[DltSource]:
    """Return the loads that bring issues of a copy to what a listing showed; their conversations become due by it.

    In this order: after a kill between them, the issues are still to be mended, and nothing is recorded twice.

    Args:
        batch: Rows of the table ``issues``.
        records: What the histories that watch it have to record.
        set_back: Issues of which the ledger knows more than there is.
        note: Writes into the source's state what goes with the issues.
    """
    if records:
        yield _load(list(records))
    if ids := sorted(set_back):
        ledger = TABLES["issue_sync"]
        keys = [{"issue_id": one, "child": child.name} for one in ids for child in CHILDREN]
        yield _load([(ledger, tombstones(ledger, keys, datetime.now(UTC)))])
    yield _load([(TABLES["issues"], batch)], note)


@dlt.source(name="pylon", section="pylon", max_table_nesting=0)
def _load(
    batches: list[tuple[Table, pa.Table]], note: Callable[[SourceState], None] = lambda _state: None
) -> Any:
    def items(batch: pa.Table) -> Iterator[pa.Table]:
        note(SourceState.current())
        if batch.num_rows:
            yield batch

    return [_resource(table, items(batch)) for table, batch in batches]


def _without(table: Table, gone: Sequence[Gone]) -> tuple[Table, pa.Table]:
    found_at = gone[-1].detected_at if gone else datetime.now(UTC)
    return table, tombstones(table, _keys(table, gone), found_at)


def _keys(table: Table, gone: Sequence[Gone]) -> list[dict[str, str]]:
    if table is ISSUES:
        return [{"id": one.issue_id} for one in gone]
    if isinstance(table.read, Ledger):
        return [{"issue_id": one.issue_id, "child": child.name} for one in gone for child in CHILDREN]
    return [{"issue_id": one.issue_id} for one in gone]


def _records(gone: Sequence[Gone], children: dict[str, list[tuple[str, str]]]) -> pa.Table:
    known = {one.issue_id: one for one in gone}
    rows = [("issues", one.issue_id, "", one) for one in gone]
    rows += [
        (table, row_id, parent, known[parent]) for table, ids in children.items() for row_id, parent in ids
    ]
    given = {
        "table": [row[0] for row in rows],
        "id": [row[1] for row in rows],
        "parent_id": [row[2] for row in rows],
        "detected_at": [row[3].detected_at for row in rows],
        "evidence": [row[3].evidence for row in rows],
    }
    return to_arrow(DELETIONS, [{}] * len(rows), given, UNMASKED)


def _resource(table: Table, items: Iterator[pa.Table]) -> DltResource:
    resource: DltResource = dlt.resource(  # type: ignore[call-overload]
        items,
        name=table.name,
        primary_key=list(table.key),
        columns=loading.columns(table),
        write_disposition=loading.disposition(table),
    )
    return resource
