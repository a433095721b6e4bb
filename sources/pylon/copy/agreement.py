"""Which ledgers agree with the rows that they are about, told by checksums: nothing is due where they do.

To ask what is due is to join all parents with their ledger, once for each child. A checksum over both sides joins
nothing: where the parents' ids, with what they tell of changes, are just what the ledger says was read, nothing is due.
It rests on the rows alone, as they are at that moment, and so it holds whoever has changed them: a run, a run that was
killed, other hands, a backup. Where it differs, the question itself is asked, of the parents in the parts that differ.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import Any

from ..catalog import HANGING, TABLES, PerParent, Table
from .contents import Contents
from .copied import Copied

DIALECTS = ("duckdb",)
"""The SQL dialects in which ``hash()`` makes 64 bits of some columns; in others, the question itself is asked."""
PARTS = 1024
"""Into how many parts parents are divided, by the hash of their id, to find those that differ; a power of two."""
MANY = PARTS // 8
"""Where so many parts differ, it is cheaper to ask about all parents."""

Side = dict[tuple[Any, ...], tuple[int, Any]]
"""How many rows there are and their checksum, by whom they are about and, if it was asked so, by part."""


class Agreement:
    """Compares the parents of a copy with its ledgers; each comparison is made once.

    Args:
        contents: What the copy holds; it must not change meanwhile.
    """

    def __init__(self, contents: Contents) -> None:
        self._contents = contents
        self._copied = contents.copied
        self._found: dict[str, Collection[int] | None] = {}

    def forget(self) -> None:
        """Compare anew when asked again: the ledgers were changed."""
        self._found.clear()

    def differing(self, table: Table[PerParent]) -> Collection[int] | None:
        """Return in which parts of its parents a child may be due: none, some, or ``None``: in any.

        Args:
            table: A child of which there are rows, a ledger and parents.
        """
        if table.name not in self._found:
            self._found |= self._compared(table)
        return self._found[table.name]

    def few(self, table: Table[PerParent]) -> tuple[list[Table[PerParent]], set[int]]:
        """Return the children that, as one does, differ in some parts of the parents that they share, and all those."""
        found = [child for child in _alike(table) if self._found.get(child.name)]
        return found, {part for child in found for part in self._found[child.name] or ()}

    def _compared(self, table: Table[PerParent]) -> dict[str, Collection[int] | None]:
        """Compare all that share parents and ledger with a child, since it is one look at the ledger."""
        if self._copied.dialect() not in DIALECTS or table.read.is_mentioned:
            return {table.name: None}
        asked = [child for child in _alike(table) if self._contents.holds(child.name)]
        sums = _Sums(self._copied)
        ledger, parents = sums.of_ledger(asked), sums.of_parents(asked)
        found: dict[str, Collection[int] | None] = {}
        doubtful = []
        for child in asked:
            said, there = ledger.get((child.name,), (0, None)), parents.get((child.read.only,), (0, None))
            found[child.name] = () if said == there else None
            # where the counts are far apart, most is due, in all parts
            if said != there and abs(said[0] - there[0]) * PARTS < there[0] * MANY:
                doubtful.append(child)
        return found | (_parts(doubtful, sums) if doubtful else {})


class _Sums:
    """Asks for checksums.

    Args:
        copied: The copy.
    """

    def __init__(self, copied: Copied) -> None:
        self._copied = copied

    def of_parents(self, children: Iterable[Table[PerParent]], *, by_part: bool = False) -> Side:
        """Return the checksums of the parents, by which of them a child can hang on."""
        found: Side = {}
        for child in {child.read.only: child for child in children}.values():
            only = child.read.only
            names = ("id", *(mine for mine, _ in child.read.moves))
            where = f" WHERE {{i.{only[0]}}} = '{only[1]}'" if only else ""
            rows = self._asked([], "i", names, f"FROM {{{child.read.of}}} AS i{where}", by_part=by_part)
            found |= {(only, *row[:-2]): (row[-2], row[-1]) for row in rows}
        return found

    def of_ledger(self, children: Collection[Table[PerParent]], *, by_part: bool = False) -> Side:
        """Return the checksums of what counts in the ledger, by child."""
        first = next(iter(children))
        names = (TABLES[first.read.ledger].key[0], *(its for _, its in first.read.moves))
        rows = self._asked(
            ["{s.child}"],
            "s",
            names,
            f"FROM {{{first.read.ledger}}} AS s JOIN {{_dlt_loads}} AS l ON {{l.load_id}} = {{s.load_id}}"
            " WHERE {l.status} = 0",
            by_part=by_part,
        )
        return {tuple(row[:-2]): (row[-2], row[-1]) for row in rows}

    def _asked(
        self, by: list[str], alias: str, names: Iterable[str], rows: str, *, by_part: bool
    ) -> list[tuple[Any, ...]]:
        columns = [f"{{{alias}.{name}}}" for name in names]
        by = [*by, _part(columns[0])] if by_part else by
        grouped = f" GROUP BY {', '.join(by)}" if by else ""
        told = ", ".join([*by, "COUNT(*)", f"SUM(hash({', '.join(columns)}))"])
        return self._copied.select(f"SELECT {told} {rows}{grouped}")


def among(column: str, parts: Collection[int]) -> str:
    """Return the SQL that says whether a parent is in one of some parts, by the column with its id."""
    return f"{_part(column)} IN ({', '.join(map(str, parts))})"


def _part(column: str) -> str:
    return f"(hash({column}) & {PARTS - 1})"


def _parts(children: Collection[Table[PerParent]], sums: _Sums) -> dict[str, Collection[int] | None]:
    """Return the parts in which parents and ledger differ, by child; ``None``: in many."""
    said, there = defaultdict[Any, Side](dict), defaultdict[Any, Side](dict)
    for (name, number), its in sums.of_ledger(children, by_part=True).items():
        said[name][(number,)] = its
    for (only, number), its in sums.of_parents(children, by_part=True).items():
        there[only][(number,)] = its
    found: dict[str, Collection[int] | None] = {}
    for child in children:
        ours, theirs = said[child.name], there[child.read.only]
        numbers = sorted(key[0] for key in ours.keys() | theirs.keys() if ours.get(key) != theirs.get(key))
        found[child.name] = numbers if len(numbers) < MANY else None
    return found


def _alike(table: Table[PerParent]) -> list[Table[PerParent]]:
    return [child for child in HANGING.values() if _kind(child) == _kind(table)]


def _kind(child: Table[PerParent]) -> tuple[Any, ...]:
    """Return what children share that are compared with one look at their ledger."""
    return child.read.of, child.read.refer, child.read.ledger, child.read.moves, child.read.is_mentioned
