"""How much of the allowance a fan-out uses: requests served ÷ requests allowed, loading included.

A first run against rate limits, with as many issues as the slowest endpoint serves in ``--windows`` windows.
The rate window is shorter than the real 60 seconds, which makes it harder: loading and latency weigh more.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from datetime import datetime
from statistics import mean
from typing import Any

from pylon_elt.emulator.settings import TIERS

from .process import measure
from .rounds import note, table
from .server import Server, serving

LATENCY = 0.1
OURS, REST_API = "ours", "rest_api"
CHILDREN = ("messages", "threads", "followers")
TABLES = ("issues", *(f"issue_{name}" for name in CHILDREN), "issue_sync")
KINDS = ("fixed", "sliding", "bucket")


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.allowance", description=__doc__)
    parser.add_argument(
        "--windows", type=int, default=30, help="rate windows that the slowest endpoint needs"
    )
    parser.add_argument("--window-seconds", type=float, default=5.0)
    parser.add_argument("--tiers", nargs="+", choices=("july", "autumn"), default=["july", "autumn"])
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=["fixed", "sliding"])
    parser.add_argument("--contestants", nargs="+", choices=(OURS, REST_API), default=[OURS, REST_API])
    parser.add_argument(
        "--load-seconds", type=float, default=0.0, help="what each load of ours takes besides"
    )
    options = parser.parse_args(arguments)
    window = options.window_seconds
    print(f"# Use of the allowance in a fan-out, windows of {window:g} s, latency {LATENCY:g} s\n")
    rows = []
    for tier in options.tiers:
        for kind in options.kinds:
            issues = TIERS[tier]["medium"] * options.windows
            note(f"{tier}, {kind} windows: {issues} issues")
            with serving(issues, tier=tier, window_seconds=window, window_kind=kind) as server:
                server.change(latency_seconds=LATENCY)
                for name in options.contestants:
                    _run(name, server, window, options.load_seconds)
                    used = by_endpoint(server, tier, window)
                    rows += [[f"{name}, {tier}, {kind}: {path}", *figures] for path, figures in used.items()]
                    note("\n".join(" ".join(row) for row in rows[-len(used) :]))
    header = ["", "served", "refused", "used, whole run", "used, second half"]
    print(table(header, rows), flush=True)


def _run(name: str, server: Server, window: float, load_seconds: float) -> None:
    server.clear()
    if name == OURS:
        own = {"rate_window_seconds": window, "load_seconds": load_seconds}
        measure("ours", **server.address, tables=TABLES, **own)
    else:
        measure("rest-api", **server.address, tuning={}, children=CHILDREN)


def by_endpoint(server: Server, tier: str, window: float) -> dict[str, list[str]]:
    """Return the figures of each child's endpoint.

    The first and the last window of an endpoint are left out: nobody could use the whole of them.
    """
    figures = {}
    for child in CHILDREN:
        endpoint = f"GET /issues/{{id}}/{child}"
        records = [record for record in server.log() if record["endpoint"] == endpoint]
        refused = sum(record["refused"] for record in records)
        allowed = TIERS[tier]["high" if child == "followers" else "medium"]
        shares = _shares([record for record in records if not record["refused"]], allowed, window)
        later = shares[len(shares) // 2 :]
        figures[child] = [
            f"{len(records) - refused:,}",
            f"{refused / max(1, len(records)):.1%}",
            f"{mean(shares):.1%}" if shares else "-",
            f"{mean(later):.1%}" if later else "-",
        ]
    return figures


def _shares(served: Sequence[dict[str, Any]], allowed: int, window: float) -> list[float]:
    """Return the part of the allowance that was used in each whole window."""
    numbers = [int(datetime.fromisoformat(record["at"]).timestamp() // window) for record in served]
    if not numbers:
        return []
    return [numbers.count(number) / allowed for number in range(min(numbers) + 1, max(numbers))]


if __name__ == "__main__":
    main()
