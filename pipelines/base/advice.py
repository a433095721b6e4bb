"""What a user of the command can do about an error of the source, which knows only what a user of dlt can do."""

from __future__ import annotations

from collections.abc import Sequence

from pylon_elt.sources.pylon.errors import (
    Implausible,
    NoSecondPage,
    PermissionDenied,
    UntestedDestination,
)

from .desk import command
from .exits import Told
from .workspaces import current

UNTESTED = "To load there all the same, and compare it yourself: --untested-destination"
"""How to go on where no copy was ever compared with its workspace."""


def remedy(error: Told, table: str = "") -> str:
    """Return what to do next, as somebody can type it.

    Args:
        error: What went wrong.
        table: The table that was being read, where one was.
    """
    leave_out = (
        f"leave the table out with --exclude {table}." if table else "leave the table out with --exclude."
    )
    match error:
        case PermissionDenied():
            return f"Give the token's owner the permission, or {leave_out}"
        case NoSecondPage():
            return f"What the copy has stays as it is. {leave_out[0].upper()}{leave_out[1:]}"
        case Implausible():
            return (
                f"If that many were really deleted, confirm with: {command('reconcile')} --yes. If not, check that the"
                " token belongs to the same workspace."
            )
        case UntestedDestination():
            return f"{error.choose} {UNTESTED}"
        case _:
            return _of_workspace(error.remedy)


def _of_workspace(text: str) -> str:
    """Return a remedy with the variables of the workspace that this process is about."""
    if (own := current()) is None:
        return text
    variables = {"PYLON_API_KEY": own.variable("api_key"), "SOURCES__PYLON__REGION": own.variable("region")}
    for usual, its in variables.items():
        text = text.replace(usual, its)
    return text


def leaving_out(tables: Sequence[str]) -> str:
    """Return what to do about tables that the workspace lacks."""
    return f"They are asked for once a day; to leave them out: --exclude {','.join(tables)}"
