"""What of a copy an assistant does not get: internal notes, and columns that its user leaves out. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from pylon_elt.sources.pylon.catalog import ALL_TABLES, EXTRA

from ..base import exits
from ..transform import lineage, package

NOTES: Mapping[str, str] = {
    "issue_messages": "coalesce(is_private, false)",
    "task_comments": "coalesce(is_internal, false)",
    "pylon__issue_messages": "NOT coalesce(is_public, true)",
    "support__messages": "NOT coalesce(is_public, true)",
}
"""The tables that hold what only agents see beside other things, and what such a row is told by. A flag that is not
there is no note: Pylon leaves out what is false (see is_private in analytics/)."""
NOTE_COLUMNS = frozenset({("support__conversations", "notes_text"), ("support__conversations", "notes_hash")})
"""The columns that hold nothing but what only agents see."""
DISCUSSIONS = frozenset({"issue_threads"})
"""The tables that hold nothing else."""
KEYS = frozenset({"id", "issue_id", "task_id", "message_id", "ticket_id", "ticket_key", "conversation_id"})
"""What joins rows says nothing of what is written in them."""

_BESIDE = {"name": "label", "label": "name"}
"""How two columns of a table for analysis end that have one name; a label has more, where several have that name."""


@dataclass(frozen=True)
class Hidden:
    """What is left out.

    Args:
        notes: Whether internal notes are.
        columns: Columns, as (table, column); "*" is any table.
        made: Columns of tables for analysis whose values come from those.
    """

    notes: bool = True
    columns: frozenset[tuple[str, str]] = frozenset()
    made: frozenset[tuple[str, str]] = frozenset()

    @property
    def is_nothing(self) -> bool:
        """Whether all of the copy is given."""
        return not self.notes and not self.columns

    def table(self, name: str) -> bool:
        """Whether nothing of a table is given."""
        return self.notes and name in DISCUSSIONS

    def column(self, table: str, column: str) -> bool:
        """Whether a column is left out."""
        if self.notes and (table, column) in NOTE_COLUMNS:
            return True
        if {(table, column), ("*", column)} & self.columns:
            return True
        if table in ALL_TABLES or not self.columns:
            return False
        named = lineage.named(table, column)
        return named is None or named in self.made  # what nobody knows the origin of, may come from them

    def answers(self, question: str, word: str, columns: Iterable[str]) -> frozenset[str]:
        """Return which columns of a question's answer are left out.

        Args:
            question: Its name.
            word: What its lines are named by, where that can be chosen.
            columns: Those of the answer.
        """
        known = lineage.of_answer(question, word)
        return frozenset(
            column
            for column in columns
            if (self.columns and column not in known)
            or any(self.column(*source) for source in known.get(column, ()))
        )

    def rows(self, table: str) -> str:
        """Return the condition of the rows that are left out; "" for none."""
        return NOTES.get(table, "") if self.notes else ""

    def told(self) -> str:
        """Say what is left out, in sentences."""
        lines = []
        if self.notes:
            lines.append("Internal notes are left out.")
        if self.columns:
            names = sorted(column if table == "*" else f"{table}.{column}" for table, column in self.columns)
            lines.append(
                f"These columns are left out, and what the tables for analysis have of them: {', '.join(names)}."
            )
        return " ".join(lines)


def of(notes: bool, without: Iterable[str], masked: Mapping[str, Mapping[str, str]] | None = None) -> Hidden:
    """Return what is left out, by what was asked for.

    Args:
        notes: Whether internal notes are.
        without: Columns, as ``table.column``, or ``column`` for every table that has it.
        masked: The masks of the configuration, where what they cover is left out too.

    Raises:
        Problem: There is no such column (exit code 2).
    """
    wanted = [name.strip().lower() for text in without for name in text.split(",") if name.strip()]
    wanted += [f"{table}.{name}" for table, rules in (masked or {}).items() for name in rules]
    pairs = {_pair(name) for name in wanted}
    left_out = frozenset(pairs.union(*(_same(*pair) | _label(*pair) for pair in pairs)))
    return Hidden(notes, left_out, lineage.made_of(_each(left_out)))


def _pair(name: str) -> tuple[str, str]:
    table, dot, column = name.rpartition(".")
    known = _known()
    if not dot or table == "*":
        every = {one for columns in known.values() for one in columns}
        if column in every:
            return "*", column
        raise _unknown(name, every)
    if table not in known:
        raise _unknown(name, {f"{one}.{column}" for one in known})
    if column not in known[table]:
        raise _unknown(name, {f"{table}.{one}" for one in known[table]})
    return table, column


def _known() -> dict[str, set[str]]:
    raw = {name: set(table.column_names) for name, table in ALL_TABLES.items()}
    return raw | {name: set(columns) for name, columns in package.mart_columns().items()}


def _each(columns: Iterable[tuple[str, str]]) -> frozenset[tuple[str, str]]:
    """Return columns with their tables: those of any table with each that has one."""
    known = _known()
    return frozenset(
        (one, column)
        for table, column in columns
        for one in (known if table == "*" else (table,))
        if column in known[one]
    )


def _same(table: str, column: str) -> set[tuple[str, str]]:
    """Return the other columns of a raw table that hold the same value, such as requester that of requester_email."""
    found: set[tuple[str, str]] = set()
    for name, one in ALL_TABLES.items():
        if table not in ("*", name):
            continue
        sources = {each.name: each.source for each in one.columns}
        if column not in sources:
            continue
        mine = sources[column]
        found |= {
            (name, other)
            for other, its in sources.items()
            if its[: len(mine)] == mine or mine[: len(its)] == its
        }
        if EXTRA.name in sources:  # holds what did not fit a column
            found.add((name, EXTRA.name))
    return found


def _label(table: str, column: str) -> set[tuple[str, str]]:
    """Return the column beside that of a name which tells equal names apart, or the other way round."""
    stem, _, kind = column.rpartition("_")
    other = f"{stem}_{_BESIDE.get(kind)}"
    return {
        (name, other)
        for name, columns in package.mart_columns().items()
        if table in ("*", name) and column in columns and other in columns
    }


def _unknown(name: str, known: Iterable[str]) -> exits.Problem:
    near = get_close_matches(name, list(known), n=1)
    return exits.Problem(
        f"There is no column {name}.",
        f"Did you mean {near[0]}?" if near else "docs/tables.md has all columns.",
        exits.USAGE,
    )
