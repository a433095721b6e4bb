"""What a database says when it refuses something, without what it refused.

The texts of drivers quote: Postgres shows the row that fails a constraint, DuckDB and MariaDB the value that is there
already, SQLAlchemy the whole statement with all that was bound to it. In a copy these are conversations and addresses,
which belong neither on a screen nor in a log. So of such a text only the first line is kept, up to where it quotes.
"""

from __future__ import annotations

import re
import traceback
from collections.abc import Iterator, Sequence

DRIVERS = (
    *(
        "adbc_driver_manager",
        "duckdb",
        "_duckdb",
        "MySQLdb",
        "mariadb",
        "mysql",
        "oracledb",
        "psycopg",
        "psycopg2",
    ),
    *("pymssql", "pymysql", "pyodbc", "snowflake", "sqlalchemy", "sqlite3"),
)
"""The packages whose exceptions are the words of a database."""
CUT = "…"
_INNER = ("exception", "inner_exc", "dbapi_exception", "inner_exception", "client_exception")
"""Attributes by which dlt's exceptions carry the one that they are about."""

_STATEMENT = re.compile(r"\s*(\[SQL: |\[parameters: |\(Background on this error)")
_FRAME = re.compile(r"(\([\w.]+\) )?\(?\d+, [\"']|\([\w.]+\) ")
"""What SQLAlchemy and the drivers of MySQL put before a text."""
_NAMED = re.compile(
    r"(?:\b(?:column|constraint|database|encoding|file|function|host name|index|relation|role|schema|server at"
    r"|server on|socket|table|trigger|type|user)) ([\"'])[\w .:$/-]{1,128}\1",
    re.IGNORECASE,
)
"""What is in quotes and is no value: a name, of what kind is said before it."""
_VALUE = re.compile(r"(?<!\w)[\"'](?!\)?$)|(?<=[Ii]nput: ).|(?<=\bwith value )\S|(?<=\)=)\(")
"""Where a value may begin; where it ends nobody knows, since it may hold any character."""
_SAID = re.compile(rf"^(.*?\b(?:{'|'.join(DRIVERS)})\.(?:\w+\.)*[A-Z]\w+\)?[: ]+)(.*)$", re.MULTILINE)
"""A line in which a traceback or a message tells what a driver said."""
_QUOTES = re.compile(r"\[SQL: |\[parameters: |^\s*(DETAIL|CONTEXT): |^\s*LINE \d+: ", re.MULTILINE)


def is_of_database(error: BaseException) -> bool:
    """Whether an exception was raised by the driver of a database."""
    return type(error).__module__.partition(".")[0] in DRIVERS


def chain(error: BaseException) -> Iterator[BaseException]:
    """Walk from an exception to everything that caused it, outermost first."""
    seen: set[int] = set()
    queue: list[BaseException] = [error]
    while queue:
        current = queue.pop(0)
        if id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        inner = [getattr(current, name, None) for name in _INNER]
        queue += [
            one for one in (*inner, current.__cause__, current.__context__) if isinstance(one, BaseException)
        ]


def said(error: BaseException, within: BaseException | None = None) -> str:
    """Return the first line of what an exception says; where it quotes a database, without values.

    Args:
        error: The exception.
        within: What was raised about it, if it was not raised itself.
    """
    text = _words(error, list(chain(within or error))).strip()
    return text.splitlines()[0].strip() if text else "no message"


def without_values(line: str) -> str:
    """Return the first line of what a database says without the values in it."""
    if found := _STATEMENT.search(line):
        line = line[: found.start()]
    frame = _FRAME.match(line)
    place = frame.end() if frame else 0
    while found := _VALUE.search(line, place):
        named = next((one for one in _NAMED.finditer(line, place) if one.start(1) == found.start()), None)
        if named is None:
            return f"{line[: found.start()]}{CUT}"
        place = named.end()
    return line


def embedded(text: str) -> str:
    """Return a text up to where it quotes a database, if it does: where the quotation ends, nobody knows."""
    if found := _SAID.search(text):
        return f"{text[: found.start()]}{found[1]}{without_values(found[2])}"
    if found := _QUOTES.search(text):
        return f"{text[: found.start()].rstrip()} {CUT}"
    return text


def told(error: BaseException) -> str:
    """Return the traceback of an exception and of what caused it, without what a database was given."""
    causes = list(chain(error))
    parts = []
    for one in reversed(causes):
        where = "".join(traceback.format_tb(one.__traceback__))
        parts.append(f"{where}{type(one).__module__}.{type(one).__name__}: {_words(one, causes)}")
    return "Traceback (most recent call last), the first cause first:\n" + "\n\nwhich led to:\n\n".join(parts)


def _words(error: BaseException, causes: Sequence[BaseException]) -> str:
    """Return what an exception says; others than the driver's repeat that one's text."""
    if is_of_database(error):
        return without_values(_first_line(str(error)))
    text = str(error)
    for cause in sorted(filter(is_of_database, causes), key=lambda one: len(str(one)), reverse=True):
        if whole := str(cause).strip():
            text = text.replace(whole, without_values(_first_line(whole)))
    return embedded(text)


def _first_line(text: str) -> str:
    return next((line.strip() for line in text.splitlines() if line.strip()), "no message")
