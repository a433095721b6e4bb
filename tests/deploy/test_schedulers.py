"""The files for Airflow, Dagster and Prefect, executed by each in an environment of its own, which ``make schedulers`` makes."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import duckdb
import pytest
from support.scheduled import DEPLOY, ENVIRONMENTS, Place

pytestmark = [
    pytest.mark.dear,
    pytest.mark.slow,
    pytest.mark.skipif(
        not (ENVIRONMENTS / "installed").exists(), reason="make schedulers has not made their environments"
    ),
]

AIRFLOW = """
import json, pylon_dag
run = pylon_dag.dag.test()
print(json.dumps({task.task_id: str(task.state) for task in run.get_task_instances()}))
"""
PREFECT = """
import json, pylon_flow
state = pylon_flow.copy_and_analyse(return_state=True)
print(json.dumps([state.type.value, state.name]))
"""
DAGSTER = """
import json
from dagster import materialize
from pylon_assets import analysis, copy, defs
for _ in range(2):
    done = materialize([copy, analysis], resources=defs.resources)
    assets = {event.asset_key.to_user_string() for event in done.get_asset_materialization_events()}
    print(json.dumps([done.success, len(assets)]), flush=True)
"""


def _python(scheduler: str) -> Path:
    return ENVIRONMENTS.absolute() / scheduler / "bin" / "python"


def _last_line(text: str) -> Any:
    return json.loads(text.strip().splitlines()[-1])


def test_airflow(place: Place) -> None:
    python, home = _python("airflow"), place.folder / "airflow"
    also = {
        "PATH": f"{python.parent}:{os.environ['PATH']}",
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "false",
        "AIRFLOW__CORE__DAGS_FOLDER": str(DEPLOY / "airflow"),
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "false",
        "PYTHONPATH": str(DEPLOY / "airflow"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    place.call([python.with_name("airflow"), "db", "migrate"], also=also)
    assert _last_line(place.call([python, "-c", AIRFLOW], also=also)) == {
        "run": "success",
        "transform": "success",
    }
    place.assert_copied_and_analysed()
    with duckdb.connect(str(place.file)):  # as another run has it
        told = place.call([python, "-c", AIRFLOW], also=also)
    assert _last_line(told) == {"run": "skipped", "transform": "skipped"}


def test_prefect(place: Place) -> None:
    python = _python("prefect")
    also = {
        "PREFECT_HOME": str(place.folder / "prefect"),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        "PYTHONPATH": str(DEPLOY / "prefect"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    assert _last_line(place.call([python, "-c", PREFECT], also=also)) == ["COMPLETED", "Completed"]
    place.assert_copied_and_analysed()
    with duckdb.connect(str(place.file)):
        assert _last_line(place.call([python, "-c", PREFECT], also=also)) == ["COMPLETED", "Skipped"]


def test_dagster(place: Place) -> None:
    """Twice in one process."""
    also = {
        "DAGSTER_HOME": str(place.folder),
        "DAGSTER_DISABLE_TELEMETRY": "1",
        "PYTHONPATH": str(DEPLOY / "dagster"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    (first, _), (second, assets) = map(
        json.loads, place.call([_python("dagster"), "-c", DAGSTER], also=also).splitlines()[-2:]
    )
    assert first
    assert second
    assert assets > 20
    place.assert_copied_and_analysed()
