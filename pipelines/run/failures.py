"""Many lanes can fail for one reason: what failed, told so that it fits one screen."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pylon_elt.sources.pylon.catalog import TABLES
from pylon_elt.sources.pylon.errors import (
    ConfigurationError,
    Implausible,
    PermissionDenied,
    PylonError,
)

from ..base import exits

if TYPE_CHECKING:
    from pylon_elt.sources.pylon.lanes.report import Failure

SHOWN = 5
"""More problems than these are counted, not told: the screen has an end."""

_UNREADABLE = re.compile(r"^(?P<label>\S+ \S+) could not be read: (?P<why>.+)$", re.DOTALL)


def problems(failures: Sequence[Failure]) -> list[exits.Problem]:
    """Return what failed, each reason once, at most ``SHOWN``."""
    together: dict[tuple[str, str, int], list[str]] = defaultdict(list)
    for failure in failures:
        what, label = failure.error.message, ""
        if found := _UNREADABLE.match(what):
            what, label = found["why"], found["label"]
        code = _code(failure.error)
        together[what, _remedy(failure), code].append(label)
    told = [
        exits.Problem(_told(what, labels), remedy, code) for (what, remedy, code), labels in together.items()
    ]
    more = len(told) - SHOWN
    if more > 0:
        told[SHOWN:] = [
            exits.Problem(
                f"{more} more problems like these.", "See them all with --log-format json.", told[0].code
            )
        ]
    return told


def _code(error: PylonError) -> int:
    if isinstance(error, Implausible):
        return exits.DATA_CHECK
    return exits.CONFIGURATION if isinstance(error, ConfigurationError) else exits.UNAVAILABLE


def _remedy(failure: Failure) -> str:
    remedy = failure.error.remedy
    if not isinstance(failure.error, PermissionDenied):
        return remedy
    table = failure.lane if failure.lane in TABLES else "issues"  # which two lanes read
    return remedy.replace("with --exclude.", f"with --exclude {table}.")


def _told(what: str, labels: list[str]) -> str:
    if not labels[0]:
        return what
    more = len(labels) - 1
    others = f" and {more} other endpoint{'s' if more > 1 else ''}" if more else ""
    return f"{labels[0]}{others} could not be read: {what}"
