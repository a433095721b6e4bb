"""The ready questions of ``pylon ask``: SQL files over the tables for analysis, each with a header that explains it.

The first line of a header is the title, the next ones say what the answer holds. A line ``name: values; meaning``
declares a parameter, which the SQL has as ``$name``: ``a | b`` offers words, the first of them by default;
``1..100, 20`` a whole number with its bounds and default; ``any of table.column`` a value of that column, and none
by default. Values are checked here and bound by the database, never pasted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..base import exits
from ..base.desk import command
from ..transform import package

if TYPE_CHECKING:
    from .reader import Reader

FOLDER = package.FOLDER / "questions"
MOST_DIGITS = 18
"""Of a number; Python refuses to read one of thousands."""
_PARAMETER = re.compile(r"^(?P<name>[a-z]+): (?P<values>[^;]+); (?P<meaning>.+)$")
_NUMBER = re.compile(r"^(\d+)\.\.(\d+), (\d+)$")
_COLUMN = re.compile(r"^any of (\w+)\.(\w+)$")


@dataclass(frozen=True)
class Parameter:
    """What can be set in a question.

    Args:
        name: Its name, also that of the option.
        meaning: What it is for.
        words: What it can be; none where it is a number or a column's value.
        bounds: The least and the greatest number.
        column: The table and the column whose values it can have.
        default: What it is unless it is given.
    """

    name: str
    meaning: str
    words: tuple[str, ...] = ()
    bounds: tuple[int, int] | None = None
    column: tuple[str, str] | None = None
    default: str | int = ""

    @property
    def told(self) -> str:
        """What it can be, for people."""
        if self.bounds:
            return f"{self.bounds[0]} to {self.bounds[1]}"
        return "|".join(self.words) or "NAME"

    def value(self, given: str, reader: Reader) -> str | int:
        """Return the value to bind.

        Raises:
            Problem: It cannot be that (exit code 2); the message names the nearest.
        """
        if self.bounds:
            low, high = self.bounds
            if not given.isdecimal() or len(given) > MOST_DIGITS or not low <= int(given) <= high:
                raise self._wrong(given, f"It must be a whole number from {low} to {high}.")
            return int(given)
        return self._near(given, self.words or tuple(self._values(reader)))

    def _near(self, given: str, known: tuple[str, ...]) -> str:
        if given in known:  # where names differ in their case alone, the one that was written
            return given
        folded = {word.casefold(): word for word in known}
        if given.casefold() in folded:
            return folded[given.casefold()]
        near = get_close_matches(given.casefold(), folded, n=1)
        choice = ", ".join(known[:12]) + (" and others" if len(known) > 12 else "")
        remedy = f"Did you mean {folded[near[0]]}?" if near else f"Choose from {choice}."
        raise self._wrong(given, remedy if known else "There are none in the copy.")

    def _values(self, reader: Reader) -> Iterator[str]:
        assert self.column is not None  # noqa: S101 - a parameter is one of three kinds
        table, column = self.column
        sql = f"SELECT DISTINCT {column} AS value FROM {table} WHERE {column} IS NOT NULL ORDER BY 1"
        values: list[Any] = reader.ask(sql).table()["value"].to_pylist()
        yield from values

    def _wrong(self, given: str, remedy: str) -> exits.Problem:
        return exits.Problem(f"--{self.name} cannot be {given!r}.", remedy, exits.USAGE)


@dataclass(frozen=True)
class Question:
    """A ready question.

    Args:
        name: What to call it on the command line.
        title: What it is about.
        explanation: What the answer holds.
        parameters: What can be set, by name.
        sql: The statement, with its header.
    """

    name: str
    title: str
    explanation: str
    parameters: Mapping[str, Parameter]
    sql: str

    @property
    def statement(self) -> str:
        """The statement without its header, which names the parameters too."""
        return "\n".join(line for line in self.sql.splitlines() if not line.startswith("-- "))

    def values(self, given: Mapping[str, str], reader: Reader) -> dict[str, str | int]:
        """Return what to bind for every parameter.

        Raises:
            Problem: A name or a value means nothing (exit code 2).
        """
        for name in given:
            if name not in self.parameters:
                near = get_close_matches(name, self.parameters, n=1)
                known = ", ".join(f"--{one}" for one in self.parameters) or "no options"
                raise exits.Problem(
                    f"{command('ask')} {self.name} has no option --{name}.",
                    f"Did you mean --{near[0]}?" if near else f"It has {known}.",
                    exits.USAGE,
                )
        return {
            name: parameter.value(given[name], reader) if name in given else parameter.default
            for name, parameter in self.parameters.items()
        }


@cache
def all_questions() -> dict[str, Question]:
    """Return all questions by name, in the order of the alphabet."""
    files = sorted(FOLDER.glob("*.sql"))
    return {question.name: question for question in map(read, files)}


def find(name: str) -> Question:
    """Return a question.

    Raises:
        Problem: There is none of that name (exit code 2).
    """
    known = all_questions()
    plain = name.lower().replace("_", "-")
    if plain not in known:
        near = get_close_matches(plain, known, n=1)
        raise exits.Problem(
            f"There is no question {name!r}.",
            f"Did you mean {near[0]}?" if near else f"See all of them with: {command('ask')}",
            exits.USAGE,
        )
    return known[plain]


def read(file: Path) -> Question:
    """Read a question from its file."""
    sql = file.read_text(encoding="utf-8")
    lines = sql.splitlines()
    header = [
        line[3:] for line in lines[: next(i for i, line in enumerate(lines) if not line.startswith("-- "))]
    ]
    found = [match for line in header if (match := _PARAMETER.match(line))]
    text = [line for line in header[1:] if not _PARAMETER.match(line)]
    parameters = {match["name"]: _parameter(**match.groupdict()) for match in found}
    return Question(file.stem.replace("_", "-"), header[0], " ".join(text), parameters, sql)


def _parameter(name: str, values: str, meaning: str) -> Parameter:
    if number := _NUMBER.match(values):
        low, high, default = map(int, number.groups())
        return Parameter(name, meaning, bounds=(low, high), default=default)
    if column := _COLUMN.match(values):
        return Parameter(name, meaning, column=(column[1], column[2]))
    words = tuple(values.split(" | "))
    return Parameter(name, meaning, words=words, default=words[0])
