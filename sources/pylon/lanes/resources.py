"""The resources of a workspace: which lane fills which table, and the turn that they share."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Sequence
from contextlib import aclosing
from datetime import datetime
from functools import partial
from typing import Any

import dlt
import pyarrow as pa
from dlt.extract import DltResource

from ..catalog import (
    ALL_TABLES,
    DELETIONS,
    ONCE,
    VERSIONS,
    Feed,
    Issues,
    PerParent,
    Table,
    Versions,
    Whole,
    is_read,
)
from ..copy import loading
from ..copy.copied import Copied
from ..copy.pieces import piece_by_piece
from ..copy.state import SourceState, Stretch
from ..errors import ConfigurationError
from ..rows.rows import distinct, to_arrow
from ..settings import Settings
from . import children, directory, incremental, issues, late, rung, shown_again
from .budget import Limits
from .pipes import PylonResource
from .selection import PylonSource
from .slim import SlimLane, with_kept
from .turn import Control, Turn, keyed
from .turns import Turns
from .ways import Batch


def resources(turns: Turns) -> list[DltResource]:
    """Return the resources of a workspace, which take part in turns."""
    usual = {*turns.settings.usual, DELETIONS.name}
    return [_resource(table, turns, selected=table.name in usual) for table in ALL_TABLES.values()]


def _resource(table: Table, turns: Turns, *, selected: bool) -> DltResource:
    async def batches() -> AsyncGenerator[pa.Table, None]:
        now = turns.current()
        async with now.lane(table.name):
            async for batch in filled(now, table):
                yield batch

    def read() -> Iterator[Any]:
        turns.enter()
        yield from piece_by_piece(batches())

    resource: DltResource = dlt.resource(  # type: ignore[call-overload]
        read,
        name=table.name,
        primary_key=list(table.key),
        columns=loading.columns(table),
        write_disposition=loading.disposition(table),
        selected=selected,
        _impl_cls=PylonResource,
    )
    return resource


def filled(turn: Turn, table: Table) -> AsyncIterator[pa.Table]:
    """Return what fills a table."""
    if is_read(table, Issues):
        return _issues(turn, table)
    if is_read(table, PerParent):
        return _child(turn, table) if table.read.is_of_issues else _nested(turn, table)
    if is_read(table, Whole):
        return directory.refresh(turn, table, SourceState.current().collection(table.name))
    if is_read(table, Feed):
        return incremental.refresh(turn, table, SourceState.current().collection(table.name))
    if is_read(table, Versions):
        turn.recorder.record_postponed(table)
    return turn.written.rows(table.name)


async def _issues(turn: Turn, table: Table[Issues]) -> AsyncIterator[pa.Table]:
    stretch = SourceState.current().issues
    with turn.budget.unit():
        await issues.begin(turn, stretch)
    newest: dict[str, datetime] = {}
    floor = turn.settings.start_date
    changes = _watched(turn, issues.changes(turn, stretch), stretch)
    lanes = {
        "changes": SlimLane(turn, table.read.search).whole(changes),
        "history": SlimLane(turn, table.read.endpoint).whole(issues.history(turn, stretch)),
    }
    if turn.control.rung:
        lanes["rung"] = rung.issues(turn)
    running = {name: lane for name, lane in lanes.items() if name not in turn.report.stopped}
    async with aclosing(issues.side_by_side(turn, running)) as batches:
        async for batch in batches:
            news = [row for row in keyed(turn, table, batch.rows) if issues.is_news(row, newest, floor)]
            rows = distinct(table, news)  # of two versions on one page the later one
            if rows:
                given = {"_synced_at": turn.stamp(batch.sent_at)}
                found = with_kept(to_arrow(table, rows, given, turn.settings.masks), batch.kept)
                if fresh := shown_again.changed(turn, table, found, batch.copies) if batch.again else found:
                    yield turn.count(table, fresh, fresh.num_rows)
                await turn.stock.offer(table.name, rows, batch.sent_at)


def _watched(turn: Turn, changes: AsyncIterator[Batch], stretch: Stretch) -> AsyncIterator[Batch]:
    """Count in the source's state what the search shows late."""
    note = partial(late.remember, SourceState.current())
    return late.watched(changes, stretch, turn.settings.start_date, turn.contents.copied, note)


async def _child(turn: Turn, table: Table[PerParent]) -> AsyncIterator[pa.Table]:
    if table.read.ledger not in turn.lanes:
        raise ConfigurationError(
            f"{table.name} is read by the ledger {table.read.ledger}, which is not selected.", "Select both."
        )
    if turn.lacking.known([table.read.endpoint]):
        turn.stock.give_up(table.name)
        return
    async for read in children.conversations(turn, table):
        yield children.to_batch(turn, table, read)


async def _nested(turn: Turn, table: Table[PerParent]) -> AsyncIterator[pa.Table]:
    parents = SourceState.current().collection(table.read.of)
    # before its parents have been read whole, one that is missing may only not have been read yet
    if parents.refreshed_at and (gone := children.forget(turn, table)):
        yield gone
    async for batch in _child(turn, table):
        yield batch


@dlt.source(name="pylon", section="pylon", max_table_nesting=0, _impl_cls=PylonSource)
def source_of(turns: Turns) -> Any:
    """Return the same source as :func:`pylon_source`, for a caller that keeps the pace and ends the turns itself."""
    return resources(turns)


Load = Callable[[Callable[[], object]], None]
"""Runs what extracts, normalizes and loads."""


def _at_once(run: Callable[[], object]) -> None:
    run()


def take_turn(
    pipeline: dlt.Pipeline,
    tables: Sequence[str],
    settings: Settings,
    control: Control,
    limits: Limits,
    copied: Copied,
    *,
    afresh: bool = False,
    load: Load | None = None,
) -> bool:
    """Extract, normalize and load. Once this has returned, nothing holds on to what the turn knew.

    Args:
        pipeline: Where to load.
        tables: What to read.
        settings: How to read.
        control: What outlives the turn.
        limits: When it ends although something is due.
        copied: The copy, held open by the caller.
        afresh: Drop the tables first.
        load: Runs what extracts and loads; it may load what is pending once more.

    Returns:
        Whether something that is due was left for another turn.
    """
    turns = Turns(settings, control, limits, copied)
    taken = tables if afresh else directory.unless_at_rest(tables, settings, SourceState.of(pipeline))
    source = source_of(turns).with_resources(*taken)
    if afresh:
        control.postponed = {table.name: [] for table in VERSIONS if table.name in tables}
        for name in ONCE:
            source.resources[name].selected = False
        pipeline.run(forget(list(source.selected_resources)))
    refresh: Any = "drop_resources" if afresh else None
    (load or _at_once)(lambda: pipeline.run(source, refresh=refresh))
    return turns.left or (afresh and bool(control.postponed))


@dlt.source(name="pylon", section="pylon", max_table_nesting=0)
def forget(tables: Sequence[str]) -> Any:
    """Return a load that forgets how far some tables were read, to be made before one that drops them.

    A kill can come after the tables were dropped and before the load that dropped them counts. Then the former state
    would still say that everything has been read.
    """

    def nothing(name: str) -> Iterator[pa.Table]:
        SourceState.current().forget(name)
        yield from ()

    return [dlt.resource(nothing(name), name=name) for name in tables]


loading.quiet_arrow_hints()
