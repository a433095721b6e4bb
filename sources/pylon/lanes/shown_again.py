"""Rows that a look shows although the copy has them: they cost their part of a page, and no write."""

from __future__ import annotations

import pyarrow as pa

from ..catalog import Table
from ..copy.comparing import differing
from ..copy.held import rows as rows_held
from .turn import Turn


def changed(turn: Turn, table: Table, batch: pa.Table) -> pa.Table:
    """Return the rows of a batch that the copy does not hold as they are; when they were read does not count.

    All values are compared: an edit may have come within the second that ``updated_at`` names.
    """
    turn.returned.see(table, batch)
    rows = batch.select(list(table.column_names)).to_pylist()
    held = rows_held(turn.contents, table, [row[table.key[-1]] for row in rows])
    return batch.filter(
        pa.array(
            [
                (known := held.get(tuple(row[name] for name in table.key))) is None
                or bool(differing(table, row, known))
                for row in rows
            ]
        )
    )
