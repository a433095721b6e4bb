"""What a user of ``zaia`` can do about an error of the source, which knows only what a user of dlt can do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pylon_elt.sources.zaia import destination
from pylon_elt.sources.zaia.errors import Implausible, Refused, UntestedDestination, ZaiaError

from ..base import exits
from ..base.advice import UNTESTED
from ..base.desk import command

if TYPE_CHECKING:
    import dlt


def remedy(error: ZaiaError) -> str:
    """Return what to do next, as somebody can type it."""
    match error:
        case Implausible():
            return (
                "Check that the key belongs to the same workspace. If they are really gone, confirm with:"
                f" {command('run')} --confirm-removals"
            )
        case Refused(status=400 | 422):
            return (
                'Where it names what it allows, set that under [sources.zaia], such as statuses = ["…"]. The rest was'
                " read."
            )
        case UntestedDestination(may=True):
            return f"{error.choose} {UNTESTED}"
        case _:
            return error.remedy or "What was read is saved. Run again later."


def require_tested(pipeline: dlt.Pipeline, *, allowed: bool) -> None:
    """Refuse a destination in which no copy was ever compared with its workspace, unless that is allowed.

    Raises:
        Problem: It is one.
    """
    try:
        destination.require_tested(pipeline, allowed=allowed)
    except UntestedDestination as error:
        raise exits.Problem(error.message, remedy(error), exits.of(error)) from error
