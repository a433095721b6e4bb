"""A row at which the server fails, whatever is asked for: all others are copied, and it is once the server is mended."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from support import runs, worlds

from pylon_elt.emulator.log import Record
from pylon_elt.sources.pylon.rows.rows import instant

TASKS = ("GET /tasks", "POST /tasks/search")


class Failing(Exception):
    """What happens in the server."""


def _asked(record: Record, field: str) -> tuple[datetime | None, datetime | None]:
    """Return the stretch of time by a field that a request asks for."""
    if record.endpoint == runs.LIST:
        start, end = (instant(record.query[name]) for name in ("start_time", "end_time"))
        return (start, end) if field == "created_at" else (None, None)
    return _filtered((record.body or {}).get("filter") or {}, field)


def _filtered(given: dict[str, Any], field: str) -> tuple[datetime | None, datetime | None]:
    start = end = None
    for one in given.get("subfilters") or [given]:
        if one.get("field") != field:
            continue
        if one["operator"] == "time_range":
            start, end = map(instant, one["values"])
        elif one["operator"] == "time_is_after":
            start = instant(one["value"])
        elif one["operator"] == "time_is_before":
            end = instant(one["value"])
    return start, end


def _fails_for(row: dict[str, Any], endpoints: tuple[str, ...]) -> Callable[[Record], None]:
    """Return a hook by which a server fails wherever an answer might show a row."""

    def hook(record: Record) -> None:
        if record.endpoint not in endpoints:
            return
        for field in ("created_at", "updated_at"):
            at, (start, end) = instant(row[field]), _asked(record, field)
            if at and ((start and at < start) or (end and at > end)):
                return
        raise Failing

    return hook


@pytest.mark.parametrize(
    ("tables", "endpoints"),
    [(("issues",), (runs.LIST, runs.SEARCH)), (("tasks",), TASKS)],
    ids=["issues", "tasks"],
)
def test_it_costs_itself_until_the_server_is_mended(
    tables: tuple[str, ...], endpoints: tuple[str, ...], fresh: Any
) -> None:
    copy = fresh(worlds.quiet(issues=60, years=0.2, others=3), options={"tables": list(tables)})
    (table,) = tables
    rows = worlds.truth(copy.world)[table]
    bad = rows[len(rows) // 2]
    mended = copy.server.on_request(_fails_for(bad, endpoints))
    first = copy.run(expect=4)
    assert "could not be read" in first.failures[table]
    assert copy.by_id(table).keys() == {row["id"] for row in rows} - {bad["id"]}
    again = copy.run(expect=4)
    assert sum(again.asked.values()) < sum(first.asked.values()) / 3, "it is not searched for again"
    mended()
    copy.run()
    copy.assert_equal()
