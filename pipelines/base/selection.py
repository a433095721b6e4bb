"""Which tables a command is about: ``--select`` and ``--exclude``."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from pylon_elt.sources.pylon.catalog import FOLLOWING, LEDGERS, TABLES, USUAL, with_ledgers

from . import exits
from .desk import writes


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
        if self.selected and self.selected <= FOLLOWING:
            raise _written(sorted(self.selected))
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
    chosen = (frozenset(names(*option, TABLES)) for option in (("--select", select), ("--exclude", exclude)))
    return Selection(*chosen)


def names(option: str, texts: Sequence[str], known: Collection[str]) -> list[str]:
    """Return the table names that an option gave.

    Args:
        option: Which one, for the message.
        texts: Names, also several in one text with commas between them.
        known: The tables that there are.

    Raises:
        Problem: A name is unknown.
    """
    found = [name.strip() for text in texts for name in text.split(",") if name.strip()]
    if texts and not found:
        raise exits.Problem(
            f"{option} names no table.",
            f"There are {', '.join(known)}; leave it out for the usual ones.",
            exits.USAGE,
        )
    for name in found:
        if name not in known and writes(name):
            raise _written([name])
        if name not in known:
            wanted = name.lower().replace("-", "_").replace(" ", "_")
            near = next(iter(get_close_matches(wanted, known, n=1)), None)
            raise exits.Problem(
                f"{option}: there is no table {name!r}.",
                f"Did you mean {near}?" if near else f"There are {', '.join(known)}.",
                exits.USAGE,
            )
    return found


def _written(tables: Sequence[str]) -> exits.Problem:
    return exits.Problem(
        f"No table is left to read: runs write {', '.join(tables)} by themselves, when they read other tables.",
        "Select what it is about instead, such as --select issues, or leave --select out.",
        exits.USAGE,
    )
