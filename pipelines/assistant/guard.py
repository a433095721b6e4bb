"""A SELECT over a copy of which something is hidden: names mean views without it, and nothing else can be named.

How DuckDB itself understands a statement decides, not how we do: it is asked for the tree of the statement
(``json_serialize_sql``), and each table in the tree must be one of the views. A view gives null for the texts of the
rows that it leaves out, too: DuckDB may try a condition of the statement on a row before it leaves the row out,
and tell the value in an error.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import gettempdir
from typing import TYPE_CHECKING, Any

from ..ask.reader import Reader
from ..ask.reader_duckdb import DuckDbReader
from ..base import exits
from ..base.desk import command
from ..base.sql_text import literal, quoted
from .hidden import KEYS, Hidden

if TYPE_CHECKING:
    import duckdb

MEMORY = ("SET memory_limit = '2GB'", "SET max_temp_directory_size = '8GB'")
"""What one answer may take of the machine: whoever writes a ticket may talk an assistant into a large one."""
SPILLED = "spilled"
"""The folder, in the one for temporary files, for what does not fit: DuckDB's own is where the server was started."""
_PLACES = frozenset(
    {"BASE_TABLE", "SUBQUERY", "JOIN", "EMPTY", "EMPTY_FROM", "EXPRESSION_LIST", "CTE", "TABLE_FUNCTION"}
)
"""What rows may come from."""
_FUNCTIONS = frozenset({"range", "generate_series", "unnest", "json_each", "json_tree", "repeat_row"})
"""The functions whose rows are made of their arguments alone."""


@dataclass(frozen=True)
class Views:
    """What can be named, by schema; names without a schema are looked for in each, in this order."""

    tables: Mapping[str, frozenset[str]]
    reserved: frozenset[str]
    """Names of DuckDB's own views, which a WITH must not take."""


def bound(connection: duckdb.DuckDBPyConnection) -> None:
    """Let what is asked over a connection take so much of the machine."""
    for statement in MEMORY:
        connection.execute(statement)
    connection.execute(f"SET temp_directory = {literal(str(Path(gettempdir()) / SPILLED))}")


def cover(reader: DuckDbReader, hidden: Hidden, known: frozenset[str]) -> Views:
    """Make views of the tables of a copy, and let names mean those; to be done before the connection is closed to it.

    Args:
        reader: The copy.
        hidden: What of it is left out.
        known: The tables that are shown at all.
    """
    tables: dict[str, frozenset[str]] = {}
    for schema, names in shown(reader, hidden, known).items():
        make_schema(reader, schema)
        columns = _columns(reader, schema)
        tables[schema] = frozenset(
            name for name in names if _make(reader, schema, name, columns[name], hidden)
        )
    return only(reader, tables)


def shown(reader: Reader, hidden: Hidden, known: frozenset[str]) -> dict[str, frozenset[str]]:
    """Return the tables of which something may be seen, by schema; the arguments are those of :func:`cover`."""
    there = reader.tables()
    return {
        schema: frozenset(name for name in there[schema] if name in known and not hidden.table(name))
        for schema in reader.schemas[:2]
    }


def make_schema(reader: DuckDbReader, schema: str) -> None:
    """Make the place in memory for what may be seen of a schema."""
    reader.connection.execute(f"CREATE SCHEMA IF NOT EXISTS memory.{quoted(schema)}")


def only(reader: DuckDbReader, tables: Mapping[str, frozenset[str]]) -> Views:
    """Let names mean what is in memory in some schemas, and return what can be named."""
    path = ",".join(f"memory.{quoted(schema)}" for schema in tables)
    reader.connection.execute(f"SET search_path = {literal(path)}")
    own = reader.connection.execute("SELECT view_name FROM duckdb_views() WHERE internal").fetchall()
    return Views(tables, frozenset(name.lower() for (name,) in own))


def _columns(reader: DuckDbReader, schema: str) -> dict[str, list[str]]:
    found = reader.connection.execute(
        "SELECT table_name, list(column_name ORDER BY column_index) FROM duckdb_columns()"
        " WHERE database_name = ? AND schema_name = ? GROUP BY 1",
        [reader.catalog, schema],
    ).fetchall()
    return dict(found)


def _make(reader: DuckDbReader, schema: str, table: str, columns: list[str], hidden: Hidden) -> bool:
    """Make the view of a table, and say whether it has a column left."""
    if what := visible(reader, schema, table, columns, hidden):
        reader.connection.execute(f"CREATE VIEW memory.{quoted(schema)}.{quoted(table)} AS {what}")
    return bool(what)


def visible(reader: Reader, schema: str, table: str, columns: Sequence[str], hidden: Hidden) -> str:
    """Return a SELECT of what may be seen of a table; "" where no column of it may."""
    left = [name for name in columns if not hidden.column(table, name)]
    condition = hidden.rows(table)
    picked = ", ".join(_picked(name, condition) for name in left)
    where = f" WHERE NOT ({condition})" if condition else ""
    return f"SELECT {picked} FROM {reader.name(schema, table)}{where}" if left else ""


def _picked(column: str, condition: str) -> str:
    name = quoted(column)
    if not condition or column in KEYS:
        return name
    return f"CASE WHEN {condition} THEN NULL ELSE {name} END AS {name}"


def require_visible(reader: DuckDbReader, sql: str, views: Views) -> None:
    """Make sure that a statement names nothing but the views.

    Raises:
        Problem: It does, or it is no SELECT (exit code 2).
    """
    tree = _tree(reader, sql)
    if tree.get("error") and tree.get("error_type") != "parser":
        raise _only_select()
    if tree.get("error"):
        return  # what is wrong with it, the database says with the place
    if len(tree["statements"]) != 1:
        raise _only_select()
    nodes = list(_nodes(tree))
    names = {str(name).lower() for node in nodes for name in _named(node)}
    if taken := names & views.reserved:
        raise _refused(f"WITH {min(taken)}")
    for node in nodes:
        _require(node, views, names)


def named(reader: DuckDbReader, sql: str) -> frozenset[str]:
    """Return what the tables of a statement are called, in small letters; whether there are such is not asked."""
    nodes = _nodes(_tree(reader, sql))
    return frozenset(str(node["table_name"]).lower() for node in nodes if node.get("type") == "BASE_TABLE")


def _tree(reader: DuckDbReader, sql: str) -> Any:
    ((tree,),) = reader.connection.execute("SELECT json_serialize_sql(?::VARCHAR)", [sql]).fetchall()
    return json.loads(tree)


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            yield node
            waiting += node.values()
        elif isinstance(node, list):
            waiting += node


def _named(node: dict[str, Any]) -> Iterator[str]:
    """Yield what a WITH calls its parts."""
    names = node.get("cte_map")
    if isinstance(names, dict):
        yield from (each["key"] for each in names.get("map", ()))
    if isinstance(node.get("cte_name"), str):
        yield node["cte_name"]


def _require(node: dict[str, Any], views: Views, names: set[str]) -> None:
    kind = node.get("type")
    if "table_name" in node and kind != "BASE_TABLE":
        raise _only_select()
    if kind == "BASE_TABLE":
        _require_table(node, views, names)
    elif _is_place(node) and kind not in _PLACES:
        raise _only_select()
    elif kind == "TABLE_FUNCTION":
        called = node.get("function") or {}
        name = str(called.get("function_name", "")).lower()
        if name not in _FUNCTIONS:
            raise _refused(f"{name}()")
    elif "function_name" in node and (node.get("schema") or node.get("catalog")):
        raise _refused(f"{node.get('schema') or node.get('catalog')}.{node['function_name']}()")


def _is_place(node: dict[str, Any]) -> bool:
    """Whether a part of the tree is something that rows come from."""
    return "class" not in node and {"alias", "sample", "query_location"} <= node.keys()


def _require_table(node: dict[str, Any], views: Views, names: set[str]) -> None:
    schema, table = str(node.get("schema_name", "")), str(node.get("table_name", ""))
    path = (node.get("qualified_name") or {}).get("path") or []
    if node.get("catalog_name") or len(path) > 2:
        raise _refused(".".join(map(str, path)) or table)
    if not schema and table.lower() in names:
        return
    within = {
        name.lower() for place, tables in views.tables.items() for name in tables
        if not schema or place.lower() == schema.lower()
    }  # fmt: skip
    if table.lower() not in within:
        raise _refused(f"{schema}.{table}" if schema else table)


def _only_select() -> exits.Problem:
    return exits.Problem(
        "Only one SELECT or WITH is answered here, while something of the copy is left out.",
        "The tool describe tells of tables and columns.",
        exits.USAGE,
    )


def _refused(what: str) -> exits.Problem:
    return exits.Problem(
        f"{what} cannot be named here: there is no such table, or it is left out of what this server shows.",
        "The tool describe lists the tables; name them as table or schema.table. What is left out, whoever starts the"
        f" server decides: {command('mcp')} --help",
        exits.USAGE,
    )
