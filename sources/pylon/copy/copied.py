"""What the copy holds, read with SQL that all destinations understand alike."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import nullcontext
from copy import copy
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self, TypeVar

from dlt.destinations.exceptions import (
    DatabaseException,
    DatabaseTerminalException,
    DatabaseUndefinedRelation,
)
from dlt.destinations.sql_client import WithSchemas

from ..catalog import Table
from .connections import Connections
from .values import bound
from .values import utc as utc  # noqa: PLC0414 - who reads a copy needs it

if TYPE_CHECKING:
    import dlt
    from dlt.destinations.sql_client import SqlClientBase

IDS_PER_QUERY = 500
IDS_PER_LIST = 10_000
"""So many ids at a time where a list of them can be bound: each query looks through the whole table."""
_LISTS = ("duckdb", "postgres")
"""The dialects in which it can."""
ROWS_AT_ONCE = 10_000

NAME = re.compile(r"\{(?:(\w*)\.)?(\w+)\}")
"""A name in a query: the alias, if it has one, and the name itself."""

T = TypeVar("T")

_SQLITE = (
    "SELECT m.name, c.name FROM {}.sqlite_master AS m"
    " JOIN pragma_table_info(m.name, %s) AS c WHERE m.type = 'table'"
)
"""Lists columns where there is no information schema."""


class Copied:
    """Reads a copy through the pipeline's own SQL client; a table that is not there has no rows.

    In the queries, ``{table}``, ``{alias.column}`` and ``{.column}`` stand for names, quoted as the destination wants
    them, and each ``%s`` for a value.

    One is opened where a run begins and closed where it ends; between the two, the database is connected to once.
    Without being opened it connects at the first query. It need not hold anything yet, nor even be there.

    Args:
        pipeline: The pipeline whose destination holds the copy.
    """

    def __init__(self, pipeline: dlt.Pipeline) -> None:
        self._connections = Connections(pipeline)
        self._dataset = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def open(self) -> None:
        """Connect, if that has not been done.

        Raises:
            DestinationConnectionError: The destination cannot be reached, or another program has its file.
        """
        self._connections.open()

    def close(self) -> None:
        """Let go of the database; the next query connects again."""
        self._connections.close()

    def datasets(self) -> tuple[str, str]:
        """Return the names, as the destination has them, of the dataset and of dlt's staging dataset for it."""
        return self._ask(lambda client: (client.dataset_name or "", client.staging_dataset_name or ""))

    def database(self) -> str:
        """Return how the database is called in the configuration: DuckDB's by its path, or ``md:`` and a name."""
        return self._ask(lambda client: str(getattr(client.credentials, "database", "") or ""))

    def dialect(self) -> str:
        """Return how the destination's SQL is called, as sqlglot does; \"\" where that is not known."""
        return self._ask(lambda client: client.capabilities.sqlglot_dialect or "")

    def neighbour(self, dataset: str) -> Copied:
        """Return another dataset of the same database, to be read over the same connections."""
        other = copy(self)
        other._dataset = dataset  # noqa: SLF001 - of this class
        return other

    def select(self, sql: str, *values: Any, most: int | None = None) -> list[tuple[Any, ...]]:
        """Run a query and return its rows, at most ``most``."""
        return self._run(sql, values, lambda rows: rows.fetchmany(most) if most else rows.fetchall()) or []

    def select_in(self, sql: str, ids: Sequence[str]) -> list[tuple[Any, ...]]:
        """Run a query that ends in ``IN``, for some ids at a time, and return the rows of all."""
        asked = _in_list if len(ids) > IDS_PER_QUERY and self.dialect() in _LISTS else _in_marks
        return [row for query, values in asked(sql, ids) for row in self.select(query, *values)]

    def gather(self, take: Callable[[Iterable[tuple[Any, ...]]], T], sql: str, *values: Any) -> T:
        """Run a query and return what ``take`` makes of its rows, which it gets one by one: all may be a million."""
        found: T | None = self._run(sql, values, lambda cursor: take(_one_by_one(cursor)))
        return take(()) if found is None else found

    def execute(self, sql: str, *values: Any) -> None:
        """Run a statement that gives no rows and may be run twice, such as ``CHECKPOINT``."""
        self._ask(lambda client: client.execute_sql(_named(client, sql), *bound(client, values)))

    def change(self, statements: Sequence[str]) -> None:
        """Run statements that may be run twice, in one transaction where the destination has such."""

        def run(client: SqlClientBase[Any]) -> None:
            with client.begin_transaction() if _has_transactions(client) else nullcontext():
                for sql in statements:
                    client.execute_sql(_named(client, sql))

        self._ask(run)

    def holds(self, table: str) -> bool:
        """Whether there is such a table."""
        sql = f"SELECT 1 FROM {{{table}}} AS t WHERE 1 = 0"
        return self._run(sql, (), lambda cursor: cursor.fetchall()) is not None

    def tables(self, names: Collection[str]) -> set[str]:
        """Return which of some tables there are, with one query where the destination lists its tables."""
        try:
            return self._ask(lambda client: _listed(client, names))
        except (DatabaseException, NotImplementedError):
            return {name for name in names if self.holds(name)}

    def columns(self, *, staging: bool = False) -> dict[str, set[str]] | None:
        """Return the names of all columns by table, both folded; ``None``: the destination does not list them.

        Args:
            staging: Ask for the tables through which dlt loads, instead of those of the copy.
        """
        try:
            return self._ask(lambda client: _of_dataset(client, _columns, staging=staging))
        except (DatabaseException, NotImplementedError):
            return None

    def has(self, table: str, columns: Iterable[str]) -> bool:
        """Whether a table has some columns."""
        names = ", ".join(f"{{t.{column}}}" for column in columns)
        try:
            return self._run(f"SELECT {names} FROM {{{table}}} AS t WHERE 1 = 0", (), list) is not None
        except DatabaseTerminalException:
            return False

    def forget_schema(self, *, schema: str = "pylon", staging: bool = False) -> None:
        """Have dlt look with its next load whether a schema's tables are there, or those through which it loads."""

        def forget(client: SqlClientBase[Any]) -> None:
            client.execute_sql(_named(client, "DELETE FROM {_dlt_version} WHERE {.schema_name} = %s"), schema)

        self._ask(lambda client: _of_dataset(client, forget, staging=staging))

    def rows(self, table: Table, column: str, values: Sequence[str]) -> Iterator[dict[str, Any]]:
        """Return the rows of a table in which a column has one of some values, each as ``{column: value}``.

        A column that the catalogue has and the table has not yet is left out.
        """
        for some in chunks(values):
            sql = f"SELECT t.* FROM {{{table.name}}} AS t WHERE {{t.{column}}} IN {marks(some)}"
            yield from self._run(sql, some, _dicts) or []

    def between(self, table: Table, column: str, first: datetime, last: datetime) -> Iterator[dict[str, Any]]:
        """Return the rows of a table in which a time lies between two instants, both included."""
        sql = f"SELECT t.* FROM {{{table.name}}} AS t WHERE {{t.{column}}} >= %s AND {{t.{column}}} <= %s"
        yield from self._run(sql, (first, last), _dicts) or []

    def _run(self, sql: str, values: Sequence[Any], fetch: Callable[[Any], Any]) -> Any:
        def query(client: SqlClientBase[Any]) -> Any:
            with client.execute_query(_named(client, sql), *bound(client, values)) as cursor:
                return fetch(cursor)

        try:
            return self._ask(query)
        except DatabaseUndefinedRelation:
            return None

    def _ask(self, query: Callable[[SqlClientBase[Any]], T]) -> T:
        def there(client: SqlClientBase[Any]) -> T:
            with client.with_alternative_dataset_name(self._dataset):
                return query(client)

        return self._connections.ask(there if self._dataset else query)


def _has_transactions(client: SqlClientBase[Any]) -> bool:
    """Whether there are transactions; of Postgres, dlt says only that it defines tables in them."""
    return bool(client.capabilities.supports_transactions or client.capabilities.supports_ddl_transactions)


def chunks(ids: Sequence[str], size: int = IDS_PER_QUERY) -> Iterator[Sequence[str]]:
    """Return so many ids at a time as one query takes."""
    for start in range(0, len(ids), size):
        yield ids[start : start + size]


def _in_marks(sql: str, ids: Sequence[str]) -> Iterator[tuple[str, Sequence[Any]]]:
    for some in chunks(ids):
        yield f"{sql} {marks(some)}", some


def _in_list(sql: str, ids: Sequence[str]) -> Iterator[tuple[str, Sequence[Any]]]:
    for some in chunks(ids, IDS_PER_LIST):
        yield f"{sql} (SELECT unnest(%s))", [list(some)]


def marks(some: Sequence[str]) -> str:
    """Return the marks to which so many ids are bound, in brackets."""
    return f"({', '.join(['%s'] * len(some))})"


def _one_by_one(cursor: Any) -> Iterator[tuple[Any, ...]]:
    while rows := cursor.fetchmany(ROWS_AT_ONCE):
        yield from rows


def _listed(client: SqlClientBase[Any], names: Collection[str]) -> set[str]:
    """Return which of some tables a destination lists.

    Raises:
        DatabaseException: It has no such list, as SQLite.
        NotImplementedError: It makes its tables only when they are asked for, as files that DuckDB reads.
    """
    rows, spelt = _information(client, "TABLES", "table_name", names)
    found = {row[0] for row in rows}
    return {name for name, its in zip(names, spelt, strict=True) if its in found}


def _columns(client: SqlClientBase[Any]) -> dict[str, set[str]]:
    """Return the names of all columns by table; raises as :func:`_listed`."""
    found = defaultdict[str, set[str]](set)
    if client.capabilities.sqlglot_dialect == "sqlite":
        rows = client.execute_sql(_SQLITE.format(client.fully_qualified_dataset_name()), client.dataset_name)
    else:
        rows, _ = _information(client, "COLUMNS", "table_name, column_name")
    for table, column in rows or ():
        found[table.casefold()].add(column.casefold())
    return found


def _information(
    client: SqlClientBase[Any], about: str, what: str, names: Collection[str] = ()
) -> tuple[Sequence[Sequence[Any]], Sequence[str]]:
    """Return what a dataset's information schema holds, and how some names are spelt in it."""
    if isinstance(client, WithSchemas):
        raise NotImplementedError
    catalog, schema, spelt = client._get_information_schema_components(*names)  # noqa: SLF001 - dlt's own way, which
    listing = client._qualify_info_schema_table_name(about)  # noqa: SLF001 - each of its destinations overrides
    where, values = ("table_catalog = %s AND ", [catalog]) if catalog else ("", [])
    sql = f"SELECT {what} FROM {listing} WHERE {where}table_schema = %s"
    return client.execute_sql(sql, *values, schema) or [], spelt


def _of_dataset(client: SqlClientBase[Any], ask: Callable[[SqlClientBase[Any]], T], *, staging: bool) -> T:
    """Ask about the copy, or about the dataset beside it through which dlt loads."""
    with client.with_staging_dataset() if staging else nullcontext():
        return ask(client)


def _dicts(cursor: Any) -> list[dict[str, Any]]:
    names = [name.lower() for name in cursor._get_columns()]  # noqa: SLF001
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _named(client: SqlClientBase[Any], sql: str) -> str:
    def name(found: re.Match[str]) -> str:
        alias, word = found.groups()
        if alias is None:
            return client.make_qualified_table_name(word)
        column = client.escape_column_name(word)
        return f"{alias}.{column}" if alias else column

    return NAME.sub(name, sql)
