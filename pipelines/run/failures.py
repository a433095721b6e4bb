"""Many lanes can fail for one reason: what failed, told so that it fits one screen."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from pylon_elt.sources.pylon.catalog import TABLES
from pylon_elt.sources.pylon.errors import PylonError, Unanswered

from ..base import advice, exits

if TYPE_CHECKING:
    from pylon_elt.sources.pylon.lanes.report import Failure

SHOWN = 5
"""More problems than these are counted, not told: the screen has an end."""


def problems(failures: Sequence[Failure]) -> list[exits.Problem]:
    """Return what failed, each reason once, at most ``SHOWN``."""
    together: dict[tuple[str, str, int], list[str]] = defaultdict(list)
    for failure in failures:
        what, endpoint = failure.error.message, ""
        if isinstance(failure.error, Unanswered):
            what, endpoint = failure.error.reason, failure.error.endpoint
        together[what, remedy(failure), exits.of(failure.error)].append(endpoint)
    told = [
        exits.Problem(_told(what, endpoints), next_step, code)
        for (what, next_step, code), endpoints in together.items()
    ]
    more = len(told) - SHOWN
    if more > 0:
        told[SHOWN:] = [
            exits.Problem(
                f"{more} more problems like these.", "See them all with --log-format json.", told[0].code
            )
        ]
    return told


def not_available(lacking: Mapping[str, PylonError]) -> list[tuple[tuple[str, ...], str]]:
    """Return which tables the workspace lacks, and why; each reason once."""
    together: dict[str, list[str]] = defaultdict(list)
    for table, error in lacking.items():
        together[error.message].append(table)
    return [(tuple(tables), why) for why, tables in together.items()]


def remedy(failure: Failure) -> str:
    """Return what to do about a lane that failed."""
    # two lanes read the issues
    return advice.remedy(failure.error, failure.lane if failure.lane in TABLES else "issues")


def _told(what: str, endpoints: list[str]) -> str:
    if not endpoints[0]:
        return what
    more = len(endpoints) - 1
    others = f" and {more} other endpoint{'s' if more > 1 else ''}" if more else ""
    return f"{endpoints[0]}{others} could not be read: {what}."
