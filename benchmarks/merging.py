"""The merge alone: the packages of a load are loaded once more, straight from Parquet or by dlt's staging tables."""

from __future__ import annotations

import json
import os
import shutil
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import duckdb

from .floor import counted
from .ours import TABLES
from .process import measure
from .rounds import Contestants, interleaved, note, ratio, table, typical
from .server import serving
from .stopwatch import Stopwatch

OURS, DLTS = "straight from Parquet", "by dlt's staging tables"


def compared(issues: int, messages_mean: float, rounds: int) -> str:
    """Load the packages of one load both ways, in turn, and compare CPU time and the size of the file."""
    note(f"the merge alone: {issues:,} issues")
    with (
        TemporaryDirectory(prefix="benchmark-") as recording,
        TemporaryDirectory(prefix="benchmark-") as loaded,
    ):
        with serving(issues, messages_mean, log="counts") as server:
            measure("record", into=recording, issues=issues, messages_mean=messages_mean)
            measure("ours-replayed", Path(loaded), **server.address, recording=recording)
        contestants: Contestants = {
            DLTS: partial(measure, "packages", loaded=loaded, straight=False),
            OURS: partial(measure, "packages", loaded=loaded, straight=True),
        }
        costs = interleaved(contestants, rounds)
    header = ["", "issues", "messages", "CPU s", "peak MB", "file MB", "the same, compact", "CPU ÷ ours"]
    rows = []
    for name, each in costs.items():
        facts, peak = each[-1].facts, typical(each, lambda cost: cost.peak_mb)
        row = [
            name,
            f"{facts['issues']:,}",
            f"{facts['issue_messages']:,}",
            f"{typical(each):.2f}",
            f"{peak:.0f}",
        ]
        sizes = (f"{facts[size] / 1e6:.1f}" for size in ("size", "compact"))
        rows.append([*row, *sizes, f"{ratio(each, costs[OURS]):.2f}"])
    return f"The merge alone, the same packages for both:\n\n{table(header, rows)}\n"


def load_again(watch: Stopwatch, folder: Path, *, loaded: str, straight: bool) -> dict[str, Any]:
    """Load the packages that a pipeline has loaded into a new file."""
    from pylon_elt.pipelines.copy.destinations import STORAGE_VERSION, open_pipeline
    from pylon_elt.pipelines.copy.merging import MergingClient

    file = folder / "again.duckdb"
    os.environ["DESTINATION__DUCKDB__CREDENTIALS"] = str(file)
    shutil.copytree(Path(loaded) / "pipelines", folder / "pipelines")
    for package in sorted((folder / "pipelines" / "pylon" / "load" / "loaded").iterdir()):
        _anew(package)
    pipeline = open_pipeline(pipelines_dir=str(folder / "pipelines"))
    reads = MergingClient.reads_files if straight else lambda *_: False
    with patch.object(MergingClient, "reads_files", reads), pipeline.sql_client(), watch:
        pipeline.load()
    compact = folder / "compact.duckdb"
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{file}' AS again (READ_ONLY)")
        connection.execute(f"ATTACH '{compact}' AS compact (STORAGE_VERSION '{STORAGE_VERSION}')")
        for table in TABLES:
            connection.execute(f"CREATE TABLE compact.{table} AS SELECT * FROM again.pylon.{table}")
    sizes = {"size": file.stat().st_size, "compact": compact.stat().st_size}
    return {**counted(file, "pylon"), **sizes}


def _anew(package: Path) -> None:
    """Make a package one that was never loaded."""
    new = package.parent.parent / "normalized" / package.name
    new.parent.mkdir(exist_ok=True)
    shutil.move(package, new)
    for state in ("new_jobs", "started_jobs", "failed_jobs"):
        (new / state).mkdir(exist_ok=True)
    for file in (new / "completed_jobs").iterdir():
        if file.suffix == ".sql":
            file.unlink()
        else:
            file.rename(new / "new_jobs" / file.name)
    (new / "package_completed.json").unlink()
    (new / "applied_schema_updates.json").rename(new / "schema_updates.json")
    state = json.loads((new / "load_package_state.json").read_text(encoding="utf-8"))
    state.pop("load_metrics", None)
    (new / "load_package_state.json").write_text(json.dumps(state), encoding="utf-8")
