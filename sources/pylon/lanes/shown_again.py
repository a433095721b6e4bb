"""Rows that are shown although the copy has them: they cost their part of a page, and no write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa

from ..api.windows import whole_second
from ..catalog import Table
from ..copy import held
from ..copy.comparing import differing
from ..copy.copied import utc
from ..errors import PylonError
from ..rows.rows import Row, instant
from .clocks import TOLERANCE
from .turn import Turn
from .ways import Copies, Reader, Version, version


def reader(turn: Turn, table: Table, stamp: str, parent: str = "") -> Reader:
    """Return who reads a table's windows in a turn, and can tell which rows of a moment the copy has.

    Args:
        turn: The turn.
        table: What is read.
        stamp: The field whose time tells one version of a row from another; where the table has no such column, a row
            that is there has been read.
        parent: Whose rows are read, where each parent's are read for themselves.
    """
    timed = stamp in table.column_names

    def known(rows: Sequence[Row]) -> set[Version]:
        times = held.times(turn.contents, table, stamp, [str(row.get("id")) for row in rows])
        return {
            version(row)
            for row in rows
            if (key := (parent, str(row.get("id")))) in times
            and (not timed or ((at := instant(row.get(stamp))) and times[key] == at))
        }

    def leave_out(error: PylonError) -> None:
        turn.fail(table.name, error, stops=False)

    return Reader(turn.client, turn.patient_client, known, leave_out)


def changed(turn: Turn, table: Table, batch: pa.Table, copies: Copies | None = None) -> pa.Table:
    """Return the rows of a batch that the copy does not hold as they are; when they were read does not count.

    All values are compared: an edit may have come within the second that ``updated_at`` names; a time that is cut to
    its second is the copy's, where that lies within. Of the others, only that they are there is noted. An older version
    than the copy's is no news for as long as an index may trail: it is shown after the issue itself was read.

    Args:
        turn: The turn.
        table: Which table they belong to.
        batch: The rows.
        copies: What the copy holds of them; it is looked up, where that was not done.
    """
    rows = batch.select(list(table.column_names)).to_pylist()
    if copies is None:
        copies = held.rows(turn.contents, table, [row[table.key[-1]] for row in rows])
    news = [
        (copy := copies.get(tuple(row[name] for name in table.key))) is None
        or bool(in_what(turn, table, row, copy))
        for row in rows
    ]
    turn.returned.see(table, batch.filter(pa.array([not new for new in news], pa.bool_())))
    return batch.filter(pa.array(news, pa.bool_()))


def in_what(turn: Turn, table: Table, row: Mapping[str, Any], copy: Mapping[str, Any]) -> list[str]:
    """Return the columns in which a row is news beside its copy.

    Args:
        turn: The turn.
        table: Which table they belong to.
        row: What was shown, as the table would hold it, with the time at which it held in ``_synced_at``.
        copy: What the copy has of it.
    """
    trails = timedelta(seconds=turn.settings.lookback_seconds)
    overtaken = _is_overtaken(row, copy, trails, turn.client.ahead + TOLERANCE)
    return [] if overtaken else differing(table, _uncut(row, copy), copy)


def _is_overtaken(
    row: Mapping[str, Any], copy: Mapping[str, Any], trails: timedelta, ahead: timedelta
) -> bool:
    """Whether the copy has a newer version, which was read so shortly before that the index may not have it yet.

    A time that was more than ``ahead`` in the future when it was read says nothing of which version came first.
    """
    mine, its = utc(row.get("updated_at")), utc(copy.get("updated_at"))
    read, before = utc(row["_synced_at"]), utc(copy["_synced_at"])
    if not (mine and its and read and before) or its > before + ahead:
        return False
    return mine < its and not _is_cut(mine, its) and read - before < trails


def _uncut(row: Mapping[str, Any], copy: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a row with the copy's times in the place of those that are these, cut to their seconds."""
    if not _is_cut(row.get("updated_at"), copy.get("updated_at")):
        return row
    return {name: copy[name] if _is_cut(value, copy.get(name)) else value for name, value in row.items()}


def _is_cut(mine: object, its: object) -> bool:
    """Whether a time may be another one that was cut to its second."""
    if not isinstance(mine, datetime) or not isinstance(its, datetime):
        return False
    return not mine.microsecond and utc(mine) == whole_second(its.astimezone(UTC)) != utc(its)
