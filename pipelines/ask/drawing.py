"""How rows are drawn for people: as a table, or one value a line where they are too wide for the screen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from ..base.printable import printable

GAP = 3
"""Between two columns of a table."""
NARROW = 24
"""A column keeps so much of its text where the table is too wide."""
FEW = 5
"""So many rows at most are drawn one value a line without being asked for."""


@dataclass(frozen=True)
class Drawn:
    """What is to be drawn: names, rows of texts, and which columns are numbers."""

    names: Sequence[str]
    rows: Sequence[Sequence[str]]
    numbers: Sequence[bool]


def drawn(schema: pa.Schema, rows: Sequence[Sequence[Any]], cell: Callable[[Any], str]) -> Drawn:
    """Return the texts of some rows."""
    kinds = (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal)
    numbers = [any(is_kind(field.type) for is_kind in kinds) for field in schema]
    return Drawn([printable(name) for name in schema.names], [list(map(cell, row)) for row in rows], numbers)


def widths(what: Drawn) -> list[int]:
    """Return how wide each column is."""
    from rich.cells import cell_len

    columns = zip(what.names, *what.rows, strict=True)
    return [max(map(cell_len, column)) for column in columns]


def fits(what: Drawn, width: int) -> bool:
    """Return whether a table of all columns is no wider than so many characters."""
    return _total(widths(what)) <= width


def table(what: Drawn, stream: Any, width: int) -> None:
    """Draw a table. Where it is too wide, texts are cut, then the last columns left out, which a line below tells."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    shown = _shown(widths(what), width)
    made = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for name, number, most in zip(what.names, what.numbers, shown, strict=False):
        made.add_column(
            Text(name),
            justify="right" if number else "left",
            no_wrap=True,
            overflow="ellipsis",
            max_width=most,
        )
    for row in what.rows:
        made.add_row(*(Text(text) for text in row[: len(shown)]))
    Console(file=stream, width=width, highlight=False).print(made)
    if len(shown) < len(what.names):
        stream.write(
            f"{len(shown)} of {len(what.names)} columns fit here;"
            " --format vertical shows all, or name those that you need.\n"
        )


def vertical(what: Drawn, stream: Any, width: int) -> None:
    """Draw a line for each value, under a rule for each row."""
    from rich.cells import cell_len
    from rich.console import Console
    from rich.text import Text

    console = Console(file=stream, width=width)
    label = max(map(cell_len, what.names), default=0)
    room = max(10, width - label - 2)
    for number, row in enumerate(what.rows, start=1):
        head = f"── {number:,} "
        stream.write(head + "─" * (min(width, 60) - len(head)) + "\n")
        for name, text in zip(what.names, row, strict=True):
            lines = Text(text).wrap(console, room, overflow="fold") if cell_len(text) > room else [text]
            for place, line in enumerate(lines):
                before = name + " " * (label - cell_len(name)) if place == 0 else " " * label
                stream.write(f"{before}  {str(line).rstrip()}".rstrip() + "\n")


def _total(columns: Sequence[int]) -> int:
    return sum(columns) + GAP * max(0, len(columns) - 1)


def _shown(columns: Sequence[int], width: int) -> list[int]:
    """Return how wide each column is drawn, of as many as fit."""
    if _total(columns) <= width:
        return list(columns)
    cut = [min(column, NARROW) for column in columns]
    while len(cut) > 1 and _total(cut) > width:
        cut.pop()
    for place, column in enumerate(columns[: len(cut)]):
        cut[place] = min(column, cut[place] + max(0, width - _total(cut)))
    return [min(column, width) for column in cut]
