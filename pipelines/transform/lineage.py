"""Of which columns those of the tables for analysis and of the ready questions are made, by ``analytics/lineage.json``.

``make docs`` writes that file, from the SQL of the package: see ``analytics/DECISIONS.md`` for what counts.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from .package import FOLDER

FILE = FOLDER / "lineage.json"
CUSTOM = "custom_*"
"""Stands for the columns of custom fields, which have the names of the fields of a workspace."""
Column = tuple[str, str]
"""A table and its column."""


@cache
def _file() -> Any:
    return json.loads(FILE.read_text(encoding="utf-8"))


@cache
def of_tables() -> Mapping[Column, frozenset[Column]]:
    """Return the columns that each column of a table for analysis is made of: raw ones, or such."""
    return {
        (table, column): frozenset(map(_column, made))
        for table, columns in _file()["tables"].items()
        for column, made in columns.items()
    }


def of_answer(question: str, word: str = "") -> Mapping[str, frozenset[Column]]:
    """Return the columns of tables that each column of a question's answer is made of; none where that is not known.

    Args:
        question: Its name.
        word: What its lines are named by, where that can be chosen.
    """
    told = _file()["questions"].get(f"{question} {word}".strip(), {})
    return {column: frozenset(map(_column, made)) for column, made in told.items()}


def named(table: str, column: str) -> Column | None:
    """Return what a column of a table for analysis is called here; ``None``: what it is made of is not known."""
    if (table, column) in of_tables():
        return table, column
    custom = (table, CUSTOM)
    return custom if column.startswith("custom_") and custom in of_tables() else None


def made_of(columns: Iterable[Column]) -> frozenset[Column]:
    """Return the columns of tables for analysis that are made of some columns, in however many steps."""
    sources = set(columns)
    found: set[Column] = set()
    while more := {one for one, made in of_tables().items() if made & sources} - found:
        found |= more
        sources |= more
    return frozenset(found)


def _column(told: str) -> Column:
    table, _, column = told.partition(".")
    return table, column
