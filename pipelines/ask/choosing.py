"""Which tables of a copy are wanted, for the verbs that give tables away."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

from ..base import exits
from ..base.desk import command
from ..transform import package
from . import reading
from .ask import require_marts
from .reader import Reader


def chosen(
    reader: Reader, tables: Sequence[str], select: Sequence[str], *, marts: bool
) -> list[tuple[str, str]]:
    """Return the schema and the name of each table that is wanted.

    Args:
        reader: The copy.
        tables: The tables that a copy may have.
        select: What was asked for, as it was typed; nothing for all.
        marts: Whether the tables for analysis are wanted too.

    Raises:
        Problem: There is no copy, no such table, or no table for analysis where one is wanted.
    """
    there = reader.tables()
    copy, built = reader.schemas[:2]
    raw = [(copy, name) for name in tables if name in there[copy]]
    analysis = [(built, name) for name in package.marts() if name in there[built]]
    if not raw:
        raise reading.no_copy()
    names = [name.strip() for text in select for name in text.split(",") if name.strip()]
    if marts or any(name in package.marts() for name in names):
        require_marts(reader)
    if not names:
        return raw + (analysis if marts else [])
    known = {name: (schema, name) for schema, name in (*raw, *analysis)}
    for name in names:
        if name not in known:
            raise _unknown(name, list(known), tables)
    return [known[name] for name in dict.fromkeys(names)]


def _unknown(name: str, known: Sequence[str], tables: Sequence[str]) -> exits.Problem:
    near = get_close_matches(name, known, n=1)
    if name in tables:
        return exits.Problem(
            f"The copy has no table {name} yet.", f"Fill it, with: {command('run')}", exits.USAGE
        )
    remedy = f"Did you mean {near[0]}?" if near else f"There are {', '.join(known)}."
    return exits.Problem(f"--select: there is no table {name!r}.", remedy, exits.USAGE)
