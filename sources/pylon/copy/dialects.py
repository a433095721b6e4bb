"""What a copy needs of MySQL, MariaDB and SQLite beyond what dlt's SQLAlchemy destination makes of them.

dlt lets a process say more of a dialect, for all of its pipelines; what is said here is of the tables of a copy and of
dlt's own only, and those of other sources stay as they are.

- Texts of any length: dlt's ``TEXT`` holds 64 KB in MySQL, and its own schema is longer than that.
- Texts that are equal only where they are the same, whatever the server's default is: by that of most servers,
  ``a`` is ``A`` and ``a `` is ``a``, so that a merge would replace the rows of others. And all of Unicode.
- JSON as the text that it came as. dlt would encode that text once more. In MariaDB a column of the type ``JSON`` is a
  text as well, but one that refuses what is nested 32 deep (seen in 10.11), and in SQLite numbers are made there of
  what looks like one; the functions for JSON of both read texts.
- Indexes by which a merge finds what it replaces: MariaDB would compare each row with each.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from dlt.common.json import json
from dlt.destinations.impl.sqlalchemy import dialect as dlt_dialect
from dlt.destinations.impl.sqlalchemy.type_mapper import MysqlVariantTypeMapper, SqlalchemyTypeMapper
from sqlalchemy.dialects.mysql import LONGTEXT

from ..catalog import ALL_TABLES

PREFIX = 128
"""So many characters of a key are in its index; keys are shorter than that as a rule, and may be longer."""
COLLATIONS = {True: "utf8mb4_nopad_bin", False: "utf8mb4_0900_bin"}
"""Under which texts are equal only where they are the same, of MariaDB and of MySQL (8.0.17)."""
_OURS = ("_dlt_", "_pylon_")


def _is_ours(table: Any) -> bool:
    name = str((table or {}).get("name", ""))
    return name in ALL_TABLES or name.startswith(_OURS)


class LongText(sa.types.TypeDecorator[Any]):
    """A text of any length, all of Unicode; what is no text yet is written as JSON."""

    impl = sa.Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Any) -> Any:
        """Return the type of a server, which is known once there is a connection."""
        if dialect.name not in ("mysql", "mariadb"):
            return dialect.type_descriptor(sa.Text())
        mariadb = dialect.name == "mariadb" or bool(getattr(dialect, "is_mariadb", False))
        return dialect.type_descriptor(LONGTEXT(charset="utf8mb4", collation=COLLATIONS[mariadb]))

    def process_bind_param(self, value: Any, dialect: Any) -> Any:  # noqa: ARG002 - SQLAlchemy's signature
        """Return what is written."""
        return value if value is None or isinstance(value, str) else json.dumps(value)


class _Texts(SqlalchemyTypeMapper):
    """Makes texts of what is text and of what is JSON."""

    def db_type_from_text_type(self, column: Any, table: Any) -> Any:
        return LongText() if _is_ours(table) else super().db_type_from_text_type(column, table)

    def db_type_from_json_type(self, column: Any, table: Any) -> Any:
        return LongText() if _is_ours(table) else super().db_type_from_json_type(column, table)


class _MySqlTypes(_Texts, MysqlVariantTypeMapper):
    pass


class _Sqlite(dlt_dialect.SqliteDialectCapabilities):
    def type_mapper_class(self) -> Any:
        return _Texts


class _MySql(dlt_dialect.MysqlDialectCapabilities):
    def type_mapper_class(self) -> Any:
        return _MySqlTypes

    def adapt_table(self, table: sa.Table, table_schema: Any) -> sa.Table:  # noqa: ARG002 - dlt's signature
        """Add an index for each column by which a merge looks for rows."""
        known = {index.name for index in table.indexes}
        for name in _looked_for(table.name):
            column = table.columns.get(name)
            if column is not None and isinstance(column.type, LongText) and f"by_{name}" not in known:
                sa.Index(f"by_{name}", column, mysql_length=PREFIX, mariadb_length=PREFIX)
        return table


def _looked_for(table: str) -> list[str]:
    known = ALL_TABLES.get(table)
    return sorted({*known.key, known.parent} - {"", None}) if known else []  # type: ignore[arg-type]


def register() -> None:
    """Say so to dlt; more than once is as good as once."""
    for name, kind in {"sqlite": _Sqlite, "mysql": _MySql, "mariadb": _MySql}.items():
        dlt_dialect.register_dialect_capabilities(name, kind)
