"""Seconds that dbt needs for all marts in DuckDB: 100,000 issues and 400,000 messages should take less than 60."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from pylon_elt.pipelines.transform import package

from .marts_rows import make
from .rounds import note, table
from .stopwatch import Stopwatch

LIMIT = 60.0
"""Seconds on two cores."""
SLOWEST = 8


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; the exit code says whether the limit was kept at full size."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.marts", description=__doc__)
    parser.add_argument("--issues", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2, help="cores that DuckDB may use")
    options = parser.parse_args(arguments)
    with TemporaryDirectory() as name:
        folder = Path(name)
        rows = make(folder / "copy.duckdb", options.issues, options.seed)
        note(f"{rows['issues']:,} issues, {rows['issue_messages']:,} messages made")
        seconds, models = build(folder, options.threads)
    print("# All marts in DuckDB\n")
    size = f"{rows['issues']:,} issues and {rows['issue_messages']:,} messages"
    print(f"{size}: {seconds:.1f} s, dbt's own start included.\n")
    slowest = sorted(models.items(), key=lambda item: -item[1])[:SLOWEST]
    print(table(["slowest", "s"], [[name, f"{taken:.1f}"] for name, taken in slowest]), flush=True)
    return int(seconds > LIMIT and options.issues <= 100_000)


def build(folder: Path, threads: int) -> tuple[float, dict[str, float]]:
    """Run dbt in a process of its own; return its wall seconds, and those of each model."""
    target = {"type": "duckdb", "path": str(folder / "copy.duckdb"), "schema": "marts", "threads": 2}
    target["settings"] = {"TimeZone": "UTC", "threads": threads}
    (folder / "profiles.yml").write_text(json.dumps({"pylon": {"target": "it", "outputs": {"it": target}}}))
    command = [
        *(str(Path(sys.executable).with_name("dbt")), "--quiet", "--log-path", str(folder)),
        *("--no-send-anonymous-usage-stats", "run", "--project-dir", str(package.FOLDER)),
        *("--profiles-dir", str(folder), "--target-path", str(folder / "target")),
        *("--vars", json.dumps({"pylon_schema": "raw"})),
    ]
    watch = Stopwatch()
    with watch:
        subprocess.run(command, check=True)
    told = json.loads((folder / "target" / "run_results.json").read_text())
    return watch.wall, {
        result["unique_id"].split(".")[-1]: result["execution_time"] for result in told["results"]
    }


if __name__ == "__main__":
    sys.exit(main())
