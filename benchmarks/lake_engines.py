"""Asks the three metrics of ``analytics/lake`` of published tables, in an engine that is not ours.

    python benchmarks/lake_engines.py spark|daft|ray LAKE NAMESPACE

It needs nothing of this project, and is run by the engine's own Python (``make lake``). It prints one JSON object: the
rows of each metric, the seconds that each took, and the peaks of memory of all its processes, in bytes, added up.
"""

from __future__ import annotations

import json
import os
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

METRICS = Path(__file__).resolve().parents[1] / "analytics" / "lake"
TABLES = ("issues", "issue_messages")
Rows = list[list[Any]]


def metrics() -> dict[str, str]:
    """Return the SQL of each metric by its name."""
    return {path.stem: path.read_text(encoding="utf-8") for path in sorted(METRICS.glob("*.sql"))}


def metadata_of(lake: Path, namespace: str) -> dict[str, str]:
    """Return where the metadata of each table is now, as the catalogue of a folder says."""
    with sqlite3.connect(lake / "catalog.db") as catalog:
        found = catalog.execute(
            "SELECT table_name, metadata_location FROM iceberg_tables WHERE table_namespace = ?", [namespace]
        ).fetchall()
    return {name: place for name, place in found if name in TABLES}


@contextmanager
def spark(tables: dict[str, str]) -> Iterator[Callable[[str], Rows]]:
    """Open genuine Spark with the Iceberg runtime; ``PYLON_LAKE_JARS`` says which jars those are."""
    from pyspark.sql import SparkSession

    session = (
        SparkSession.builder.master(os.environ.get("PYLON_LAKE_MASTER", "local[2]"))
        .config("spark.jars", os.environ["PYLON_LAKE_JARS"])
        .config("spark.driver.memory", os.environ.get("PYLON_LAKE_MEMORY", "2g"))
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.ui.enabled", "false")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.ui.showConsoleProgress", "false")
        .config("spark.log.level", "ERROR")
        .getOrCreate()
    )
    for name, place in tables.items():
        session.read.format("iceberg").load(place).createOrReplaceTempView(name)
    yield lambda sql: [list(row) for row in session.sql(sql).collect()]
    session.stop()


@contextmanager
def daft(tables: dict[str, str]) -> Iterator[Callable[[str], Rows]]:
    """Open Daft, on its own engine."""
    import daft as engine
    from pyiceberg.table import StaticTable

    frames = {name: engine.read_iceberg(StaticTable.from_metadata(place)) for name, place in tables.items()}

    def ask(sql: str) -> Rows:
        found = engine.sql(sql, register_globals=False, **frames).to_pydict()
        return [list(row) for row in zip(*found.values(), strict=True)]

    yield ask


@contextmanager
def ray(tables: dict[str, str]) -> Iterator[Callable[[str], Rows]]:
    """Open Daft on Ray, which here is a cluster of this machine alone."""
    import daft as engine

    engine.set_runner_ray(os.environ.get("PYLON_LAKE_MASTER"))
    with daft(tables) as ask:
        yield ask


def main(kind: str, lake: str, namespace: str) -> None:
    opened = {"spark": spark, "daft": daft, "ray": ray}[kind]
    began = time.monotonic()
    rows, seconds = {}, {}
    with opened(metadata_of(Path(lake), namespace)) as ask:
        seconds["start"] = time.monotonic() - began
        for name, sql in metrics().items():
            began = time.monotonic()
            rows[name] = ask(sql)
            seconds[name] = time.monotonic() - began
        peak = _peak()
    print(json.dumps({"rows": rows, "seconds": seconds, "peak": peak}))


def _peak() -> int:
    """Return the peak of memory of this process and of all that it has started, such as Java, in bytes."""
    found: dict[int, tuple[int, int]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            lines = (folder / "status").read_text().splitlines()
        except OSError:  # it has ended
            continue
        told = dict(line.split(":", 1) for line in lines if ":" in line)
        found[int(folder.name)] = (int(told["PPid"]), int(told.get("VmHWM", "0").split()[0]) * 1024)
    ours = {os.getpid()}
    while more := {process for process, (parent, _) in found.items() if parent in ours} - ours:
        ours |= more
    return sum(found[process][1] for process in ours if process in found)


if __name__ == "__main__":
    main(*sys.argv[1:])
