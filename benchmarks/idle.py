"""A run with nothing to do, and a look: requests, CPU and seconds of the whole process, and where the CPU time goes.

README.md beside this says what the largest groups are, and what was taken out of them.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from .groups import OURS, measured
from .process import Cost, measure, run
from .rounds import interleaved, table, typical
from .server import UNLIMITED, Server, serving

COMMAND, STATUS, JOB = "pylon run", "pylon status", "ours, as a script"
BARE, SYNCED = "import dlt, pyarrow", "import dlt, pyarrow; sync_destination"
EMPTY, REST_API = "dlt alone: an empty resource", "rest_api, incremental on updated_at"
OPENED = """
import dlt, pyarrow
destination = dlt.destinations.duckdb("support.duckdb")
dlt.pipeline("pylon", destination=destination, dataset_name="pylon", pipelines_dir="bare").sync_destination()
"""
"""What any run over the copy does at the least: it asks the destination for the state."""
LOOKS = (BARE, SYNCED, STATUS)
"""What makes no copy, and so has no first time."""
TABLES = ("issues", "issue_messages", "issue_threads", "issue_followers", "issue_sync")


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.idle", description=__doc__)
    parser.add_argument("--issues", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args(arguments)
    print(f"# A run with nothing to do: {options.issues:,} issues, all of them copied before\n")
    today = datetime.now(UTC).isoformat(timespec="seconds")  # what is read once a day is not due again
    with serving(options.issues, now=today) as server, TemporaryDirectory(prefix="benchmark-") as folder:
        places = {name: Path(folder) / str(number) for number, name in enumerate(contestants(server))}
        places[SYNCED] = places[STATUS] = places[COMMAND]  # they open the copy that the command has made
        runs = {}
        for name, contestant in contestants(server).items():
            places[name].mkdir(exist_ok=True)
            if name not in LOOKS:
                contestant(places[name])
            runs[name] = partial(_second, server, contestant, places[name])
        costs = interleaved(runs, options.rounds)
        groups = {
            verb: [measured(verb, places[COMMAND], _settings(server)) for _ in range(options.rounds)]
            for verb in OURS
        }
    print(_table(costs))
    for verb, each in groups.items():
        print(f"\n{_groups(verb, each)}", flush=True)


def contestants(server: Server) -> dict[str, Callable[[Path], Cost]]:
    """Return what to run, each in a folder that keeps its copy."""
    where = server.address
    return {
        BARE: lambda folder: _process("import dlt, pyarrow", folder),
        COMMAND: lambda folder: _command(server, folder, "run"),
        STATUS: lambda folder: _command(server, folder, "status"),
        SYNCED: lambda folder: _process(OPENED, folder),
        EMPTY: lambda folder: measure("empty-dlt", folder),
        JOB: lambda folder: measure("ours", folder, **where, tables=TABLES, rate_limits=UNLIMITED),
        REST_API: lambda folder: measure("rest-api-incremental", folder, **where),
    }


def _process(program: str, folder: Path) -> Cost:
    _, cpu, wall = run([sys.executable, "-c", program], folder)
    return Cost(cpu, wall, 0.0, cpu, wall)


def _command(server: Server, folder: Path, verb: str) -> Cost:
    command = [sys.executable, "-m", "pylon_elt.pipelines.cli", verb]
    _, cpu, wall = run(command, folder, _settings(server))
    return Cost(cpu, wall, 0.0, cpu, wall)


def _settings(server: Server) -> dict[str, str]:
    return {
        "PYLON_API_KEY": server.token,
        "SOURCES__PYLON__BASE_URL": server.url,
        "SOURCES__PYLON__RATE_LIMITS": json.dumps(UNLIMITED),
    }


def _second(server: Server, contestant: Callable[[Path], Cost], folder: Path) -> Cost:
    server.clear()
    cost = contestant(folder)
    asked = {name: count["served"] + count["refused"] for name, count in server.counts().items()}
    return Cost(cost.process_cpu, cost.process_wall, cost.peak_mb, cost.cpu, cost.wall, asked)


def _table(costs: dict[str, list[Cost]]) -> str:
    base = costs[SYNCED]
    rows = []
    for name, each in costs.items():
        cpu, wall = typical(each), typical(each, lambda cost: cost.wall)
        beyond = typical(each, lambda cost: cost.wall) - typical(base, lambda cost: cost.wall)
        rows.append([name, str(sum(each[-1].facts.values())), f"{cpu:.2f}", f"{cpu - typical(base):+.2f}",
                     f"{wall:.2f}", f"{beyond:+.2f}"])  # fmt: skip
    return table(["", "requests", "CPU s", "beyond the sync", "seconds", "beyond the sync"], rows)


def _groups(verb: str, each: list[dict[str, float]]) -> str:
    """Return the groups of a verb, the largest first."""
    found = {name: median(one.get(name, 0.0) for one in each) for name in each[0]}
    rows = [[name, f"{found[name]:.2f}"] for name in sorted(found, key=found.__getitem__, reverse=True)]
    return table([f"pylon {verb}", "CPU s"], rows)


if __name__ == "__main__":
    main()
