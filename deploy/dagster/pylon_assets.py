"""Dagster: each table of the copy is an asset, and the tables for analysis are built after them.

The source runs inside Dagster's process here, in plain dlt, so that every table shows in Dagster with its rows. Start
it with ``dagster dev -f pylon_assets.py`` in the folder that has ``.dlt/``, or with the token in the environment. A
materialisation reads what changed since the last one.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dlt
from dagster import (
    AssetExecutionContext,
    AssetSelection,
    Definitions,
    MaterializeResult,
    ScheduleDefinition,
    asset,
    define_asset_job,
)
from dagster_dlt import DagsterDltResource, dlt_assets

from pylon_elt.sources.pylon import pylon_source

FILE = os.environ.get("PYLON_FILE", "support.duckdb")
COMMAND = os.environ.get("PYLON_COMMAND", str(Path(sys.executable).with_name("pylon")))


@dlt_assets(
    dlt_source=pylon_source(),
    dlt_pipeline=dlt.pipeline("pylon", destination=dlt.destinations.duckdb(FILE), dataset_name="pylon"),
    name="pylon",
    group_name="pylon",
)
def copy(context: AssetExecutionContext, dlt: DagsterDltResource) -> Iterator[Any]:
    """Bring the copy up to date."""
    yield from dlt.run(context=context, dlt_source=pylon_source())


@asset(deps=[copy], group_name="pylon")
def analysis(context: AssetExecutionContext) -> MaterializeResult:
    """Build the tables for analysis."""
    done = subprocess.run([COMMAND, "transform"], capture_output=True, text=True, check=False)
    context.log.info("%s%s", done.stdout, done.stderr)
    if done.returncode:
        raise RuntimeError(f"pylon transform ended with {done.returncode}; the log says why")
    return MaterializeResult()


everything = define_asset_job("pylon_job", selection=AssetSelection.groups("pylon"))

defs = Definitions(
    assets=[copy, analysis],
    jobs=[everything],
    schedules=[ScheduleDefinition(job=everything, cron_schedule="*/15 * * * *")],
    resources={"dlt": DagsterDltResource()},
)
