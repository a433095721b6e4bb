"""Whose workspace a plain dlt pipeline reads: a copy holds that of one organisation, and takes no other's rows."""

from __future__ import annotations

from hashlib import sha256

import pyarrow as pa

from ..catalog import TABLES
from ..copy import organization
from ..copy.state import SourceState
from ..errors import ConfigurationError
from ..settings import Settings
from .turn import Turn

ORGANIZATION = TABLES["organization"]


def suspect(settings: Settings, state: SourceState) -> None:
    """Have the organisation read by this extract where another token is used than before; it is read daily anyway."""
    digest = sha256(str(settings.api_key).encode()).hexdigest()[:16]
    if state.asked_with != digest:
        state.collection(ORGANIZATION.name).refreshed_at = None
        state.asked_with = digest


def require_same(turn: Turn, batch: pa.Table) -> None:
    """Make sure that the copy holds the workspace of the organisation that was just read, or none yet.

    ``pylon run`` has asked before its first turn, and may let a copy go on with another one.

    Raises:
        ConfigurationError: It is another's. The extract is given up, and nothing is loaded.
    """
    if not (turn.control.strict and batch.num_rows):
        return
    here = batch.select(["id", "name"]).slice(0, 1).to_pylist()[0]
    known = organization.of_copy(SourceState.current(), turn.contents.copied).get("id")
    if known and known != here["id"]:
        raise ConfigurationError(
            f"The copy holds the workspace of the organisation {known}, but the token belongs to"
            f" {organization.told(here)}.",
            "Give the token of that one, or load into another dataset.",
        )
    turn.control.organization = {"id": here["id"], "name": here["name"] or ""}
