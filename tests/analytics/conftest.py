"""A small copy on which the package has been built once, with settings that are not the defaults."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from support.commands import Commands
from support.worlds import MADE, quiet

from pylon_elt import emulator

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "analytics"
SCHEMAS = ("pylon_analytics", "pylon_analytics_staging")
GONE = 40
"""The number of an issue that is deleted between the run and the build."""
CONFIG = """
[sources.pylon]
include = ["issue_forms"]
[transform]
timezone = "America/New_York"
history_days = 90
agent_first_seconds = 0
holidays = ["{holiday}"]

[transform.business_hours]
monday = ["08:30", "17:00"]
tuesday = ["08:30", "17:00"]
wednesday = ["08:30", "24:00"]
thursday = ["08:30", "17:00"]
saturday = ["10:00", "12:00"]
"""


@dataclass
class Built:
    """A copy with its marts."""

    folder: Path
    told: Mapping[str, Any]
    """What ``pylon transform --json`` printed."""
    tables: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    @property
    def database(self) -> Path:
        return self.folder / "pylon.duckdb"

    def ask(self, query: str) -> list[dict[str, Any]]:
        """Return the rows of a query; tables are named with their schema."""
        with duckdb.connect(str(self.database), read_only=True) as connection:
            connection.execute("SET TimeZone = 'UTC'; USE pylon.pylon_analytics")
            found = connection.execute(query)
            names = [column[0] for column in found.description]
            return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    def rows(self, table: str) -> list[dict[str, Any]]:
        """Return all rows of a raw table or of a model."""
        if table not in self.tables:
            place = f"pylon_analytics{'' if table.startswith('pylon__') else '_staging'}"
            if not table.startswith(("pylon__", "int_pylon__", "stg_pylon__")):
                place = "pylon"
            self.tables[table] = self.ask(f"FROM pylon.{place}.{table}")
        return self.tables[table]


def dbt(
    *arguments: str, folder: Path, profile: Mapping[str, Any], project: Path = PACKAGE
) -> subprocess.CompletedProcess[str]:
    """Run dbt itself, its files in a folder."""
    folder.mkdir(exist_ok=True)
    target = {"schema": "pylon_analytics", "threads": 2, **profile}
    (folder / "profiles.yml").write_text(json.dumps({"pylon": {"target": "it", "outputs": {"it": target}}}))
    command = [
        *(str(Path(sys.executable).with_name("dbt")), "--no-use-colors", "--log-path", str(folder)),
        *(*arguments, "--project-dir", str(project), "--profiles-dir", str(folder)),
    ]
    environment = os.environ | {
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DBT_TARGET_PATH": str(folder / "target"),
    }
    return subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, check=False)


def duckdb_profile(file: Path) -> dict[str, Any]:
    """Return how dbt reaches a DuckDB file."""
    return {"type": "duckdb", "path": str(file), "settings": {"TimeZone": "UTC"}}


@pytest.fixture(scope="session")
def commands() -> Iterator[Commands]:
    """The processes that commands are forked from."""
    with Commands() as started:
        yield started


@pytest.fixture(scope="session")
def world() -> emulator.World:
    """The workspace: a year of it, so that clocks change in it."""
    return quiet(seed=5, issues=160, years=1.0)


@pytest.fixture(scope="session")
def built(commands: Commands, world: emulator.World, tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Copy a workspace, then build and test."""
    folder = tmp_path_factory.mktemp("built")
    holiday = MADE.date() - timedelta(days=21 + MADE.weekday())  # a Monday
    (folder / ".dlt").mkdir()
    (folder / ".dlt" / "config.toml").write_text(CONFIG.format(holiday=holiday))
    with emulator.running(world, emulator.Settings()) as server:
        environment = {
            "PYLON_API_KEY": server.token,
            "SOURCES__PYLON__BASE_URL": server.base_url,
            "SOURCES__PYLON__RATE_WINDOW_SECONDS": "1",
            "DLT_DATA_DIR": str(folder / "dlt"),
        }
        run = commands.run("run", folder=folder, environment=environment)
        assert run.code == 0, run.err
        world.delete_issue(GONE)
        gone = commands.run("reconcile", folder=folder, environment=environment)
        assert "gone and removed: 1;" in gone.out, gone.text
    made = commands.run("transform", "--test", "--json", folder=folder, environment=environment)
    assert made.code == 0, made.text
    return Built(folder, json.loads(made.out))
