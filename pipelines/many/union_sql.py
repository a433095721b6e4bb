"""The statement that makes one table of those of several workspaces. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ..base.sql_text import literal, quoted

OWN = "workspace"
"""The column that says whose row it is."""


@dataclass(frozen=True, slots=True)
class Part:
    """A table of one workspace.

    Args:
        workspace: Whose it is.
        name: The table's name in full, quoted.
        columns: The types of its columns by name, in their order.
    """

    workspace: str
    name: str
    columns: Mapping[str, str]


def union(parts: Sequence[Part], text: str) -> str:
    """Return a SELECT of the rows of all parts, each with the name of its workspace before them.

    A column that only some have is null in the others; one whose types differ is text.

    Args:
        parts: The tables, at least one.
        text: The type of texts.
    """
    types: dict[str, set[str]] = {}
    for part in parts:
        for column, kind in part.columns.items():
            types.setdefault(column, set()).add(kind)
    kinds = {column: found.pop() if len(found) == 1 else text for column, found in types.items()}
    return " UNION ALL ".join(_select(part, kinds, text) for part in parts)


def _select(part: Part, kinds: Mapping[str, str], text: str) -> str:
    columns = ", ".join(_columns(part, kinds))
    return f"SELECT CAST({literal(part.workspace)} AS {text}) AS {quoted(OWN)}, {columns} FROM {part.name}"


def _columns(part: Part, kinds: Mapping[str, str]) -> Iterator[str]:
    for column, kind in kinds.items():
        its = part.columns.get(column)
        value = quoted(column) if its else "NULL"
        yield f"{value if its == kind else f'CAST({value} AS {kind})'} AS {quoted(column)}"
