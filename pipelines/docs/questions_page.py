"""Writes ``docs/questions.md``: every ready question with its options and a sample answer.

``make docs`` makes the sample and writes the page; a test fails where the page is not what this module would write.
"""

from __future__ import annotations

import io
from itertools import islice
from typing import TYPE_CHECKING

from ..ask import formats
from ..ask.questions import Parameter, Question, all_questions

if TYPE_CHECKING:
    from ..ask.reader import Reader

_INTRODUCTION = (
    "Each of them is a file in [analytics/questions/](../analytics/questions/), answered by `pylon ask NAME` from"
    " the tables that `pylon transform` builds. `--format`, `--output` and `--limit` are as in `pylon query`."
    " The answers here come from a sample workspace; `make docs` writes this page."
)
ROWS = 8
"""How many rows of an answer are shown."""


def page(reader: Reader) -> str:
    """Return the page; the answers come from ``reader``."""
    parts = [
        "# Questions",
        _INTRODUCTION,
        *(_part(question, reader) for question in all_questions().values()),
    ]
    return "\n\n".join(parts) + "\n"


def _part(question: Question, reader: Reader) -> str:
    parts = [f"## {question.name}", f"**{question.title}.** {question.explanation}"]
    if question.parameters:
        lines = ["| option | values | default | meaning |", "|---|---|---|---|"]
        parts.append("\n".join([*lines, *map(_line, question.parameters.values())]))
    parts.append(f"```\n$ pylon ask {question.name}\n{_answer(question, reader)}\n```")
    return "\n\n".join(parts)


def _line(parameter: Parameter) -> str:
    values = parameter.told.replace("|", ", ")
    if parameter.column:
        values = f"a value of `{'.'.join(parameter.column)}`"
    return f"| `--{parameter.name}` | {values} | {parameter.default or 'all'} | {parameter.meaning} |"


def _answer(question: Question, reader: Reader) -> str:
    answer = reader.ask(question.statement, question.values({}, reader)).table()
    rows = [list(row.values()) for row in islice(answer.to_pylist(), ROWS)]
    drawn = io.StringIO()
    formats.draw(answer.schema, rows, drawn)
    lines = [line.rstrip() for line in drawn.getvalue().rstrip().splitlines()]
    more = answer.num_rows - len(rows)
    return "\n".join([*lines, f"… and {more} more"] if more > 0 else lines)
