"""Which tables a command is about: ``--select`` and ``--exclude``."""

from __future__ import annotations

from collections.abc import Sequence

from pylon_elt.sources.pylon.catalog import LEDGERS, TABLES, USUAL, suggest, with_ledgers

from . import exits


def chosen(select: Sequence[str], exclude: Sequence[str], include: Sequence[str] = ()) -> tuple[str, ...]:
    """Return the tables to fill, in the catalogue's order, with the ledgers that they need.

    Args:
        select: Table names, also several in one text with commas between them; none means the usual ones.
        exclude: The same, for what is left out.
        include: What the configuration adds to the usual ones.

    Raises:
        Problem: A name is unknown, or nothing is left.
    """
    wanted = set(_names("--select", select)) or {*USUAL, *include}
    left = with_ledgers(wanted - set(_names("--exclude", exclude)))
    ledgers = {table.name for table in LEDGERS}
    if not left:
        raise exits.Problem(
            "No table is left to read.",
            f"Choose among {', '.join(name for name in TABLES if name not in ledgers)}.",
            exits.USAGE,
        )
    return left


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
