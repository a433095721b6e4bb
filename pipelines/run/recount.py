"""Rows that others deleted or added by hand: what the ledgers vouch for is counted, and read again where it differs."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from pylon_elt.sources.pylon.catalog import HANGING
from pylon_elt.sources.pylon.copy.contents import Contents
from pylon_elt.sources.pylon.copy.ledger import Ledger

if TYPE_CHECKING:
    from pylon_elt.sources.pylon.copy.copied import Copied


def recount(copied: Copied, warn: Callable[[str], None]) -> bool:
    """Make due again what does not have as many rows as were read; one query for each table that hangs on another.

    Args:
        copied: The copy; the caller has the lock.
        warn: Told how much that is.

    Returns:
        Whether anything is due by it.
    """
    ledger, found = Ledger(Contents(copied)), {}
    for child in HANGING:
        if parents := ledger.miscounted(child):
            ledger.forget_some(child, parents)
            found[child] = len(parents)
    if found:
        told = ", ".join(f"{number:,} of {child}" for child, number in found.items())
        warn(
            f"The copy did not hold as many rows as were read, as after a DELETE by hand: {told} are due again."
        )
    return bool(found)
