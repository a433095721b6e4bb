"""What a plain dlt pipeline's copy lacks of what its ledgers vouch for, as after a DELETE by hand: it is read again.

``pylon run`` counts once a day, and lists all issues then; in plain dlt, nobody does.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta

from ..catalog import HANGING, ISSUES
from ..copy.state import SourceState
from .turn import Turn

A_DAY = timedelta(days=1)
"""How long an issue that was asked for and not given is left alone."""
MOST = 500
"""Where more issues are missing, it takes fewer requests to list all of them."""
_LEDGER = "issue_sync"


def find(turn: Turn, state: SourceState) -> None:
    """Have read again what is missing, before the turn takes what is due."""
    told = {}
    if ISSUES.name in turn.lanes and turn.contents.holds(ISSUES.name):
        strays = turn.contents.strays(_LEDGER)
        if asked := _ask(turn, state, strays):
            told[ISSUES.name] = asked
    else:
        strays = set()
    for child in HANGING.keys() & turn.lanes:
        # of an issue that is missing itself, the ledger is all that tells of it
        is_of_issues = HANGING[child].read.ledger == _LEDGER
        parents = [id_ for id_ in turn.ledger.miscounted(child) if not (is_of_issues and id_ in strays)]
        if parents:
            turn.ledger.forget_some(child, parents)
            told[child] = len(parents)
    if told:
        what = ", ".join(f"{number:,} of {name}" for name, number in sorted(told.items()))
        logging.getLogger("dlt").warning(
            "The copy does not hold as many rows as were read, as after a DELETE by hand: %s are read again.",
            what,
        )


def _ask(turn: Turn, state: SourceState, strays: set[str]) -> int:
    """Have issues asked for by their ids, or all of them listed; say how many. Each is, once a day.

    Where one is not given, that says nothing: what hangs on it stays as it is.
    """
    now = datetime.now(UTC)
    known = {id_: at for id_, at in state.missed.items() if at <= now < at + A_DAY}
    wanted = sorted(strays - known.keys())
    if not wanted or "" in known:
        wanted = []
    elif len(wanted) > MOST:
        state.forget(ISSUES.name)
        known = {"": now}
    else:
        turn.control.rung.extend(wanted)
        known = {id_: at for id_, at in known.items() if id_ in strays} | dict.fromkeys(wanted, now)
    if known != state.missed:
        state.missed = known
    return len(wanted)
