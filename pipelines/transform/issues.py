"""Whether a copy of Pylon holds what the tables for analysis are built from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pylon_elt.sources.pylon.catalog import ISSUES

from ..base import exits
from ..base.desk import command
from ..copy import inspection

if TYPE_CHECKING:
    import dlt

    from pylon_elt.sources.pylon.copy.copied import Copied


def require_issues(pipeline: dlt.Pipeline, copied: Copied) -> None:
    """Make sure that there are issues, or that the workspace has none: dlt makes no table for them then.

    Raises:
        Problem: There is no copy yet, or none of issues.
    """
    copy = inspection.Copy(pipeline, copied)
    if not copy.exists:
        raise no_copy()
    if copy.rows(ISSUES) is not None:
        return
    pipeline.sync_destination()  # brings the schema
    made = pipeline.default_schema.data_tables(seen_data_only=True)
    if ISSUES.name in {table["name"] for table in made}:
        raise exits.Problem(
            "The table issues was dropped from the copy.",
            f"Have it made and read again, with: {command('run')}",
            exits.CONFIGURATION,
        )
    if not copy.state.issues.history_begun:
        raise exits.Problem(
            "The copy has no issues to build from: no run has read them so far.",
            f"Have them read as well, with: {command('run')} --select issues,issue_messages",
            exits.CONFIGURATION,
        )


def no_copy() -> exits.Problem:
    """Return what is told where nothing has been copied."""
    return exits.Problem(
        "There is no copy yet to build from.", f"Make it first, with: {command('run')}", exits.FAILED
    )
