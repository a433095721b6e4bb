"""Publishes table by table, and tells of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta

import pyarrow as pa

from ..ask.reader import Reader
from ..base import screens
from ..base.desk import current
from ..base.wording import bytes_of, count
from . import source, table, upkeep
from .digests import Summing
from .lake import Lake
from .table import Outcome
from .troubles import telling
from .upkeep import Cleared


def publish_all(
    reader: Reader,
    wanted: Sequence[tuple[str, str]],
    lake: Lake,
    *,
    keep: timedelta,
    adopt: bool,
    as_json: bool,
) -> list[Outcome]:
    """Publish tables; each is there, whole, once it has been told of. Return what was done to each.

    Args:
        reader: The copy, as it is at one moment.
        wanted: The schema and the name of each table.
        lake: Where they are published.
        keep: How long a snapshot stays after another one has taken its place.
        adopt: Go on with tables that show another workspace.
        as_json: Whether to write for machines.

    Raises:
        Problem: A table that is there is not ours, or cannot follow the copy.
    """
    desk, owner = current(), _owner(reader)
    sources = [source.of(reader, schema, its, desk.described(its)) for schema, its in wanted]
    for one in sources:  # before anything is written
        with telling(one.table):
            if (known := lake.table(one.table)) is not None:
                table.require_ours(known, desk.name, owner, adopt=adopt)
    done: list[Outcome] = []
    cleared: list[Cleared] = []
    with Summing() as summing:
        for one in sources:
            with telling(one.table):
                done.append(table.publish(lake, one, desk.name, owner, summing, adopt=adopt))
                cleared.append(_clear(lake, one.table, keep))
            pa.default_memory_pool().release_unused()  # the next table needs other amounts
            _tell(done[-1], cleared[-1], as_json=as_json)
    _tell_all(done, cleared, lake.told, as_json=as_json)
    return done


def _clear(lake: Lake, name: str, keep: timedelta) -> Cleared:
    for _ in range(table.ATTEMPTS):
        if (known := lake.table(name)) is None:
            break
        try:
            return upkeep.clear(known, datetime.now(UTC), keep, lake.grace)
        except FileNotFoundError:  # somebody else has let go what was being looked at
            if not lake.has_moved(known):
                raise
    return Cleared()


def _owner(reader: Reader) -> str:
    """Return the id of the workspace that the copy holds, "" where it does not say."""
    dataset = reader.schemas[0]
    there = set(reader.tables()[dataset])

    def held(its: str, column: str, first: str) -> str:
        if its not in there:
            return ""
        sql = f"SELECT {column} AS found FROM {reader.name(dataset, its)} {first} LIMIT 1"
        values = reader.ask(sql).table().to_pylist()
        return str(values[0]["found"] or "") if values else ""

    return current().whose(held)


def _tell(done: Outcome, cleared: Cleared, *, as_json: bool) -> None:
    if as_json:
        screens.event("table", **asdict(done), cleared=asdict(cleared))
        return
    what = "as it was"
    if done.snapshot is not None:
        what = f"{done.written} of {count(max(done.parts, done.written), 'part')} written, {bytes_of(done.bytes)}"
    changes = "".join(f"; {change}" for change in done.changes if change != "made")
    screens.tell(f"{done.table:<28} {count(done.rows, 'row'):>16}  {what}{changes}")


def _tell_all(done: Sequence[Outcome], cleared: Sequence[Cleared], where: str, *, as_json: bool) -> None:
    committed = sum(one.is_new for one in done)
    size, files = sum(one.bytes for one in done), sum(one.files for one in cleared)
    if as_json:
        facts = {"tables": len(done), "committed": committed, "bytes": size, "files_cleared": files}
        screens.event("done", **facts, where=where)
        return
    let_go = f" {count(files, 'file')} of former states removed." if files else ""
    tables = count(len(done), "table")
    if committed:
        screens.tell(f"{tables}, {committed} of them changed, {bytes_of(size)} written, in {where}.{let_go}")
    else:
        screens.tell(f"{tables} in {where}: nothing has changed.{let_go}")
