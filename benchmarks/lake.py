"""What a publish takes, and the three metrics of it, by the number of issues: in DuckDB, and in Daft, Ray or Spark.

A small workspace is copied once, and its issues, with all that hangs on them, are multiplied by SQL in the copy. It is
published; again, with nothing to do; and again, once some issues of the last weeks were edited. Spark, and Daft on Ray,
are asked where ``make lake`` has been run.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb

from .growth import FILE, SEEDED, measure
from .lake_engines import metrics
from .multiplying import multiply
from .process import ROOT, run
from .rounds import note, table
from .server import serving

TABLES = ("issues", "issue_messages", "issue_threads", "issue_followers", "issue_sync")
ENVIRONMENT = Path(os.environ.get("PYLON_LAKE_ENVIRONMENT", ROOT / ".venv-lake"))
EDIT = "UPDATE pylon.{} SET _synced_at = now() WHERE {} IN (FROM edited)"
PUBLISH = "import sys; from pylon_elt.pipelines.cli import main; main()"
MEASURED = "import json, resource, sys; from benchmarks.lake import ask_duckdb; ask_duckdb(sys.argv[1])"


@dataclass(frozen=True)
class Line:
    """What one piece of work took."""

    work: str
    issues: int
    wall: float
    cpu: float
    peak: float
    """MB."""
    written: float
    """MB."""

    def cells(self) -> list[str]:
        return [
            self.work,
            f"{self.issues:,}",
            f"{self.wall:.1f}",
            f"{self.cpu:.1f}" if self.cpu else "",
            f"{self.peak:,.0f}",
            f"{self.written:,.1f}" if self.written else "",
        ]


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.lake", description=__doc__)
    parser.add_argument("--issues", type=int, nargs="+", default=[20_000, 200_000, 2_000_000])
    parser.add_argument("--seeded", type=int, default=SEEDED, help="issues that are copied, and multiplied")
    parser.add_argument(
        "--edited", type=int, default=100, help="issues that are edited between two publishes"
    )
    parser.add_argument("--engines", nargs="*", default=["daft", "ray", "spark"])
    options = parser.parse_args(arguments)
    print("# What a publish takes\n", flush=True)
    head = ["", "issues", "seconds", "CPU s", "peak MB", "written MB"]
    print(table(head, []), flush=True)
    with TemporaryDirectory(prefix="benchmark-") as made:
        small = Path(made) / "small"
        small.mkdir()
        today = datetime.now(UTC).isoformat(timespec="seconds")
        with serving(options.seeded, now=today, log="counts") as server:
            measure(server, small, "run")
        for issues in options.issues:
            for line in _grown(small, issues, options.edited, options.engines):
                print(f"| {' | '.join(line.cells())} |", flush=True)


def _grown(small: Path, issues: int, edited: int, engines: Sequence[str]) -> Iterator[Line]:
    """Measure one size, in a folder that is removed at once."""
    with TemporaryDirectory(prefix="benchmark-", dir=small.parent) as made:
        folder = Path(made)
        shutil.copy2(small / FILE, folder / FILE)
        multiply(folder / FILE, issues)
        note(f"  {issues:,} issues: {_size(folder / FILE):,.0f} MB in DuckDB, {_messages(folder):,} messages")
        yield _publish(folder, "publish, all", issues)
        yield _publish(folder, "publish, nothing to do", issues)
        _edit(folder / FILE, edited)
        yield _publish(folder, f"publish, {edited} issues edited", issues)
        note(f"  {issues:,} issues: {_size(folder / 'lake'):,.0f} MB in the lake")
        expected, line = _duckdb(folder, issues)
        yield line
        for engine in engines:
            if (python := _python(engine)) is not None:
                yield _engine(folder, python, engine, issues, expected)


def _publish(folder: Path, work: str, issues: int) -> Line:
    select = ("--select", ",".join(TABLES), "--keep-days", "0", "--json")
    told, wall, cpu, peak = _measured(
        [sys.executable, "-c", PUBLISH, "publish", "--to", "lake", *select], folder
    )
    done = json.loads(told.splitlines()[-1])
    assert done["event"] == "done"
    return Line(work, issues, wall, cpu, peak, done["bytes"] / 1e6)


def _measured(command: Sequence[str], folder: Path) -> tuple[str, float, float, float]:
    """Run a command; return its output, its seconds, its CPU seconds and its peak of memory in MB."""
    script = (
        "import json, resource, subprocess, sys\n"
        "done = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE, text=True, check=True)\n"
        "sys.stdout.write(done.stdout.rstrip() + '\\n')\n"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    output, cpu, wall = run([sys.executable, "-c", script, *command], folder)
    text, _, peak = output.rstrip().rpartition("\n")
    return text, wall, cpu, int(peak) / 1024


def _edit(database: Path, edited: int) -> None:
    """Let the newest issues have been read again, each with its messages."""
    with duckdb.connect(str(database)) as connection:
        connection.execute(
            f"CREATE TEMP TABLE edited AS SELECT id FROM pylon.issues ORDER BY created_at DESC LIMIT {edited}"
        )
        for name, column in (
            ("issues", "id"),
            ("issue_messages", "issue_id"),
            ("issue_followers", "issue_id"),
        ):
            connection.execute(EDIT.format(name, column))
        connection.execute("UPDATE pylon.issue_sync SET synced_at = now() WHERE issue_id IN (FROM edited)")


def ask_duckdb(database: str) -> None:
    """Ask the metrics of the copy, and print them."""
    with duckdb.connect(database, read_only=True) as connection:
        connection.execute("SET TimeZone = 'UTC'; SET schema = 'pylon'")
        print(json.dumps({name: connection.execute(sql).fetchall() for name, sql in metrics().items()}))


def _duckdb(folder: Path, issues: int) -> tuple[dict[str, Any], Line]:
    told, wall, cpu, peak = _measured([sys.executable, "-c", MEASURED, str(folder / FILE)], folder)
    return json.loads(told.splitlines()[-1]), Line("metrics, DuckDB", issues, wall, cpu, peak, 0)


def _engine(folder: Path, python: Path, engine: str, issues: int, expected: dict[str, Any]) -> Line:
    """Ask an engine, and make sure that it counts what DuckDB counts."""
    script = str(ROOT / "benchmarks" / "lake_engines.py")
    jars = ",".join(str(path) for path in sorted((ENVIRONMENT / "jars").glob("*.jar")))
    began = time.monotonic()
    output, _, _ = run([str(python), script, engine, "lake", "pylon"], folder, {"PYLON_LAKE_JARS": jars})
    told = json.loads(output.splitlines()[-1])
    if told["rows"] != expected:
        raise RuntimeError(f"{engine} counts something else than DuckDB")
    return Line(f"metrics, {engine}", issues, time.monotonic() - began, 0, told["peak"] / 2**20, 0)


def _python(engine: str) -> Path | None:
    if (ENVIRONMENT / "installed").exists():
        return ENVIRONMENT / "bin" / "python"
    return Path(sys.executable) if engine == "daft" else None


def _messages(folder: Path) -> int:
    with duckdb.connect(str(folder / FILE), read_only=True) as connection:
        ((found,),) = connection.execute("SELECT count(*) FROM pylon.issue_messages").fetchall()
        return int(found)


def _size(path: Path) -> float:
    files = [path] if path.is_file() else [one for one in path.rglob("*") if one.is_file()]
    return sum(one.stat().st_size for one in files) / 1e6


if __name__ == "__main__":
    main()
