"""Letting the ledger forget what was read, so that it is read again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from ..catalog import TABLES, PerParent, Table
from ..rows.rows import tombstones
from .turn import Turn


def forget_readings(turn: Turn, table: Table[PerParent], parents: Sequence[str]) -> None:
    """Let the ledger forget what was read of some parents, so that it is due for the turns that follow."""
    ledger = TABLES[table.read.ledger]
    keys = [{ledger.key[0]: parent, "child": table.name} for parent in parents]
    turn.written.put(ledger.name, tombstones(ledger, keys, datetime.now(UTC)))
