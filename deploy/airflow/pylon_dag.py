"""Airflow 3: bring the copy up to date every quarter of an hour, then build the tables for analysis.

Both tasks call the command in an environment of its own, so that Airflow's packages and ours cannot disagree. The token
and the destination are in the environment of the worker, or in ``.dlt/`` in the working folder.
"""

import os
from datetime import datetime, timedelta

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

FOLDER = os.environ.get("PYLON_FOLDER", "/srv/pylon")
"""Where ``.dlt/`` is, and the file of DuckDB."""
COMMAND = os.environ.get("PYLON_COMMAND", f"{FOLDER}/.venv/bin/pylon")
ANOTHER_RUN = 75
"""The exit code that says so: no failure, the next one goes on."""

with DAG(
    "pylon",
    schedule="*/15 * * * *",
    start_date=datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
    default_args={
        "cwd": FOLDER,
        "append_env": True,
        "skip_on_exit_code": ANOTHER_RUN,
        "retries": 2,
        "retry_delay": timedelta(minutes=1),
    },
) as dag:
    run = BashOperator(task_id="run", bash_command=f"{COMMAND} run --progress none --max-minutes 14")
    transform = BashOperator(task_id="transform", bash_command=f"{COMMAND} transform")
    run >> transform  # not after one that was skipped
