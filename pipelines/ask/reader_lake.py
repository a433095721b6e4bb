"""Reads a DuckLake from a database in memory, which may reach nothing but its files, and cannot change it.

It is attached to be read only, and DuckDB then refuses what writes. What could still be done by a SELECT are some
functions of the extensions: they open any other file of SQLite (seen in 1.5.5), or remove files. These are refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from ..base import exits
from ..base.sql_text import literal
from ..copy import destinations, ducklake
from .reader import Most, Result
from .reader_duckdb import CLOSED, DuckDbReader

if TYPE_CHECKING:
    import dlt

_READING = (
    *("current_snapshot", "last_committed_snapshot", "list_files", "options", "settings", "snapshots"),
    *("table_changes", "table_deletions", "table_info", "table_insertions"),
)
"""What of ``ducklake_…`` only reads."""
_BEYOND = re.compile(
    rf"\b(?:(?:mysql|postgres|sqlite)_(?:attach|execute|query|scan)\w*|ducklake_(?!(?:{'|'.join(_READING)})\b)\w+"
    # which take a statement as a text, put together however one likes
    r"|query(?:_table)?(?=\"?\s*(?:\(|/\*|--)))",
    re.IGNORECASE,
)


class LakeReader(DuckDbReader):
    """A :class:`reader.Reader` of a DuckLake."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        lake: ducklake.Lake,
        location: str,
        schemas: tuple[str, ...],
    ) -> None:
        super().__init__(connection, Path(lake.name), schemas, "")
        self.catalog, self.location = lake.name, location

    @classmethod
    @contextmanager
    def attached(
        cls, pipeline: dlt.Pipeline, schemas: tuple[str, ...], *, still: bool = False
    ) -> Iterator[LakeReader]:
        """Attach the lake.

        Args:
            pipeline: The pipeline that fills it.
            schemas: Where names are looked up.
            still: Let all statements see it as the first one does, whatever is written meanwhile.
        """
        lake = ducklake.lake_of(pipeline)
        config = {**lake.config, "python_enable_replacements": False}
        with duckdb.connect(":memory:", config=config) as connection:
            connection.execute("SET TimeZone = 'UTC'")
            for statement in lake.attach():
                connection.execute(statement)
            reader = cls(connection, lake, destinations.location(pipeline), schemas)
            reader.look_up_names()
            for statement in (f"SET allowed_directories = [{literal(lake.files)}]", *CLOSED):
                connection.execute(statement)
            if still:
                connection.begin()
            yield reader

    def ask(self, sql: str, values: Mapping[str, Any] | None = None, most: Most | None = None) -> Result:
        """Return what one statement gives.

        Raises:
            Problem: It names a function that reaches beyond the lake, or changes it (exit code 2).
        """
        if found := _BEYOND.search(sql):
            raise exits.Problem(
                f"{found[0]} is not answered here: it may reach beyond the copy, or change it.",
                "Ask the tables themselves.",
                exits.USAGE,
            )
        return super().ask(sql, values, most)
