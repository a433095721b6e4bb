"""A table of the copy, as ``publish`` reads it: typed, and never more of it in memory than some thousand rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa

from ..ask.reader import Reader
from ..base.desk import Described
from ..base.sql_text import quoted
from ..many.union_sql import OWN
from . import shape
from .cuts import CUTS, Cut, Part
from .digests import Digests, Summing
from .shape import Shape

SYNCED_AT = "_synced_at"
"""Tells that another reading of a row was stored; where it is not there, all columns are compared."""
LOADED_BY = "_dlt_load_id"
_FILTERED = ("duckdb", "postgres")
"""The dialects in which the database itself leaves out what is of other parts."""


@dataclass(frozen=True)
class Source:
    """One table of the copy, or of the tables for analysis.

    Args:
        reader: The copy, as it is at one moment.
        schema: Where the table is.
        table: What it is called.
        shape: Its columns.
        key: The columns by which its rows are told from each other; none: that is not known.
    """

    reader: Reader
    schema: str
    table: str
    shape: Shape
    key: tuple[str, ...] = ()

    @property
    def cut(self) -> Cut | None:
        """How the published table is cut."""
        found = CUTS.get(self.table)
        return found if found and found.column in self.shape.schema.names else None

    @property
    def compared(self) -> tuple[str, ...]:
        """The columns by which two states of a row differ.

        With a key and ``_synced_at`` these are both, the load, and whatever is short: times, numbers and truth values.
        Texts need not be read then, which are nearly all of a table.
        """
        names = self.shape.schema.names
        if not self.key or SYNCED_AT not in names or not set(self.key) <= set(names):
            return tuple(names)
        short = [one.name for one in self.shape.schema if not pa.types.is_string(one.type)]
        wanted = {*self.key, *short, LOADED_BY, OWN, *((self.cut.column,) if self.cut else ())}
        return tuple(name for name in names if name in wanted)

    def digests(self, summing: Summing) -> Digests:
        """Return what the table holds, by part."""
        wanted = self.shape.only(self.compared)
        columns = ", ".join(self._name(name) for name in self.compared)
        with self.reader.parts(f"SELECT {columns} FROM {self._from}") as parts:
            return summing.by_part((shape.conform(one, wanted) for one in parts), self.cut)

    def rows(self, part: Part, summing: Summing) -> Iterator[pa.Table]:
        """Yield the rows of a part, some thousand at a time."""
        sql = f"SELECT * FROM {self._from}"
        if self.cut and self.reader.dialect in _FILTERED:
            sql += f" WHERE {self.cut.where(self._name(self.cut.column), part)}"
        with self.reader.parts(sql) as parts:
            for one in parts:
                if (rows := summing.among(shape.conform(one, self.shape.schema), self.cut, part)).num_rows:
                    yield rows

    @property
    def _from(self) -> str:
        return self.reader.name(self.schema, self.table)

    def _name(self, column: str) -> str:
        return (
            self.reader.name("", column).rpartition(".")[2]
            if self.reader.dialect == "mysql"
            else quoted(column)
        )


def of(reader: Reader, schema: str, table: str, described: Described | None) -> Source:
    """Return a table as it can be read.

    Args:
        reader: The copy.
        schema: Where the table is.
        table: What it is called.
        described: What the catalogue says of it, if it does.

    Raises:
        Problem: It has a column that cannot be published.
    """
    key = described.key if described else ()
    return Source(reader, schema, table, _shape(reader, schema, table, described), key)


def _shape(reader: Reader, schema: str, table: str, described: Described | None) -> Shape:
    descriptions = described.told if described else {}
    if reader.dialect == "postgres":
        found = reader.ask(
            "SELECT column_name::text, data_type::text FROM information_schema.columns"
            " WHERE table_schema = $place AND table_name = $its ORDER BY ordinal_position",
            {"place": schema, "its": table},
        ).table()
        columns = [(str(one["column_name"]), str(one["data_type"])) for one in found.to_pylist()]
        return shape.by_postgres(columns, descriptions)
    given = reader.ask(f"SELECT * FROM {reader.name(schema, table)} WHERE 1 = 0").schema
    if reader.dialect == "duckdb":
        return shape.by_arrow(given, descriptions)
    return shape.by_catalogue(given.names, described.types if described else {}, descriptions)
