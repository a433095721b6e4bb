"""Which tables a command is about: ``--select`` and ``--exclude``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pylon_elt.sources.pylon.catalog import LEDGERS, TABLES, USUAL, suggest, with_ledgers

from . import exits


@dataclass(frozen=True, slots=True)
class Selection:
    """Names that are known to be tables; build it with :func:`selection`."""

    selected: frozenset[str]
    excluded: frozenset[str]

    def tables(self, include: Sequence[str]) -> tuple[str, ...]:
        """Return the tables to fill, in the catalogue's order, with the ledgers that they need.

        Args:
            include: What the configuration adds to the usual ones.

        Raises:
            Problem: Nothing is left.
        """
        wanted = self.selected or {*USUAL, *include}
        if left := with_ledgers(wanted - self.excluded):
            return left
        ledgers = {table.name for table in LEDGERS}
        raise exits.Problem(
            "No table is left to read.",
            f"Choose among {', '.join(name for name in TABLES if name not in ledgers)}.",
            exits.USAGE,
        )


def selection(select: Sequence[str], exclude: Sequence[str]) -> Selection:
    """Read the options; a slip of the pen is told before anything else is looked at.

    Args:
        select: Table names, also several in one text with commas between them; none means the usual ones.
        exclude: The same, for what is left out.

    Raises:
        Problem: A name is unknown.
    """
    return Selection(frozenset(_names("--select", select)), frozenset(_names("--exclude", exclude)))


def _names(option: str, texts: Sequence[str]) -> list[str]:
    names = [name.strip() for text in texts for name in text.split(",") if name.strip()]
    for name in names:
        if name not in TABLES:
            near = suggest(name)
            raise exits.Problem(
                f"{option}: there is no table {name!r}.",
                f"Did you mean {near}?" if near else f"There are {', '.join(TABLES)}.",
                exits.USAGE,
            )
    return names
