"""What the rows of each part of a table are, told by checksums: of the copy and of the published table alike.

A checksum is of a row's key and version, or of all that it holds, and does not depend on the order of rows. Both sides
are summed in one process by one DuckDB, so that no checksum is ever stored, and none depends on a version. That two
different parts have one sum is as likely as 1 in 2**64.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Self

import duckdb
import pyarrow as pa

from ..base.sql_text import quoted
from .cuts import Cut, Part


@dataclass(frozen=True, slots=True)
class Digest:
    """Some rows: how many there are, and the sum of their checksums."""

    rows: int = 0
    total: int = 0

    def __add__(self, other: Digest) -> Digest:
        return Digest(self.rows + other.rows, self.total + other.total)


Digests = Mapping[Part, Digest]
"""By part; a part without rows is not there."""


class Summing:
    """Sums up rows, as they come."""

    def __init__(self) -> None:
        self._connection = duckdb.connect(":memory:")
        self._connection.execute("SET TimeZone = 'UTC'")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def whole(self, rows: pa.Table) -> Digest:
        """Return the digest of rows that are all of one part."""
        ((number, total),) = self._ask(f"SELECT count(*), sum({_hash(rows)}) FROM rows", rows).fetchall()
        return Digest(number, int(total or 0))

    def by_part(self, tables: Iterable[pa.Table], cut: Cut | None) -> dict[Part, Digest]:
        """Return the digests of rows by the part that they belong to."""
        found: dict[Part, Digest] = defaultdict(Digest)
        for rows in tables:
            part = cut.of(quoted(cut.column)) if cut else "NULL"
            sql = f"SELECT {part}, count(*), sum({_hash(rows)}) FROM rows GROUP BY 1"
            for where, number, total in self._ask(sql, rows).fetchall():
                found[where] += Digest(number, int(total))
        return dict(found)

    def among(self, rows: pa.Table, cut: Cut | None, part: Part) -> pa.Table:
        """Return those rows that belong to a part."""
        if cut is None:
            return rows
        belongs = f"{cut.of(quoted(cut.column))} IS NOT DISTINCT FROM {_literal(part)}"
        found = self._ask(f"SELECT {belongs} FROM rows", rows).fetchall()
        return rows.filter(pa.array([does for (does,) in found], pa.bool_()))

    def _ask(self, sql: str, rows: pa.Table) -> duckdb.DuckDBPyConnection:
        self._connection.register("rows", rows)
        return self._connection.execute(sql)


def _hash(rows: pa.Table) -> str:
    return f"hash({', '.join(quoted(name) for name in sorted(rows.column_names))})::HUGEINT"


def _literal(part: Part) -> str:
    if part is None:
        return "NULL"
    text = str(part).replace("'", "''")
    return f"'{text}'" if isinstance(part, str) else text
