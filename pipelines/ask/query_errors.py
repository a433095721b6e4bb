"""What is wrong with a query that the database refuses: where, and what was probably meant."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import Any

from ..base import exits
from ..base.desk import command
from ..transform import package
from .reader import Reader
from .statement import marked

_MISSING = re.compile(r'Table with name "?([^"\s]+)"? does not exist|relation "([^"]+)" does not exist')
_DUCKDB = ("Parser", "Syntax", "Binder", "Catalog", "Conversion", "OutOfRange", "InvalidInput", "InvalidType",
           "TypeMismatch", "NotImplemented", "Permission")  # fmt: skip
"""Whose exceptions say that the statement is wrong, not the file or the machine."""
_CUT = re.compile(
    rb"(Parser|Syntax|Binder|Catalog|Conversion|Out of Range|Invalid (Input|type)|Mismatch Type|Not implemented"
    rb"|Permission) Error: "
)
"""The same of DuckDB where its message cuts a character in half, so that it comes as bytes that are no text (seen)."""
_POSTGRES = ("0A", "21", "22", "25", "34", "42", "54", "55000", "57014", "P0")
"""The same of Postgres, by how its codes begin (its documentation, appendix A)."""


def explained(error: Exception, sql: str, reader: Reader) -> exits.Problem | None:
    """Return the problem if it is the statement's (exit code 2), or ``None``."""
    text = _text(error, sql)
    if text is None:
        return None
    if found := _MISSING.search(text):
        return _no_table(next(filter(None, found.groups())), reader)
    return exits.Problem(text, code=exits.USAGE)


def plain(error: Exception) -> str | None:
    """Return what Postgres says of a statement of ours, if the values in it are at fault."""
    return _of_postgres(error, "")


def _text(error: Exception, sql: str) -> str | None:
    module, name = type(error).__module__, type(error).__name__
    if isinstance(error, UnicodeDecodeError) and _CUT.match(bytes(error.object)):
        return bytes(error.object).decode(errors="replace").strip()
    if "duckdb" in module:
        if not name.removesuffix("Exception").startswith(_DUCKDB):
            return None
        return re.sub(r"\n\s*\n", "\n", str(error)).strip()
    if module.startswith("psycopg2"):
        return _of_postgres(error, sql)
    return None


def _of_postgres(error: Any, sql: str) -> str | None:
    code = str(error.pgcode or "")
    if not code.startswith(_POSTGRES) or code == "42501":
        return None
    message = str(error.diag.message_primary)
    if code == "42P11":
        return f"The server takes only one statement that reads: {message}."
    if code == "57014":
        return f"The server ended it: {message}. A role's own statement_timeout goes before the one set here."
    text = str(error.diag.internal_query or sql)
    place = error.diag.internal_position or error.diag.statement_position
    lines = [message]
    if place:
        before = text[: int(place) - 1]
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        lines = [f"Line {line}, column {column}: {message}", marked(text, line, column)]
    if error.diag.message_hint:
        lines.append(str(error.diag.message_hint))
    return "\n".join(lines)


def _no_table(name: str, reader: Reader) -> exits.Problem:
    # what begins so is dlt's, or keeps runs apart
    there = [table for tables in reader.tables().values() for table in tables if not table.startswith("_")]
    plain = name.rpartition(".")[2]
    if plain in package.models() and plain not in there:
        return exits.Problem(
            f"There is no table {name} yet.", f"Build it, with: {command('transform')}", exits.USAGE
        )
    near = get_close_matches(plain, there, n=1)
    return exits.Problem(
        f"There is no table {name}.",
        f"Did you mean {near[0]}?" if near else f'See all of them with: {command("query")} "show all tables"',
        exits.USAGE,
    )
