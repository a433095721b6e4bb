"""The least and the greatest text of each column, as a lake's catalog notes them: wider bounds take their place.

DuckLake widens these as rows come, and notes them anew only where it writes files of the table anew: a text whose file
goes as a whole would stay. Another hand cannot narrow them, since a client that is about to commit, or the rows of a
former state, may lie beyond. Nor can they be left out: DuckLake 1.0 then takes those of the next rows for those of all,
and passes over the others. Bounds that are wider are right whatever happens, and each file has bounds of its own.

A client that has the lake open while this is done may write back what it remembers; the next time takes it out again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .lake_state import Catalog

BOUNDS = {"varchar": ("", "\U0010ffff" * 4), "json": ("\t0", "{}")}
"""By type: a text than which hardly one is less, and one than which hardly one is greater; what is, stays as it is."""


def widen(catalog: Catalog) -> Iterator[tuple[str, tuple[object, ...]]]:
    """Return what puts wider bounds in the place of texts that no file has any more, as statements with their values.

    Each says what it replaces, so that it does nothing where another client was faster.
    """
    for table, column, kind, *known in catalog.bounds(BOUNDS):
        for name, bound, text in zip(("min_value", "max_value"), BOUNDS[kind], known, strict=True):
            if text is not None and (bound < text if name == "min_value" else text < bound):
                where = f"table_id = {table:d} AND column_id = {column:d} AND {name} = %s"
                sql = f"UPDATE :table_column_stats SET {name} = %s WHERE {where}"
                yield catalog.named(sql), (bound, text)
