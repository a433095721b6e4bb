"""What every way of reading a copy offers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import pyarrow as pa

BATCH_ROWS = 20_000


@dataclass(frozen=True)
class Most:
    """How much of an answer is wanted at most, whatever a statement gives.

    Args:
        rows: So many rows.
        size: So many bytes, about: reading ends after the row that goes past it.
    """

    rows: int
    size: int


@dataclass
class Result:
    """What a query returned, to be read once.

    Args:
        schema: The names and types of its columns.
        batches: Its rows.
        left_out: How many rows there are beyond those; ``None``: more than were counted.
    """

    schema: pa.Schema
    batches: Iterator[pa.RecordBatch]
    left_out: int | None = 0

    def table(self) -> pa.Table:
        """Return all of it."""
        import pyarrow as pa

        return pa.Table.from_batches(list(self.batches), self.schema)


class Reader(Protocol):
    """A copy that is open for reading.

    Args:
        dialect: Its SQL, by sqlglot's name.
        location: Which database it is, as users know it.
        schemas: Where names are looked up: the copy, the tables for analysis, and what those are made from.
        note: What whoever sees an answer should know, such as that it comes from a snapshot.
    """

    dialect: str
    location: str
    schemas: tuple[str, ...]
    note: str

    def ask(self, sql: str, values: Mapping[str, Any] | None = None, most: Most | None = None) -> Result:
        """Return what one SELECT gives; ``$name`` stands for a value, which is bound, never pasted.

        Where no more than so much is wanted, it may give less than all, and says how much; or more, as it comes.
        """

    def parts(self, sql: str) -> AbstractContextManager[Iterator[pa.Table]]:
        """Give the rows of one SELECT some thousand at a time: however many there are, no more are held in memory."""

    def stop(self) -> None:
        """Break off what is being asked, from another thread; nothing happens where a database cannot."""

    def tables(self) -> dict[str, list[str]]:
        """Return the names of the tables and views of each of ``schemas``."""

    def name(self, schema: str, table: str) -> str:
        """Return a table's name in full, quoted."""

    def powers(self) -> str:
        """Return what a statement could do here beyond reading a copy, as a sentence; "" for nothing that is known."""
