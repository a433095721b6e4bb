"""A small copy on which the package has been built once, with settings that are not the defaults."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta

import duckdb
import pytest
from support import zaia_sample
from support.commands import Commands
from support.marts import GONE, Built
from support.worlds import MADE, quiet

from pylon_elt import emulator

CONFIG = """
[sources.pylon]
include = ["issue_forms", "issue_snapshots"]
[transform]
timezone = "America/New_York"
history_days = 90
issue_day_history = 40
issue_day_custom_fields = ["priority", "products", "never-defined"]
agent_first_seconds = 0
holidays = ["{holiday}"]

[transform.business_hours]
monday = ["08:30", "17:00"]
tuesday = ["08:30", "17:00"]
wednesday = ["08:30", "24:00"]
thursday = ["08:30", "17:00"]
saturday = ["10:00", "12:00"]

[transform.schedules.india]
teams = ["Escalations", "Vendas"]
timezone = "Asia/Kolkata"
holidays = []
business_hours = {{ monday = ["09:30", "18:00"], tuesday = ["00:00", "24:00"], friday = ["09:30", "18:00"] }}

[transform.schedules."o'hours"]
teams = ["Billing"]
business_hours = {{ tuesday = ["10:00", "20:00"] }}

[[transform.targets]]
name = "urgent"
event = "first_response"
minutes = 30
priorities = ["urgent"]
round_the_clock = true

[[transform.targets]]
event = "first_response"
minutes = 45

[[transform.targets]]
event = "next_response"
minutes = 90.5
teams = ["Support", "Escalations", "Vendas"]

[[transform.targets]]
event = "resolution"
minutes = 2400
desk = "pylon"
"""

RECORDED = """
INSERT INTO pylon.issue_snapshots
SELECT issue_snapshots.* REPLACE (
    id || '/' || n AS id, recorded_at - to_hours(n * 31) AS recorded_at,
    ['new', 'closed', 'on_hold', state][1 + (hash(id, n) % 4)::INT] AS state,
    CASE WHEN hash(id, n // 3) % 3 > 0 THEN assignee_id END AS assignee_id,
    CASE WHEN n % 4 > 0 THEN tags END AS tags,
    CASE n % 3 WHEN 0 THEN json_merge_patch(custom_fields, '{"priority": {"value": "low"}}') WHEN 1 THEN custom_fields END
        AS custom_fields)
FROM pylon.issue_snapshots, range(1, 50) AS earlier(n) WHERE hash(id, n) % 5 < 2
"""
"""Other values that issues had before, as earlier runs would have recorded them."""


TWINS = """
INSERT INTO pylon.users SELECT users.* REPLACE (id || '-twin' AS id, upper(name) AS name, 'twin@example.com' AS email)
FROM pylon.users ORDER BY id LIMIT 3;
INSERT INTO pylon.teams SELECT teams.* REPLACE (id || '-twin' AS id) FROM pylon.teams ORDER BY id LIMIT 2;
"""
"""Agents and teams who are called as others, whatever the case."""


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
    with duckdb.connect(str(folder / "support.duckdb")) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        zaia_sample.copy(connection, MADE)
        connection.execute(RECORDED)
        connection.execute(TWINS)
    made = commands.run("transform", "--test", "--json", folder=folder, environment=environment)
    assert made.code == 0, made.text
    return Built(folder, json.loads(made.out))
