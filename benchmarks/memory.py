"""Peak memory of our own job by the number of issues: all issues, then conversations until the time is up."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence

from .process import Cost, measure
from .rounds import note, table
from .server import UNLIMITED, serving

TABLES = ("issues", "issue_messages", "issue_threads", "issue_followers", "issue_sync")
FAN_OUT = 600
"""Requests a minute for each child: the conversations of 500,000 issues need not be waited for."""
EARLY = 5
"""By then a run has done everything once."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.memory", description=__doc__)
    parser.add_argument("--issues", type=int, nargs="+", default=[50_000, 500_000])
    parser.add_argument("--minutes", type=float, nargs="+", default=[2.0, 8.0], help="when to end, by size")
    options = parser.parse_args(arguments)
    print("# Peak memory by the number of issues\n")
    costs = []
    for index, issues in enumerate(options.issues):
        costs.append(one(issues, options.minutes[min(index, len(options.minutes) - 1)]))
        note(" ".join(line(issues, costs[-1])))
    rows = [line(issues, cost) for issues, cost in zip(options.issues, costs, strict=True)]
    heads = ["issues", "copied", "messages", "turns", f"peak MB in {EARLY} turns", "peak MB", "CPU s"]
    print(table(heads, rows), flush=True)
    if len(costs) > 1:
        print(f"\nEach 100,000 issues more: {slope(costs[0], costs[-1]):+.0f} MB at the peak.", flush=True)


def one(issues: int, minutes: float) -> Cost:
    """Run for some minutes.

    Raises:
        RuntimeError: The job failed: its peak would be that of something else.
    """
    tier = {f"GET /issues/{{id}}/{child}": FAN_OUT for child in ("messages", "threads", "followers")}
    limits = {**UNLIMITED, "medium": FAN_OUT, "high": FAN_OUT}
    with serving(issues, log="counts", tier=json.dumps(tier)) as server:
        cost = measure("ours", **server.address, tables=TABLES, rate_limits=limits, max_minutes=minutes)
    if cost.facts["exit"]:
        raise RuntimeError(
            f"{issues:,} issues: the job ended with {cost.facts['exit']}: {cost.facts['failures']}"
        )
    return cost


def line(issues: int, cost: Cost) -> list[str]:
    """Return a line of the table; the peak of the first turns tells what is big, the rest what grows."""
    facts = cost.facts
    counts = [facts["issues"], facts.get("issue_messages", 0), facts["turns"]]
    early = max(facts["peaks"][:EARLY])
    return [
        f"{issues:,}",
        *(f"{count:,}" for count in counts),
        f"{early:.0f}",
        f"{cost.peak_mb:.0f}",
        f"{cost.cpu:.0f}",
    ]


def slope(small: Cost, large: Cost) -> float:
    """Return by how many MB the peak rises with each 100,000 issues copied."""
    copied = large.facts["issues"] - small.facts["issues"]
    return (large.peak_mb - small.peak_mb) / copied * 100_000 if copied else 0.0


if __name__ == "__main__":
    main()
