"""The resources of a workspace: which lane fills which table, and the turn that they share."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import aclosing
from datetime import UTC, datetime
from functools import partial
from typing import Any

import dlt
import pyarrow as pa
from dlt.common.storages.load_package import load_package_state
from dlt.extract import DltResource

from ..api.pacing import Pacers
from ..catalog import (
    ALL_TABLES,
    DELETIONS,
    Feed,
    Issues,
    PerParent,
    Table,
    Versions,
    Whole,
    is_read,
)
from ..copy import loading
from ..copy.contents import Contents
from ..copy.copied import Copied
from ..copy.naming import refuse_ambiguous
from ..copy.state import SourceState, Stretch
from ..copy.verified import Verified
from ..errors import ConfigurationError, PermissionDenied
from ..rows import extras
from ..rows.rows import to_arrow
from ..settings import Settings
from . import children, directory, incremental, issues, late, reading, sweep
from .budget import Limits
from .selection import PylonSource
from .turn import Control, Turn, TurnKeeper


def resources(
    config: Settings,
    control: Control | None = None,
    limits: Limits | None = None,
    copied: Copied | None = None,
) -> list[DltResource]:
    """Return the resources of a workspace.

    Args:
        config: Checked settings.
        control: What outlives an extract. Without one, each extract starts from the pace in dlt's state, reads until
            nothing is due, and raises where a lane fails.
        limits: When an extract ends although something is due; without them, none does.
        copied: The copy, held open by the caller. Without it, each extract opens it and closes it.
    """
    most = limits or Limits()

    def make(load_id: str) -> Turn:
        refuse_ambiguous(dlt.current.pipeline())
        loading.choose_file_format(dlt.current.source(), dlt.current.pipeline())
        ours = control or Control(pacers(config, SourceState.current()), strict=True)
        if copied is not None:
            return _turn(config, ours, most, copied, load_id, lambda _turn: None)
        own = Copied(dlt.current.pipeline())
        try:
            return _turn(config, ours, most, own, load_id, lambda turn: own.close() if turn.at_rest else None)
        except BaseException:
            own.close()
            raise

    keeper = TurnKeeper(make)

    def turn() -> Turn:
        return keeper.turn(load_package_state()["load_id"])

    usual = {*config.usual, DELETIONS.name}
    return [_resource(table, turn, selected=table.name in usual) for table in ALL_TABLES.values()]


def pacers(config: Settings, state: SourceState) -> Pacers:
    """Return how fast each endpoint may be asked, as it was learnt."""
    return Pacers(config.rate_limits, config.rate_window_seconds, remembered=state.pace)


def _turn(
    config: Settings,
    control: Control,
    limits: Limits,
    copied: Copied,
    load_id: str,
    left: Callable[[Turn], None],
) -> Turn:
    """Return the turn of an extract, with what is due in it; ``left`` is called whenever one of its lanes has ended."""
    state = SourceState.current()
    dropped = load_package_state()["state"].get("dropped_tables") or []
    contents = Contents(copied, [str(table["name"]) for table in dropped])
    turn = Turn(config, control, limits, contents, load_id, list(dlt.current.source().resources.selected))

    def end() -> None:
        _remember(state, control)
        left(turn)

    turn.at_end(end)
    turn.take_stock(datetime.now(UTC))
    if control.sweep_before:
        sweep.queue(turn, Verified(copied), control.sweep_before)
    return turn


def _remember(state: SourceState, control: Control) -> None:
    """Keep in the source's state what later runs and ``pylon status`` want to know."""
    state.pace = control.pacers.to_remember()
    if found := control.report.extra_fields:
        state.extra_fields = extras.added(state.extra_fields, found, datetime.now(UTC))


def _resource(table: Table, turn: Callable[[], Turn], *, selected: bool) -> DltResource:
    async def batches() -> AsyncIterator[pa.Table]:
        now = turn()
        async with now.lane(table.name):
            async for batch in _lane(now, table):
                yield batch

    def read() -> Iterator[Any]:
        yield from loading.piece_by_piece(batches())

    resource: DltResource = dlt.resource(  # type: ignore[call-overload]
        read,
        name=table.name,
        primary_key=list(table.key),
        columns=loading.columns(table),
        write_disposition=loading.disposition(table),
        selected=selected,
    )
    return resource


def _lane(turn: Turn, table: Table) -> AsyncIterator[pa.Table]:
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
        turn.record_postponed(table)
    return _written(turn, table)


async def _issues(turn: Turn, table: Table[Issues]) -> AsyncIterator[pa.Table]:
    stretch = SourceState.current().issues
    with turn.budget.unit():
        await issues.begin(turn, stretch)
    newest: dict[str, datetime] = {}
    floor = turn.settings.start_date
    changes = _watched(turn, issues.changes(turn, stretch), stretch)
    lanes = {"changes": changes, "history": issues.history(turn, stretch)}
    running = {name: lane for name, lane in lanes.items() if name not in turn.report.stopped}
    async with aclosing(issues.side_by_side(turn, running)) as batches:
        async for batch in batches:
            rows = [row for row in batch.rows if issues.is_news(row, newest, floor)]
            if rows:
                given = {"_synced_at": turn.stamp(batch.sent_at)}
                yield turn.count(table, to_arrow(table, rows, given, turn.settings.masks), len(rows))
                await turn.offer(table.name, rows, batch.sent_at)


def _watched(
    turn: Turn, changes: AsyncIterator[reading.Batch], stretch: Stretch
) -> AsyncIterator[reading.Batch]:
    """Count in the source's state what the search shows late."""
    note = partial(late.remember, SourceState.current())
    return late.watched(changes, stretch, turn.settings.start_date, turn.contents.copied, note)


async def _child(turn: Turn, table: Table[PerParent]) -> AsyncIterator[pa.Table]:
    if table.read.ledger not in turn.lanes:
        raise ConfigurationError(
            f"{table.name} is read by the ledger {table.read.ledger}, which is not selected.", "Select both."
        )
    if table.name in turn.control.caught_up:
        return
    try:
        async for read in children.conversations(turn, table):
            yield children.to_batch(turn, table, read)
    except PermissionDenied as error:
        if table.read.is_of_issues and not table.off:
            raise
        turn.report.warn(f"{table.name} is not read: {error}")
        turn.control.caught_up.add(table.name)


async def _nested(turn: Turn, table: Table[PerParent]) -> AsyncIterator[pa.Table]:
    parents = SourceState.current().collection(table.read.of)
    # before its parents have been read whole, one that is missing may only not have been read yet
    if parents.refreshed_at and (gone := children.forget(turn, table)):
        yield gone
    async for batch in _child(turn, table):
        yield batch


async def _written(turn: Turn, table: Table) -> AsyncIterator[pa.Table]:
    queue = turn.written[table.name]
    while (turn.writers(table.name) or not queue.empty()) and (batch := await queue.get()) is not None:
        yield batch


@dlt.source(name="pylon", section="pylon", max_table_nesting=0, _impl_cls=PylonSource)
def source_of(config: Settings, control: Control, limits: Limits, copied: Copied | None = None) -> Any:
    """Return the same source as :func:`pylon_source`, for a caller that keeps the pace and ends the turns itself.

    Args:
        config: Checked settings.
        control: The pace, the counters, and when the run ends.
        limits: When a turn ends.
        copied: The copy, held open by the caller. Without it, each extract opens it and closes it.
    """
    return resources(config, control, limits, copied)


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
