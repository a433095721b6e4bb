"""Which tables a command is about: ``--select`` and ``--exclude``."""

from __future__ import annotations

from collections.abc import Sequence

from sources.pylon.catalog import CHILDREN, TABLES, suggest

from . import exits


def chosen(select: Sequence[str], exclude: Sequence[str]) -> tuple[str, ...]:
    """Return the tables to fill, in the catalogue's order; with a child comes ``issue_sync``, its ledger.

    Args:
        select: Table names, also several in one text with commas between them; none means all.
        exclude: The same, for what is left out.

    Raises:
        Problem: A name is unknown, or nothing is left.
    """
    wanted = set(_names("--select", select)) or set(TABLES)
    left = wanted - set(_names("--exclude", exclude))
    children = {child.name for child in CHILDREN}
    ledgers = {name for name, table in TABLES.items() if table.kind == "ledger"}
    left = left | ledgers if left & children else left - ledgers
    if not left:
        raise exits.Problem(
            "No table is left to read.",
            f"Choose among {', '.join(name for name in TABLES if name not in ledgers)}.",
            exits.USAGE,
        )
    return tuple(name for name in TABLES if name in left)


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
