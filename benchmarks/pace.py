"""How much of an allowance one endpoint's pace uses, and how much is refused, by how the server counts.

Servers and the clock are simulated, so that hours take seconds: nothing is said of HTTP and loading, which
``benchmarks.allowance`` measures. Latencies vary from 0.1 to 0.3 s, the server says nothing of its limits.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from .rounds import table
from .simulated_limits import STARTS, WINDOW, simulate

FIRST = 2
"""Windows that are left out: learning the allowance is measured by tests."""
ALLOWANCES = (10, 20, 60, 120, 300)
KINDS: dict[str, tuple[str, int | None]] = {
    "fixed windows": ("fixed", 1),
    "sliding windows": ("sliding", 1),
    "bucket of 1": ("bucket", 1),
    "bucket of 5": ("bucket", 5),
    "bucket of 30": ("bucket", 30),
    "bucket of a whole window": ("bucket", None),
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pace", description=__doc__)
    parser.add_argument("--windows", type=int, default=20, help="after the first two")
    parser.add_argument("--allowances", nargs="+", type=int, choices=sorted(STARTS), default=list(ALLOWANCES))
    options = parser.parse_args(arguments)
    last = FIRST + options.windows
    print(f"# Use of an allowance per minute, and refusals, in windows {FIRST + 1} to {last}\n")
    rows = [
        [name, *(_measured(allowance, *kind, last) for allowance in options.allowances)]
        for name, kind in KINDS.items()
    ]
    print(table(["", *map(str, options.allowances)], rows), flush=True)


def _measured(allowance: int, kind: str, burst: int | None, last: int) -> str:
    loop, caller = simulate(allowance, kind, "200ms", burst=burst or allowance)
    since, until = FIRST * WINDOW, last * WINDOW
    loop.run(until)
    return f"{caller.used(since, until):.1%}, {caller.refusals(since, until):.1%}"


if __name__ == "__main__":
    main()
