"""The package inside somebody else's dbt project: named as a local package, told where things are."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from support.commands import Commands
from support.marts import PACKAGE, Built, dbt, duckdb_profile

PROJECT = {
    "name": "desk",
    "version": "1.0",
    "profile": "pylon",
    "vars": {"pylon": {"pylon_timezone": "Asia/Tokyo"}},
    "models": {"pylon": {"staging": {"+schema": "raw_staging"}, "marts": {"+schema": "support"}}},
}
OURS = """
select issues.created_on, count(distinct issues.issue_id) as issues, count(times.status) as statuses
from {{ ref('int_pylon__issues') }} as issues
left join {{ ref('pylon__issue_status_times') }} as times on issues.issue_id = times.issue_id
group by issues.created_on
"""


def test_a_project_of_ones_own_builds_on_the_marts(commands: Commands, built: Built, tmp_path: Path) -> None:
    project = tmp_path / "desk"
    (project / "models").mkdir(parents=True)
    (project / "dbt_project.yml").write_text(yaml.safe_dump(PROJECT))
    (project / "packages.yml").write_text(yaml.safe_dump({"packages": [{"local": str(PACKAGE)}]}))
    (project / "models" / "arrivals.sql").write_text(OURS)
    # a copy: the other tests read the file
    database = tmp_path / "support.duckdb"
    database.write_bytes(built.database.read_bytes())
    profile = duckdb_profile(database) | {"schema": "own"}

    deps = dbt(commands, "deps", folder=tmp_path / "run", profile=profile, project=project)
    assert deps.code == 0, deps.text
    done = dbt(
        commands, "run", "--select", "+arrivals", folder=tmp_path / "run", profile=profile, project=project
    )
    assert done.code == 0, done.text

    other = Built(tmp_path, {})
    total = other.ask("SELECT sum(issues) AS total FROM own.arrivals")
    assert total == other.ask("SELECT count(*) AS total FROM pylon.issues")
    places = other.ask(
        "SELECT DISTINCT table_schema FROM information_schema.tables WHERE table_schema LIKE 'own%' ORDER BY 1"
    )
    assert [row["table_schema"] for row in places] == ["own", "own_raw_staging", "own_staging", "own_support"]
    tokyo = other.ask(
        "SELECT count(*) AS wrong FROM own_staging.int_pylon__issues"
        " WHERE created_on <> CAST(timezone('Asia/Tokyo', created_at) AS DATE)"
    )
    assert tokyo == [{"wrong": 0}]


@pytest.mark.dear
def test_hours_past_midnight_are_refused_in_a_project_of_ones_own_too(
    commands: Commands, tmp_path: Path
) -> None:
    """Else such a day would have fewer than no working hours; ``pylon transform`` refuses them before it asks dbt."""
    for hours, is_refused in (
        (["22:00", "06:00"], True),
        (["09:00", "09:00"], True),
        (["9:00", "10:00"], False),
        (["22:00", "24:00"], False),
    ):
        variables = {
            "pylon_check_tables": False,
            "pylon_business_hours": {"monday": ["08:00", "17:00"]},
            "pylon_schedules": {"night": {"teams": ["Night"], "business_hours": {"friday": hours}}},
        }
        done = dbt(
            commands,
            *("compile", "--select", "int_pylon__days", "--vars", json.dumps(variables)),
            folder=tmp_path / "run",
            profile=duckdb_profile(tmp_path / "support.duckdb"),
        )
        assert (done.code != 0) == is_refused, done.text
        if is_refused:
            assert f"friday is from {hours[0]} to {hours[1]}" in done.text
            assert "hours past midnight are the next day's" in done.text
