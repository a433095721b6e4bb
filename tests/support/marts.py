"""A copy with the tables that dbt built from it, and dbt itself."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from .commands import Commands, Result
from .repository import ROOT

PACKAGE = ROOT / "analytics"
SCHEMAS = ("pylon_analytics", "pylon_analytics_staging")
MARTS = ("pylon__", "support__")
"""What the names of the tables meant for users begin with."""
GONE = 40
"""The number of an issue that is deleted between the run and the build."""


@dataclass
class Built:
    """A copy with its marts."""

    folder: Path
    told: Mapping[str, Any]
    """What ``pylon transform --json`` printed."""
    tables: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    @property
    def database(self) -> Path:
        return self.folder / "support.duckdb"

    def ask(self, query: str) -> list[dict[str, Any]]:
        """Return the rows of a query; tables are named with their schema."""
        with duckdb.connect(str(self.database), read_only=True) as connection:
            connection.execute("SET TimeZone = 'UTC'; USE pylon_analytics")
            found = connection.execute(query)
            names = [column[0] for column in found.description]
            return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    def rows(self, table: str) -> list[dict[str, Any]]:
        """Return all rows of a raw table or of a model."""
        if table not in self.tables:
            place = f"pylon_analytics{'' if table.startswith(MARTS) else '_staging'}"
            if not table.startswith((*MARTS, "int_", "stg_")):
                place = "pylon"
            self.tables[table] = self.ask(f"FROM {place}.{table}")
        return self.tables[table]


def dbt(
    commands: Commands,
    *arguments: str,
    folder: Path,
    profile: Mapping[str, Any],
    project: Path = PACKAGE,
) -> Result:
    """Run dbt itself, its files in a folder."""
    folder.mkdir(exist_ok=True)
    target = {"schema": "pylon_analytics", "threads": 2, **profile}
    (folder / "profiles.yml").write_text(json.dumps({"pylon": {"target": "it", "outputs": {"it": target}}}))
    return commands.run(
        *("--no-use-colors", "--no-write-json", "--log-level-file", "none"),
        *(*arguments, "--project-dir", str(project), "--profiles-dir", str(folder)),
        folder=folder,
        environment={"DBT_SEND_ANONYMOUS_USAGE_STATS": "false", "DBT_TARGET_PATH": str(folder / "target")},
        program="dbt",
    )


def duckdb_profile(file: Path) -> dict[str, Any]:
    """Return how dbt reaches a DuckDB file."""
    return {"type": "duckdb", "path": str(file), "settings": {"TimeZone": "UTC"}}
