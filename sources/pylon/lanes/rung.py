"""Issues that somebody says have changed, as a webhook does: each is read by its id, since the search may show it late.

Nothing else is believed of it. One that is not there is left alone: only a complete listing proves that it is gone.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

from ..api.answers import Answer, object_problem
from ..catalog import ENDPOINTS, HANGING, ISSUES
from ..copy.work import is_due
from ..errors import GONE, PermissionDenied, Rejected, Unavailable
from ..rows.rows import Row
from .forgetting import forget_readings
from .stock import times_of
from .turn import Turn
from .ways import Batch

AT_ONCE = 8
"""How many are asked for at a time; the pacer decides how many there are in a minute."""


async def issues(turn: Turn) -> AsyncIterator[Batch]:
    """Read the issues that rang, in the order in which they did.

    Raises:
        PylonError: Pylon lets the token in no more.
        TurnOver: The turn ended before all were read; those that are left come in the next one.
    """
    control, lane = turn.control, turn.report.lanes["rung"]
    while control.rung:
        some = control.rung[:AT_ONCE]
        found = await asyncio.gather(*(_read(turn, id_) for id_ in some), return_exceptions=True)
        answers = [one for one in found if isinstance(one, Answer)]
        if answers:
            rows = [answer.data for answer in answers]
            yield Batch(rows, min(answer.sent_at for answer in answers), again=True)
            _make_due(turn, rows)
        read = [id_ for id_, one in zip(some, found, strict=True) if not isinstance(one, BaseException)]
        control.heard.update(read)
        lane.done += len(read)
        for one in found:
            if isinstance(one, BaseException) and not isinstance(one, Unavailable):
                control.rung = [id_ for id_ in control.rung if id_ not in read]
                raise one
        control.rung = control.rung[AT_ONCE:]  # what could not be read now is asked for by another run


async def _read(turn: Turn, id_: str) -> Answer | None:
    """Read one issue; ``None``: it is not given, which says nothing of the copy."""
    try:
        return await turn.client.ask(ENDPOINTS["get_issue"], ids={"issue_id": id_}, check=object_problem)
    except (Rejected, PermissionDenied) as error:
        if not (isinstance(error, Rejected) and error.status in GONE):
            turn.report.warn(f"An issue that was said to have changed is not given: {error.message}")
        return None
    except Unavailable as error:
        turn.report.warn(f"{error.message} It is asked for again by the next run.")
        raise


def _make_due(turn: Turn, rows: Sequence[Row]) -> None:
    """Let what hangs on issues be read although no time of theirs has moved: something has happened to them.

    What is due by their times is at work already.
    """
    children = [HANGING[name] for name in turn.stock.children if HANGING[name].read.of == ISSUES.name]
    times = {row["id"]: times_of(row["id"], row) for row in rows if isinstance(row.get("id"), str)}
    for ledger in {child.read.ledger for child in children}:
        its = [child for child in children if child.read.ledger == ledger]
        synced = turn.ledger.synced(its, list(times))
        for child in its:
            known = synced.get(child.name, {})
            quiet = [id_ for id_ in times if id_ in known and not is_due(times[id_], known[id_])]
            if quiet:
                forget_readings(turn, child, quiet)
                turn.come_again()
