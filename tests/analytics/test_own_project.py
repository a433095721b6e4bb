"""The package inside somebody else's dbt project: named as a local package, told where things are."""

from __future__ import annotations

from pathlib import Path

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
