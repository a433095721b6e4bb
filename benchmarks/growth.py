"""What grows with the copy: runs with nothing and with little to do, a look, and a comparison, by the number of issues.

A small workspace is copied once, and its issues, with all that hangs on them, are multiplied by SQL in the copy. What
the server does not have of them is asked only by a comparison, whose listing is made from the copy.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from .multiplying import LISTED, list_issues, make_due, multiply
from .process import Cost, run
from .rounds import note, table
from .server import UNLIMITED, Server, serving

SEEDED = 2000
"""Issues of the workspace that the server has."""
FILE = "support.duckdb"
IDLE, DUE, STATUS, COMPARED = "pylon run, idle", "pylon run, {} due", "pylon status", "comparison"
NEAR = 1.2
"""How many times what a small copy takes a large one may take."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.growth", description=__doc__)
    parser.add_argument("--issues", type=int, nargs="+", default=[20_000, 200_000, 1_000_000])
    parser.add_argument("--seeded", type=int, default=SEEDED, help="issues that are copied, and multiplied")
    parser.add_argument("--due", type=int, default=50, help="issues whose conversations are due in one run")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args(arguments)
    print("# What grows with the copy\n")
    today = datetime.now(UTC).isoformat(timespec="seconds")  # what is read once a day is not due again
    with (
        serving(options.seeded, now=today, log="counts") as server,
        TemporaryDirectory(prefix="benchmark-") as folder,
    ):
        small = Path(folder) / "small"
        small.mkdir()
        measure(server, small, "run")
        found = {}
        for issues in options.issues:
            found[issues] = _grown(server, small, issues, options.due, options.rounds)
    rows = [line for name in next(iter(found.values())) for line in _lines(name, found)]
    print(table(["", "issues", "CPU s", "peak MB", "written kB"], rows))
    if len(found) > 1:
        print(f"\n{_slopes(found)}", flush=True)


def _grown(server: Server, small: Path, issues: int, due: int, rounds: int) -> dict[str, list[Cost]]:
    """Measure one size, in a folder that is removed at once, since it may be a gigabyte."""
    with TemporaryDirectory(prefix="benchmark-", dir=small.parent) as made:
        folder = Path(made)
        shutil.copytree(small, folder, dirs_exist_ok=True)
        multiply(folder / FILE, issues)
        list_issues(folder / FILE, folder / LISTED)
        measure(server, folder, "run")  # takes the snapshot of what has been written here
        found: dict[str, list[Cost]] = {name: [] for name in (IDLE, STATUS, DUE.format(due), COMPARED)}
        for number in range(rounds):
            _round(server, folder, due, found)
            note(f"  {issues:,} issues, round {number + 1} of {rounds}")
    return found


def _round(server: Server, folder: Path, due: int, found: dict[str, list[Cost]]) -> None:
    found[IDLE].append(measure(server, folder, "run"))
    found[STATUS].append(measure(server, folder, "status"))
    make_due(folder / FILE, due)
    found[DUE.format(due)].append(measure(server, folder, "run"))
    found[COMPARED].append(_process(server, folder, "compared", {}))


def measure(server: Server, folder: Path, verb: str) -> Cost:
    """Run a verb on the copy in a folder.

    Raises:
        RuntimeError: It failed, or left something undone: what it took would be that of something else.
    """
    server.clear()
    cost = _process(server, folder, "verb", {"arguments": [verb]})
    if cost.facts["exit"]:
        raise RuntimeError(f"pylon {verb} ended with {cost.facts['exit']}")
    asked = sum(count["served"] + count["refused"] for count in server.counts().values())
    return replace(cost, facts={**cost.facts, "asked": asked})


def _process(server: Server, folder: Path, contestant: str, options: dict[str, object]) -> Cost:
    command = [sys.executable, "-m", "benchmarks.contestant", contestant, json.dumps(options)]
    settings = {
        "PYLON_API_KEY": server.token,
        "SOURCES__PYLON__BASE_URL": server.url,
        "SOURCES__PYLON__RATE_LIMITS": json.dumps(UNLIMITED),
    }
    output, cpu, wall = run(command, folder, settings)
    told = json.loads(output.splitlines()[-1])
    return Cost(told["cpu"], told["wall"], told["peak_mb"], cpu, wall, told["facts"])


def _lines(name: str, found: dict[int, dict[str, list[Cost]]]) -> list[list[str]]:
    """Return the lines of one piece of work, a line for each size."""
    return [
        [
            name,
            f"{issues:,}",
            f"{_cpu(costs[name]):.2f}",
            f"{_peak(costs[name]):.0f}",
            f"{_written(costs[name]):,.0f}",
        ]
        for issues, costs in found.items()
    ]


def _slopes(found: dict[int, dict[str, list[Cost]]]) -> str:
    """Return what each 100,000 issues more take, from the smallest size to the largest."""
    first, last = min(found), max(found)
    more = (last - first) / 100_000
    rows = []
    for name, small in found[first].items():
        large = found[last][name]
        cpu, peak = (_cpu(large) - _cpu(small)) / more, (_peak(large) - _peak(small)) / more
        times = _cpu(large) / _cpu(small)
        rows.append([name, f"{cpu:+.3f}", f"{peak:+.1f}", f"{times:.2f}", "yes" if times <= NEAR else "no"])
    head = ["each 100,000 issues more", "CPU s", "peak MB", f"{last:,} ÷ {first:,}", f"within {NEAR}"]
    return table(head, rows)


def _cpu(costs: Sequence[Cost]) -> float:
    return median(cost.process_cpu for cost in costs)


def _peak(costs: Sequence[Cost]) -> float:
    return max(cost.peak_mb for cost in costs)


def _written(costs: Sequence[Cost]) -> float:
    """Return how many kB were given to the disk: the database, the snapshot, and the files of dlt."""
    return median(cost.facts["written"] for cost in costs) / 1000


if __name__ == "__main__":
    main()
