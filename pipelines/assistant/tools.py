"""What an assistant can ask: each tool opens the copy, reads, and returns data or raises what to tell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from typing_extensions import TypedDict

from ..ask import query_errors, roles
from ..ask.ask import require_marts
from ..ask.query import telling_errors
from ..ask.questions import Question, all_questions
from ..ask.questions import find as find_question
from ..ask.reader import Reader
from ..ask.reader_duckdb import DuckDbReader
from ..ask.statement import require_reading
from ..base import exits
from . import conversation as conversations
from . import find, guard, loan, tables, text
from .access import Access
from .hidden import Hidden
from .limits import Limits, Rows, cut, without


class Option(TypedDict):
    """What can be set in a question."""

    name: str
    values: str
    meaning: str
    default: str


class Ready(TypedDict):
    """A ready question."""

    name: str
    title: str
    explanation: str
    options: list[Option]


class Questions(TypedDict):
    """All ready questions."""

    questions: list[Ready]


class Tools:
    """The tools over one copy.

    Args:
        access: Opens it.
        hidden: What of it is left out.
        limits: What one answer may be at most.
    """

    def __init__(self, access: Access, hidden: Hidden, limits: Limits) -> None:
        self._access = access
        self._hidden = hidden
        self._limits = limits

    def questions(self) -> Questions:
        """Return the ready questions with their options; no copy is needed."""
        return Questions(questions=[_ready(question) for question in all_questions().values()])

    def ask(self, name: str, options: dict[str, Any]) -> Rows:
        """Answer a ready question: the rows of ``pylon ask NAME --format json``.

        Raises:
            Problem: It is unknown, an option means nothing, or the tables for analysis are not there.
        """
        question = find_question(name)
        given = {key: _word(value) for key, value in options.items()}
        self._require_shown(question, given)
        with self._access.opened(_bounded) as reader:
            require_marts(reader)
            values = question.values(given, reader)
            with telling_errors(reader, question.statement):
                result = reader.ask(question.statement, values, self._limits.most)
                left = self._hidden.answers(name, str(values.get("by", "")), result.schema.names)
                if result.schema.names[0] in left:
                    raise _left_out(f"The question {name} names its lines by {result.schema.names[0]}")
                note = f"{', '.join(sorted(left))} left out." if left else ""
                return cut(without(result, left), self._limits, f"{reader.note} {note}".strip())

    def describe(self, names: list[str]) -> tables.Tables:
        """Return all tables, or some with their columns.

        Raises:
            Problem: There is none of a name.
        """
        with self._access.opened(_bounded) as reader:
            return tables.described(reader, self._hidden, names)

    def select(self, sql: str) -> Rows:
        """Answer one statement that reads, guarded as ``pylon query`` is.

        Raises:
            Problem: It is refused or wrong, the role at the destination may do too much, or the time was up.
        """
        views: list[guard.Views] = []

        def prepare(reader: DuckDbReader) -> None:
            _bounded(reader)
            if not self._hidden.is_nothing:
                views.append(guard.cover(reader, self._hidden, frozenset(tables.known())))

        with self._access.opened(prepare) as reader:
            if too_much := reader.powers():
                raise roles.refuse(too_much, reader.schemas)
            if not self._hidden.is_nothing and not views:
                return self._lent(reader, sql)
            with telling_errors(reader, sql):
                require_reading(sql, reader.dialect)
                if views and isinstance(reader, DuckDbReader):
                    guard.require_visible(reader, sql, views[0])
            return self._rows(reader, sql)

    def _lent(self, reader: Reader, sql: str) -> Rows:
        require_reading(sql, DuckDbReader.dialect)
        with (
            loan.lent(reader, self._hidden, frozenset(tables.known()), sql) as lent,
            self._access.timed(lent),
        ):
            return self._rows(lent, sql)

    def conversation(self, issue: str, from_message: int, from_character: int) -> conversations.Conversation:
        """Return one conversation from a message on.

        Raises:
            Problem: There is no such issue.
        """
        with self._access.opened(_bounded) as reader:
            return conversations.one(reader, self._hidden, self._limits, issue, from_message, from_character)

    def found(self, words: str, filters: find.Filters, limit: int, offset: int) -> conversations.Found:
        """Return the conversations that have some words.

        Raises:
            Problem: A time cannot be understood.
        """
        chosen = text.words(words, find.MOST_WORDS)
        if words.strip() and not chosen:
            return _no_word(words)
        with self._access.opened(_bounded) as reader:
            answer = conversations.found(reader, self._hidden, self._limits, chosen, filters, limit, offset)
        if len(text.words(words, len(words))) > len(chosen):
            answer["note"] = f"Looked for {', '.join(chosen)}; more words are not. {answer['note']}".strip()
        return answer

    def _rows(self, reader: Reader, sql: str) -> Rows:
        with telling_errors(reader, sql):
            result = reader.ask(sql, None, self._limits.most)
            return cut(result, self._limits, f"{reader.note} {self._hidden.told()}".strip())

    def _require_shown(self, question: Question, given: Mapping[str, str]) -> None:
        """Make sure that no option is a value that is left out: which there are would be told.

        Raises:
            Problem: One is.
        """
        for name, parameter in question.parameters.items():
            if name in given and parameter.column and self._hidden.column(*parameter.column):
                raise _left_out(f"The option {name} of {question.name} is {parameter.column[1]}")


def _left_out(what: str) -> exits.Problem:
    return exits.Problem(f"{what}, which this server leaves out.", "Ask for something else.", exits.USAGE)


def _no_word(words: str) -> conversations.Found:
    note = (
        f"There is no word in {words[:60]!r}: letters, digits and signs such as emoji are looked for. Without words,"
        " the newest conversations are listed."
    )
    return conversations.Found(matches=0, with_all_words=0, with_word={}, conversations=[], cut="", note=note)


def _bounded(reader: DuckDbReader) -> None:
    guard.bound(reader.connection)


def _ready(question: Question) -> Ready:
    options = [
        Option(name=one.name, values=one.told, meaning=one.meaning, default=str(one.default))
        for one in question.parameters.values()
    ]
    return Ready(name=question.name, title=question.title, explanation=question.explanation, options=options)


def _word(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def explained(error: Exception) -> exits.Problem:
    """Return what to tell of an error that is none of the statement's."""
    from ..base.causes import explain

    if type(error).__module__.startswith("psycopg2") and (told := query_errors.plain(error)):
        return exits.Problem(told, code=exits.USAGE)
    return explain(error)
