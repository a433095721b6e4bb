"""The floor: DuckDB reads the same rows from newline-delimited JSON files into tables, and that is all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb

from .recording import ISSUES, MESSAGES
from .stopwatch import Stopwatch


def read_json(watch: Stopwatch, folder: Path, *, recording: str) -> dict[str, Any]:
    """Create both tables in a new database file; what is nested stays JSON, as in our tables."""
    files = {"issues": Path(recording) / ISSUES, "issue_messages": Path(recording) / MESSAGES}
    with watch, duckdb.connect(str(folder / "copy.duckdb")) as connection:
        for table, file in files.items():
            source = f"read_json('{file}', format = 'newline_delimited', maximum_depth = 1)"
            connection.execute(f"CREATE TABLE {table} AS SELECT * FROM {source}")
    return counted(folder / "copy.duckdb", "main")


def counted(database: Path, schema: str) -> dict[str, int]:
    """Return how many rows of issues and messages a database holds."""
    with duckdb.connect(str(database), read_only=True) as connection:
        held = {name for (name,) in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
        connection.execute(f"USE {connection.execute('SELECT current_database()').fetchall()[0][0]}.{schema}")
        return {
            name: connection.execute(f"SELECT count(*) FROM {name}").fetchall()[0][0]
            for name in ("issues", "issue_messages")
            if name in held
        }
