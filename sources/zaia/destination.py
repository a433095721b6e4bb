"""Where a copy may go: what it takes away again cannot be told to every destination of dlt."""

from __future__ import annotations

from typing import Any

from .errors import UntestedDestination

TESTED = ("duckdb", "postgres")
"""The destinations in which copies were compared with their workspace after edits, removals and kills."""
STRATEGY = "delete-insert"


def require_tested(pipeline: Any, *, allowed: bool) -> str | None:
    """Refuse a destination in which no copy was ever compared with its workspace, unless that is allowed.

    Returns:
        What the user is to be told of it; ``None``: it was tested.

    Raises:
        UntestedDestination: It is none of those, and not allowed; or it cannot replace rows at all: what tells that
            rows are to go would be kept as rows.
    """
    name = str(pipeline.destination.destination_type).rpartition(".")[2]
    if STRATEGY not in (pipeline.destination.capabilities().supported_merge_strategies or []):
        raise UntestedDestination(
            f"{name} cannot replace rows: dlt offers no {STRATEGY} merge for it.", TESTED
        )
    if name in TESTED:
        return None
    told = f"No copy in {name} was ever compared with its workspace: rows could be lost there without a word."
    if not allowed:
        raise UntestedDestination(told, TESTED, may=True)
    return told
