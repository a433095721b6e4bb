"""``pylon reconcile``: remove from the copy what is gone from Pylon, now instead of when it is due."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from pylon_elt.sources.pylon.copy.tested import require_tested
from pylon_elt.sources.pylon.errors import TurnOver

from ..base import configuration, exits, screens
from ..base.redaction import remember
from ..base.wording import count
from ..copy import destinations
from .job import Job
from .signals import stopped_by_signals

if TYPE_CHECKING:
    from pylon_elt.sources.pylon.upkeep.reconcile import Outcome


def run(
    destination: str, dataset: str, given: Mapping[str, Any], *, confirmed: bool, as_json: bool = False
) -> int:
    """Compare the copy with a complete listing, and say what was found.

    Raises:
        Problem: More would go than the safety catch lets pass, or the lock is held.
        PylonError: The listing could not be completed.
    """
    settings = configuration.read_settings(given)
    remember(settings.api_key)
    pipeline = destinations.open_own_pipeline(destination, dataset)
    require_tested(pipeline, allowed=settings.untested_destination)
    job = Job(pipeline, settings)
    try:
        with stopped_by_signals(job, screens.say) as stop:
            outcome = job.reconcile(confirmed=confirmed)
    except TurnOver:
        code = exits.INTERRUPTED if stop() == signal.SIGINT else exits.DONE
        if as_json:
            screens.event("reconciled", exit=code, complete=False)
        else:
            screens.tell("Ended early; nothing was removed.")
        return code
    for text in job.control.report.warnings:
        if as_json:
            screens.event("warning", text=text)
        else:
            screens.say(screens.wrapped("Warning: ", text))
    if as_json:
        screens.event("reconciled", exit=exits.DONE, complete=True, **asdict(outcome))
    else:
        _tell(outcome)
    return exits.DONE


def _tell(outcome: Outcome) -> None:
    screens.tell(
        f"{count(outcome.stored, 'issue')} in the copy, {outcome.listed:,} listed by Pylon;"
        f" gone and removed: {outcome.removed:,}; missing or different, and mended: {outcome.mended:,}."
    )
    if outcome.before:
        screens.tell(f"Created before start_date, so not compared and left as they are: {outcome.before:,}.")
