"""What a user of ``zaia`` can do about an error of the source, which knows only what a user of dlt can do."""

from __future__ import annotations

from pylon_elt.sources.zaia.errors import Implausible, Refused, ZaiaError

from ..base.desk import command


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
        case _:
            return error.remedy or "What was read is saved. Run again later."
