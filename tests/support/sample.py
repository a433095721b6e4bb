"""A copy of a small sample workspace with its tables for analysis, the same on every day and machine."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from support import zaia_sample
from support.commands import Commands
from support.marts import dbt, duckdb_profile

from pylon_elt import emulator
from pylon_elt.sources.pylon.catalog import ALL_TABLES, EXTRA, SYNCED_AT, Table
from pylon_elt.sources.pylon.rows.masking import masks
from pylon_elt.sources.pylon.rows.rows import REMOVED, to_arrow

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
"""When the workspace was copied."""
ISSUES, SEED = 400, 7
NAMESAKES = {"Quartz Ltd": "Northwind Inc"}
"""What an account is called, and one that is called so too."""

RECORDED = """
INSERT INTO issue_snapshots BY NAME
SELECT id || '/' || n AS id, id AS issue_id, $1::TIMESTAMPTZ - to_days(n * 20) AS recorded_at, tags, custom_fields,
    CASE WHEN n = 0 OR updated_at < recorded_at THEN state ELSE ['new', 'on_hold', state][1 + (hash(id, n) % 3)::INT] END
        AS state,
    CASE WHEN n = 0 OR hash(id, n) % 4 > 0 THEN team_id END AS team_id, assignee_id
FROM issues, range(0, 4) AS earlier (n) WHERE created_at <= $1::TIMESTAMPTZ - to_days(n * 20)
"""
"""What runs would have recorded every twentieth day."""


def make(commands: Commands, folder: Path) -> Path:
    """Make ``support.duckdb`` in a folder: copies in ``pylon`` and ``zaia``, what dbt builds in ``pylon_analytics``."""
    database = folder / "support.duckdb"
    copy(database)
    build(commands, database)
    return database


def copy(database: Path, issues: int = ISSUES) -> None:
    """Write the tables as the source would, without asking anybody."""
    stopped = datetime.now(UTC)
    world = emulator.World.seeded(seed=SEED, issues=issues, years=1.0, now=NOW, clock=lambda: stopped)
    truth = world.snapshot()
    with duckdb.connect(str(database)) as connection:
        connection.execute("SET TimeZone = 'UTC'; CREATE SCHEMA pylon; SET schema = 'pylon'")
        for name, table in ALL_TABLES.items():
            rows = _arrow(table, truth.get(name, []))
            connection.register("incoming", rows)
            json_columns = [column.name for column in table.columns if column.type in ("json", "urls")]
            casts = ", ".join(f'"{column}"::JSON AS "{column}"' for column in json_columns)
            replace = f"REPLACE ({casts})" if casts else ""
            connection.execute(f"CREATE TABLE {name} AS SELECT * {replace} FROM incoming")
            connection.unregister("incoming")
        connection.execute("""INSERT INTO issue_sync BY NAME
            SELECT id AS issue_id, unnest(['issue_messages', 'issue_threads', 'issue_followers']) AS child,
                updated_at AS issue_updated_at, _synced_at AS synced_at FROM issues""")
        connection.execute(RECORDED, [NOW])
        connection.execute(
            "CREATE TABLE _dlt_loads AS SELECT '1' AS load_id, 'pylon' AS schema_name, 0 AS status, ? AS inserted_at",
            [NOW],
        )
        for name, other in NAMESAKES.items():
            connection.execute("UPDATE accounts SET name = ? WHERE name = ?", [name, other])
        zaia_sample.copy(connection, NOW)


def build(commands: Commands, database: Path) -> None:
    """Let dbt build the tables for analysis in a copy."""
    done = dbt(commands, "--quiet", "run", folder=database.parent, profile=duckdb_profile(database))
    assert done.code == 0, done.text


def _arrow(table: Table, rows: list[dict[str, Any]]) -> pa.Table:
    given: dict[str, Any] = {
        column.name: [row.get(column.name) for row in rows]
        for column in table.columns
        if column.given and column is not EXTRA
    }
    given[SYNCED_AT.name] = NOW - timedelta(minutes=1)
    return to_arrow(table, rows, given, masks(None, None)).drop_columns([REMOVED])
