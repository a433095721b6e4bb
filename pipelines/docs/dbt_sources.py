"""Writes what the dbt package knows of the raw tables, from the catalogue: names, columns, types, descriptions."""

from __future__ import annotations

import json
from collections.abc import Iterator

from pylon_elt.sources.pylon.catalog import ALL_TABLES, Table
from pylon_elt.sources.zaia import catalog as zaia

HEAD = """\
# Written by `make docs` from the catalogue in sources/{desk}/.
version: 2
sources:
  - name: {desk}
    description: {description}
    database: "{{{{ var('pylon_database') or target.database }}}}"
    schema: "{{{{ var('{schema}') }}}}"
    tables:
"""
PYLON = HEAD.format(
    desk="pylon",
    description="The tables that `pylon run` keeps equal to the Pylon workspace.",
    schema="pylon_schema",
)
ZAIA = HEAD.format(
    desk="zaia",
    description="The tables that the source of Zaia keeps equal to its workspace.",
    schema="pylon_zaia_schema",
)
LOADS = (
    ("load_id", "text", "Identifies the load."),
    ("schema_name", "text", "The dlt schema that was loaded."),
    ("status", "bigint", "0 for a load that is complete."),
    ("inserted_at", "timestamp", "When the load was completed (UTC)."),
)
"""The columns of dlt's own table of loads that the package reads."""


def sources_file() -> str:
    """Return the text of ``analytics/models/staging/_sources.yml``."""
    return PYLON + "".join(_all())


def zaia_sources_file() -> str:
    """Return the text of ``analytics/models/staging/_zaia_sources.yml``."""
    tables = (zaia.TICKETS, zaia.CHATS, *zaia.CHILDREN, *zaia.DIRECTORY, zaia.CHAT_SYNC, zaia.DELETIONS)
    told = [_table(table.name, table.description, _zaia_columns(table)) for table in tables]
    return ZAIA + "".join((*told, _loads()))


def tables_macro() -> str:
    """Return the text of ``analytics/macros/raw_tables.sql``: each raw table, and the column that dates its rows."""
    rows = "".join(f"    '{table.name}': '{table.sort}',\n" for table in ALL_TABLES.values())
    return (
        "{# Written by `make docs`: each raw table, and the column that dates its rows. #}\n"
        f"{{% macro raw_tables() -%}}\n  {{{{ return({{\n{rows}  }}) }}}}\n{{%- endmacro %}}\n"
    )


def _all() -> Iterator[str]:
    for table in ALL_TABLES.values():
        yield _table(table.name, table.description, _columns(table))
    yield _loads()


def _loads() -> str:
    return _table("_dlt_loads", "The loads of dlt, one row each.", LOADS)


def _columns(table: Table) -> tuple[tuple[str, str, str], ...]:
    return tuple(
        (column.name, "json" if column.type == "urls" else column.type, column.description)
        for column in table.columns
    )


def _zaia_columns(table: zaia.Table) -> tuple[tuple[str, str, str], ...]:
    hints = zaia.hints(table)["columns"]
    return tuple((name, hint["data_type"], hint["description"]) for name, hint in hints.items())


def _table(name: str, description: str, columns: tuple[tuple[str, str, str], ...]) -> str:
    lines = [f"      - name: {name}", f"        description: {json.dumps(description)}", "        columns:"]
    for column, kind, told in columns:
        lines += [f"          - name: {column}", f"            data_type: {kind}"]
        lines += [f"            description: {json.dumps(told, ensure_ascii=False)}"]
    return "\n".join(lines) + "\n"
