"""Whether a statement only reads, in plain words and before a database is asked.

DuckDB and Postgres refuse what writes by themselves, however a text is understood here; on other servers, only a role
that cannot write does.
"""

from __future__ import annotations

import logging
import re

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError, SqlglotError

from ..base import exits

_READS = (exp.Query, exp.Values, exp.Describe, exp.Show, exp.Summarize, exp.Pivot)
_WRITES = (exp.DML, exp.DDL, exp.Into, exp.Drop, exp.TruncateTable, exp.Alter, exp.Merge, exp.Copy, exp.Set)
_WORDS = ("SHOW", "DESCRIBE", "DESC", "SUMMARIZE", "FROM", "PIVOT", "TABLE", "VALUES", "WITH", "SELECT")
"""With which of DuckDB's statements may begin that sqlglot has not learnt."""
_EXPLAIN = re.compile(r"\s*EXPLAIN\s+(ANALY[SZ]E\s+|\([\w\s,]*\)\s*)?", re.IGNORECASE)
_ALLOWED = "Only one SELECT, WITH, DESCRIBE, SHOW or EXPLAIN is answered here; nothing can be written."

logging.getLogger("sqlglot").setLevel(logging.CRITICAL)  # it warns of statements that it does not know


def require_reading(sql: str, dialect: str) -> None:
    """Make sure that a text is one statement that reads.

    Raises:
        Problem: It is not (exit code 2).
    """
    _require_text(sql)
    if not sql.strip().strip(";").strip():
        raise exits.Problem(
            "There is no statement.", 'Such as: pylon query "select count(*) from issues"', exits.USAGE
        )
    if dialect == "duckdb":
        _require_one(sql)
    explained = _EXPLAIN.match(sql)
    body = sql[explained.end() :] if explained else sql
    try:
        statements = [one for one in sqlglot.parse(body, dialect=_known(dialect)) if one is not None]
    except Exception as error:  # it stumbles over some texts with errors that are not its own
        if dialect == "postgres" or (dialect == "duckdb" and _first_word(body, dialect) in _WORDS):
            return  # what it is, the database says better; it refuses what writes
        raise _syntax(error, sql) from error
    if len(statements) != 1:
        raise _more_than_one(len(statements))
    _require_query(statements[0], body, dialect)


def _require_text(sql: str) -> None:
    """Refuse characters that no database takes: what reaches the command line may be no text at all."""
    try:
        sql.encode()
        if "\0" not in sql:
            return
    except UnicodeEncodeError:
        pass
    raise exits.Problem("The statement holds bytes that are no text.", "Write it in UTF-8.", exits.USAGE)


def _require_one(sql: str) -> None:
    """Let DuckDB itself say whether it can be parsed, and into how many statements."""
    import duckdb

    with duckdb.connect(":memory:") as parser:
        found = parser.extract_statements(sql)  # a wrong one raises, and the error shows the place
    if len(found) != 1:
        raise _more_than_one(len(found))


def _require_query(statement: exp.Expr, body: str, dialect: str) -> None:
    word = _first_word(body, dialect)
    # what sqlglot has not learnt is a command, or looks like a column with an alias
    is_word = isinstance(statement, exp.Command | exp.Alias) and word in (
        _WORDS if dialect == "duckdb" else ("SHOW",)
    )
    written = next(
        (node for node in statement.walk() if isinstance(node, _WRITES) and not isinstance(node, exp.Query)),
        None,
    )
    if written is not None or not (isinstance(statement, _READS) or is_word):
        name = word if written is None or isinstance(written, exp.TruncateTable) else written.key.upper()
        raise exits.Problem(f"{name} does more than read.", _ALLOWED, exits.USAGE)


def _first_word(sql: str, dialect: str) -> str:
    try:
        words = (token.text for token in sqlglot.tokenize(sql, dialect=_known(dialect)))
        return next((word.upper() for word in words if word[:1].isalpha()), "")
    except SqlglotError:
        return ""


def _known(dialect: str) -> str | None:
    return dialect if sqlglot.Dialect.get(dialect) else None


def _more_than_one(number: int) -> exits.Problem:
    return exits.Problem(f"There are {number} statements.", _ALLOWED, exits.USAGE)


def _syntax(error: Exception, sql: str) -> exits.Problem:
    if not isinstance(error, ParseError) or not error.errors:
        return exits.Problem(f"The statement cannot be understood: {error}", _ALLOWED, exits.USAGE)
    line, column, what = (error.errors[0].get(name) for name in ("line", "col", "description"))
    where = f"Line {line}, column {column}: {what}."
    return exits.Problem(f"{where}\n{marked(sql, int(str(line)), int(str(column)))}", "", exits.USAGE)


def marked(sql: str, line: int, column: int) -> str:
    """Return a line of a statement with a mark below a column; both count from 1."""
    lines = sql.splitlines() or [""]
    return f"{lines[min(line, len(lines)) - 1]}\n{' ' * (column - 1)}^"
