"""The union of copies in DuckDB: a file of its own, put in place of the last one as a whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import duckdb

from ..base import exits
from ..base.sql_text import literal, quoted
from ..copy import destinations, modes, snapshot
from ..copy.lock import hold, is_locked, lock_file, reading
from ..copy.places import Place
from .union import LIST, Made, by_table, fill, schema_of, taken, without

MEMORY = "128MB"
"""What DuckDB may use while it makes a union."""


class _DuckDb:
    """A union in a file of its own; the copies are attached by the names of their workspaces."""

    text = "VARCHAR"

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, schemas: Mapping[str, str], schema: str
    ) -> None:
        self._connection, self._schemas, self._schema = connection, schemas, schema

    def run(self, statement: str) -> list[tuple[Any, ...]]:
        return self._connection.execute(statement).fetchall()

    def columns(self, name: str) -> Mapping[str, Mapping[str, str]]:
        return by_table(
            self.run(
                "SELECT table_name, column_name, data_type FROM duckdb_columns() WHERE database_name ="
                f" {literal(_attached(name))} AND schema_name = {literal(self._schemas[name])}"
                " ORDER BY table_name, column_index"
            )
        )

    def table(self, name: str, table: str) -> str:
        return f"{quoted(_attached(name))}.{quoted(self._schemas[name])}.{quoted(table)}"

    def target(self, table: str) -> str:
        return f"made.{quoted(self._schema)}.{quoted(table)}"


def _attached(name: str) -> str:
    return f"of_{name}"


def make(found: Mapping[str, Place], place: Place) -> Made:
    """Make the union of copies in DuckDB files.

    Args:
        found: The copies by workspace.
        place: Where the union is to be.

    Raises:
        Problem: Something else has the place, or another union is being made (exit code 75).
    """
    file = place.file
    assert file is not None  # noqa: S101 - place is one of DuckDB's
    schema, left_out = schema_of(place), {}
    draft = file.with_name(f"{file.name}.new")
    with hold(lock_file(file)), ExitStack() as stack:
        _require_ours(file, schema)
        connection = _drafted(stack, draft, schema, [one.file for one in found.values()])
        held = {}
        for name, one in found.items():
            if why := _attach(stack, connection, name, one):
                left_out[name] = why
            else:
                held[name] = one
        database = _DuckDb(connection, {name: schema_of(one) for name, one in held.items()}, schema)
        tables, names = fill(database, held)
        connection.execute("DETACH made")  # which writes out its log
        left_out |= without(held, names)
        if names:
            draft.replace(file)
    return Made(f"{place.destination} at {file}", schema, tables, names, left_out)


def _drafted(
    stack: ExitStack, draft: Path, schema: str, files: Sequence[Path | None]
) -> duckdb.DuckDBPyConnection:
    """Open a new file, no wider than the narrowest copy; what is left of it goes in the end."""
    draft.unlink(missing_ok=True)
    stack.callback(draft.unlink, missing_ok=True)
    with ExitStack() as narrow:
        for file in files:
            narrow.enter_context(modes.narrowed(file))
        destinations.make_file(draft)
    connection = stack.enter_context(closing(duckdb.connect(":memory:", config={"memory_limit": MEMORY})))
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute(f"ATTACH {literal(str(draft))} AS made")
    connection.execute(f"CREATE SCHEMA made.{quoted(schema)}")
    return connection


def _attach(stack: ExitStack, connection: duckdb.DuckDBPyConnection, name: str, place: Place) -> str:
    """Attach the copy of a workspace, and return why it cannot be, "" where it is."""
    file = place.file
    if file is None or not file.exists():
        return "there is no copy yet"
    kept = snapshot.of(file)
    if snapshot.is_current(file):
        file = kept
    else:
        try:
            stack.enter_context(reading(lock_file(file)))
        except exits.Problem as problem:
            if not is_locked(problem) or not kept.exists():
                return problem.what
            file = kept
    try:
        connection.execute(f"ATTACH {literal(str(file))} AS {quoted(_attached(name))} (READ_ONLY)")
    except duckdb.Error as error:
        return str(error).splitlines()[0]
    return ""


def _require_ours(file: Path, schema: str) -> None:
    """Make sure that nothing else has the place.

    Raises:
        Problem: Something has.
    """
    if not file.exists():
        return
    with closing(duckdb.connect(str(file), read_only=True)) as connection:
        known = connection.execute(
            "SELECT 1 FROM duckdb_tables() WHERE schema_name = ? AND table_name = ?", [schema, LIST]
        ).fetchall()
    if not known:
        raise taken(f"The file {file}")
