"""A load at full speed: the API without limits, 50,000 issues and 200,000 messages into DuckDB.

Three comparisons. *Over HTTP* there is one request for each issue, so what a request costs the client weighs
most. *Without HTTP* the same pages come from files and nothing is sent: the load part alone, which can be
compared with the floor, DuckDB's own reader of the same rows. *The merge alone*: the packages of one load,
loaded into DuckDB straight from Parquet and by dlt's staging tables.
"""

from __future__ import annotations

import argparse
from collections.abc import Collection, Sequence
from functools import partial
from tempfile import TemporaryDirectory
from typing import Any

from .merging import compared
from .process import Cost, measure
from .rounds import Contestants, interleaved, note, ratio, table, typical
from .server import UNLIMITED, serving

OURS, DEFAULT, BEST = "ours", "rest_api, default settings", "rest_api, best settings"
REPLAYED, FLOOR = "ours, no HTTP", "floor: DuckDB read_json"
PLAIN, PLAIN_BEST = "plain dlt, default settings", "plain dlt, best settings"

BEST_TUNING: dict[str, Any] = {
    "loader_file_format": "parquet",
    "compression": False,
    "max_table_nesting": 0,
}
"""What took least CPU of all that was tried; see README.md."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.load", description=__doc__)
    parser.add_argument("--issues", type=int, default=50_000)
    parser.add_argument("--messages-mean", type=float, default=4.2, help="messages per issue that has any")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--only", choices=("with-http", "without-http", "merge"), help="one of the comparisons"
    )
    parser.add_argument(
        "--skip-default",
        action="store_true",
        help="leave out dlt's default settings, which need 0.6 GB of memory for every 1,000 issues",
    )
    options = parser.parse_args(arguments)
    skipped = {DEFAULT, PLAIN} if options.skip_default else set()
    print(f"# Load at full speed: {options.issues:,} issues\n")
    if options.only in (None, "with-http"):
        print(over_http(options.issues, options.messages_mean, options.rounds, skipped), flush=True)
    if options.only in (None, "without-http"):
        print(without_http(options.issues, options.messages_mean, options.rounds, skipped), flush=True)
    if options.only in (None, "merge"):
        print(compared(options.issues, options.messages_mean, options.rounds), flush=True)


def over_http(issues: int, messages_mean: float, rounds: int, skipped: Collection[str]) -> str:
    """Compare the whole job, one request for each issue included."""
    note(f"over HTTP: {issues:,} issues")
    with serving(issues, messages_mean, log="counts") as server:
        where = server.address
        contestants: Contestants = {
            OURS: partial(measure, "ours", **where, rate_limits=UNLIMITED),
            DEFAULT: partial(measure, "rest-api", **where, tuning={}),
            BEST: partial(measure, "rest-api", **where, tuning=BEST_TUNING),
        }
        costs = interleaved(_without(contestants, skipped), rounds)
    return f"Over HTTP:\n\n{_table(costs, OURS)}\n"


def without_http(issues: int, messages_mean: float, rounds: int, skipped: Collection[str]) -> str:
    """Compare the load part alone."""
    note(f"without HTTP: {issues:,} issues")
    with (
        TemporaryDirectory(prefix="benchmark-") as folder,
        serving(issues, messages_mean, log="counts") as server,
    ):
        measure("record", into=folder, issues=issues, messages_mean=messages_mean)
        contestants: Contestants = {
            FLOOR: partial(measure, "floor", recording=folder),
            REPLAYED: partial(measure, "ours-replayed", **server.address, recording=folder),
            PLAIN: partial(measure, "plain-dlt", recording=folder, tuning={}),
            PLAIN_BEST: partial(measure, "plain-dlt", recording=folder, tuning=BEST_TUNING),
        }
        costs = interleaved(_without(contestants, skipped), rounds)
    return f"The load part alone, without HTTP:\n\n{_table(costs, REPLAYED, FLOOR)}\n"


def _without(contestants: Contestants, skipped: Collection[str]) -> Contestants:
    return {name: run for name, run in contestants.items() if name not in skipped}


def _table(costs: dict[str, list[Cost]], ours: str, floor: str | None = None) -> str:
    header = ["", "issues", "messages", "CPU s", "rows per CPU s", "seconds", "peak MB", "CPU ÷ ours"]
    rows = []
    for name, each in costs.items():
        facts, cpu = each[-1].facts, typical(each)
        held = [facts.get("issues", 0), facts.get("issue_messages", 0)]
        row = [name, *(f"{count:,}" for count in held), f"{cpu:.1f}", f"{sum(held) / cpu:,.0f}"]
        wall, peak = typical(each, lambda cost: cost.wall), typical(each, lambda cost: cost.peak_mb)
        row += [f"{wall:.1f}", f"{peak:.0f}", f"{ratio(each, costs[ours]):.2f}"]
        rows.append(row + ([f"{ratio(each, costs[floor]):.2f}"] if floor else []))
    return table(header + (["CPU ÷ floor"] if floor else []), rows)


if __name__ == "__main__":
    main()
