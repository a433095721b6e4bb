"""``pylon ask``: the ready questions, listed or answered."""

from __future__ import annotations

from collections.abc import Sequence

from ..base import exits, screens
from ..base.desk import command
from . import query as query_command
from . import reading
from .questions import Question, all_questions, find
from .reader import Reader


def list_all() -> int:
    """Print the names of all questions with their titles and options."""
    for question in all_questions().values():
        options = " ".join(f"--{name} {parameter.told}" for name, parameter in question.parameters.items())
        screens.tell(screens.wrapped(f"{command('ask')} {question.name:<15} ", question.title))
        if options:
            screens.tell(screens.wrapped(" " * 26, options))
    screens.tell(
        f"\nMore on each: {command('ask')} NAME --explain. All with sample answers: docs/questions.md."
    )
    return exits.DONE


def explain(name: str) -> int:
    """Print what a question is about, its options and its SQL.

    Raises:
        Problem: There is none of that name.
    """
    question = find(name)
    _describe(question)
    screens.tell(f"\n{question.statement}")
    return exits.DONE


def help_of(name: str, general: str) -> int:
    """Print how to ask a question: what it is about, its own options, and those of all.

    Args:
        name: The question.
        general: The help of ``ask``.

    Raises:
        Problem: There is none of that name.
    """
    question = find(name)
    screens.tell(f"Usage: {command('ask')} {question.name} [OPTIONS]\n")
    _describe(question)
    screens.tell(f"\nOptions of every question:\n{general.partition('Options:')[2].strip(chr(10))}")
    return exits.DONE


def _describe(question: Question) -> None:
    screens.tell(f"{question.title}\n{screens.wrapped('', question.explanation)}\n")
    for parameter in question.parameters.values():
        default = f"  [default: {parameter.default}]" if parameter.default else ""
        screens.tell(f"  --{parameter.name} {parameter.told}")
        screens.tell(screens.wrapped("      ", f"{parameter.meaning}{default}"))


def run(name: str, arguments: Sequence[str], options: query_command.Options) -> int:
    """Answer a question.

    Raises:
        Problem: An argument means nothing (exit code 2), or the tables for analysis have not been built.
    """
    question = find(name)
    given = _given(arguments)
    with reading.opened(options.destination, options.dataset, options.schema) as reader:
        require_marts(reader)
        values = question.values(given, reader)
        query_command.answer(reader, question.statement, options, values)
    return exits.DONE


def require_marts(reader: Reader) -> None:
    """Make sure that the tables for analysis are there.

    Raises:
        Problem: They are not.
    """
    if "support__customers" not in reader.tables()[reader.schemas[1]]:
        raise no_marts(reader)


def no_marts(reader: Reader) -> exits.Problem:
    """Return what is told where the tables for analysis, or columns of them, are not there."""
    return exits.Problem(
        "The tables for analysis are not there yet, or were built by an earlier version:"
        f" schema {reader.schemas[1]}, {reader.location}.",
        f"Build them, with: {command('transform')}",
        exits.FAILED,
    )


def _given(arguments: Sequence[str]) -> dict[str, str]:
    """Return the options of a question: ``--by team`` or ``--by=team``."""
    given: dict[str, str] = {}
    rest = list(arguments)
    while rest:
        name, equals, value = rest.pop(0).partition("=")
        if not name.startswith("--") or not (equals or rest):
            raise exits.Problem(
                f"{name} cannot be understood.", f"Such as: {command('ask')} backlog --by team", exits.USAGE
            )
        given[name[2:]] = value if equals else rest.pop(0)
    return given
