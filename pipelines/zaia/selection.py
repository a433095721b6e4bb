"""Which tables of Zaia's a command is about: ``--select`` and ``--exclude``."""

from __future__ import annotations

from collections.abc import Sequence

from pylon_elt.sources.zaia.catalog import TABLES

from ..base import exits
from ..base.selection import names


def selection(select: Sequence[str], exclude: Sequence[str]) -> tuple[str, ...]:
    """Return the tables to fill, in the catalogue's order.

    Args:
        select: Table names, also several in one text with commas between them; none means all.
        exclude: The same, for what is left out.

    Raises:
        Problem: A name is unknown, or nothing is left.
    """
    wanted = set(names("--select", select, TABLES)) or set(TABLES)
    left = wanted - set(names("--exclude", exclude, TABLES))
    if not left:
        raise exits.Problem("No table is left to read.", f"Choose among {', '.join(TABLES)}.", exits.USAGE)
    return tuple(name for name in TABLES if name in left)
