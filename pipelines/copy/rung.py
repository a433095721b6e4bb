"""The issues for which a webhook has rung and that are yet to be read: on disk, so that no end of a process loses one.

They stand in the working folder of the copy. Whoever hears a ring adds to it; a run takes what is there, and takes it
away once the rows are committed. One that rings again meanwhile stays.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

from . import modes
from .destinations import PIPELINE

KEPT = 86_400 * 10**9
"""Nanoseconds after which an issue that could never be read is given up; the daily comparison finds what it missed."""
_PATIENCE = 10.0
_TABLE = "CREATE TABLE IF NOT EXISTS rung (id TEXT PRIMARY KEY, at INTEGER NOT NULL)"
_ADD = "INSERT INTO rung VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET at = excluded.at"


class Rung:
    """What has rung for one copy. An instance may be used from several threads, and several processes may have one.

    Args:
        folder: The working folder of the copy.
    """

    def __init__(self, folder: str | Path) -> None:
        self.file = Path(folder) / f"{PIPELINE}.rung.sqlite"

    def make(self, database: Path | None) -> None:
        """Make the file where there is none, for nobody who may not read the copy.

        Args:
            database: The DuckDB file of the copy; ``None`` for a server.

        Raises:
            OSError: It cannot be made there.
            sqlite3.Error: What is there is no such file.
        """
        modes.narrow(self.file.parent, database)
        with modes.narrowed(database), self._open() as connection:
            connection.execute(_TABLE)

    def add(self, issue: str) -> None:
        """Keep an issue's id, once however often it rings; it is on disk when this returns.

        Raises:
            sqlite3.Error: It could not be written.
        """
        with self._open() as connection:
            connection.execute(_ADD, [issue, time.time_ns()])

    def waiting(self) -> dict[str, int]:
        """Return the ids, the oldest ring first, each with when it rang last, in nanoseconds since 1970.

        Raises:
            sqlite3.Error: They cannot be read.
        """
        if not self.file.exists():
            return {}
        with self._open() as connection:
            connection.execute("DELETE FROM rung WHERE at < ?", [time.time_ns() - KEPT])
            return dict(connection.execute("SELECT id, at FROM rung ORDER BY at").fetchall())

    def done(self, taken: Mapping[str, int]) -> None:
        """Forget ids, as :meth:`waiting` returned them; those that have rung since stay.

        Raises:
            sqlite3.Error: It could not be written.
        """
        if taken:
            with self._open() as connection:
                connection.executemany("DELETE FROM rung WHERE id = ? AND at = ?", list(taken.items()))

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self.file, timeout=_PATIENCE)) as connection:
            connection.execute("PRAGMA synchronous = EXTRA")
            with connection:
                yield connection
