"""What refusals mean for a lane: parents that are at fault, or the endpoint that is."""

from __future__ import annotations

from datetime import UTC, datetime

from ..catalog import PerParent, Table
from ..copy.state import SourceState
from ..errors import PylonError, TurnOver
from .conversation import Conversation, Progress
from .hanging import ask
from .turn import Turn

WITNESSES = 3
"""How many parents that were read before are asked for again; one may be gone since."""
KEPT = 500
"""How many refused parents are remembered, the latest."""


async def expect_answers(turn: Turn, table: Table[PerParent], lane: Progress) -> None:
    """Tell parents that are refused from an endpoint that is: does it answer for one that it answered for before."""
    lane.in_a_row = 0
    refused = {one.parent.parent_id for one in lane.refused}
    witnesses = [lane.good] if lane.good else turn.ledger.some_read(table.name, WITNESSES + len(refused))
    stopped: PylonError | None = lane.errors[0]
    for witness in [known for known in witnesses if known not in refused][:WITNESSES]:
        try:
            await ask(turn.client, table, witness)
        except TurnOver:
            lane.cut_short = True
            return
        except PylonError as error:
            stopped = error
        else:
            lane.good, stopped = witness, None
            break
    lane.stopped = stopped


def believe_in_departures(lane: Progress) -> None:
    """What is asked for by its own id, and is not there while others are, is gone."""
    if lane.good is not None:
        gone = [Conversation(one.parent, [], one.gone_at) for one in lane.refused if one.gone_at]
        lane.read += gone
        lane.refused = [one for one in lane.refused if not one.gone_at]


async def tell(turn: Turn, table: Table[PerParent], lane: Progress) -> None:
    """Note which parents could not be read; raise what kept the lane from reading all of them."""
    error = lane.stopped
    if error is None and lane.good is None and lane.errors and not turn.ledger.some_read(table.name, 1):
        error = lane.errors[0]  # all that there are
    if error is not None:
        core = table.read.is_of_issues and not table.off
        if core or not await turn.lacking.is_so(table.read.endpoint, error, [table]):
            raise error
        turn.stock.give_up(table.name)
        return
    if lane.good:
        turn.lacking.has(table.read.endpoint)
    _remember(turn, table, lane)
    for failure in lane.failures:
        turn.fail(table.name, failure, stops=False)
    if lane.cut_short:
        raise TurnOver


def _remember(turn: Turn, table: Table[PerParent], lane: Progress) -> None:
    """Keep which parents are refused, so that they are asked for once a day; say so of those that are new."""
    state, now = SourceState.current().hanging(table.name), datetime.now(UTC)
    news = [one for one in lane.refused if one.there and one.parent.parent_id not in state.refused]
    if news:
        turn.report.warn(
            f"{table.name}: {len(news):,} that should be there are refused, such as {news[0].error.message}"
            " What the copy has of them stays as it is; they are asked for once a day."
        )
    if lane.refused or lane.in_part:
        names = [*(one.parent.parent_id for one in lane.refused), *lane.in_part]
        known = {**state.refused, **dict.fromkeys(names, now)}
        state.refused = dict(list(known.items())[-KEPT:])
