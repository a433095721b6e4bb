"""Peak memory of our own job by the number of issues: all issues, then conversations until the time is up."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence

from .process import measure
from .rounds import note, table
from .server import UNLIMITED, serving

TABLES = ("issues", "issue_messages", "issue_threads", "issue_followers", "issue_sync")
FAN_OUT = 600
"""Requests a minute for each child: the conversations of 500,000 issues need not be waited for."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.memory", description=__doc__)
    parser.add_argument("--issues", type=int, nargs="+", default=[50_000, 500_000])
    parser.add_argument("--minutes", type=float, nargs="+", default=[2.0, 8.0], help="when to end, by size")
    options = parser.parse_args(arguments)
    print("# Peak memory by the number of issues\n")
    rows = []
    for index, issues in enumerate(options.issues):
        minutes = options.minutes[min(index, len(options.minutes) - 1)]
        rows.append(one(issues, minutes))
        note(" ".join(rows[-1]))
    print(table(["issues", "copied", "messages", "turns", "peak MB", "CPU s"], rows), flush=True)


def one(issues: int, minutes: float) -> list[str]:
    """Run for some minutes and return a line of the table."""
    tier = {f"GET /issues/{{id}}/{child}": FAN_OUT for child in ("messages", "threads", "followers")}
    limits = {**UNLIMITED, "medium": FAN_OUT, "high": FAN_OUT}
    with serving(issues, log="counts", tier=json.dumps(tier)) as server:
        cost = measure("ours", **server.address, tables=TABLES, rate_limits=limits, max_minutes=minutes)
    facts = cost.facts
    counts = [facts["issues"], facts.get("issue_messages", 0), facts["turns"]]
    return [f"{issues:,}", *(f"{count:,}" for count in counts), f"{cost.peak_mb:.0f}", f"{cost.cpu:.0f}"]


if __name__ == "__main__":
    main()
