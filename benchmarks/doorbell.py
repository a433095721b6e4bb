"""From a webhook to the committed row: how many seconds pass, with ``pylon serve`` and the emulator's limits.

The emulator sends them badly on purpose: shuffled, doubled, one in five lost and some forged. What was lost is not
counted here; the next run at the interval finds it. A row counts as committed once the daemon has let go of its ring.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from pylon_elt.pipelines.copy.destinations import folder_of
from pylon_elt.pipelines.copy.rung import Rung

from .process import environment, run
from .server import Server, serving

SECRET = "whsec_of_the_benchmark"
PYLON = [sys.executable, "-c", "from pylon_elt.pipelines.cli import main; main()"]
POLL = 0.05
PATIENCE = 120.0
POOR = {"lost": 0.2, "doubled": 0.2, "forged": 0.1, "shuffled": True, "seed": 1}
"""How the webhooks are sent."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.doorbell", description=__doc__)
    parser.add_argument("--issues", type=int, default=2000)
    parser.add_argument("--edits", type=int, default=40)
    parser.add_argument("--apart", type=float, default=5.0, help="seconds between two edits, on average")
    parser.add_argument("--tier", default="july", help="the limits of the emulator while it is rung")
    options = parser.parse_args(arguments)
    print(f"# From a webhook to the committed row: {options.issues:,} issues, limits of {options.tier}\n")
    made = (datetime.now(UTC) - timedelta(hours=1)).isoformat(timespec="seconds")
    with serving(options.issues, now=made) as server, TemporaryDirectory(prefix="benchmark-") as name:
        folder = Path(name)
        run([*PYLON, "run", "--progress", "none"], folder, _settings(server))
        server.change(tier=options.tier)
        with _ringing(server, folder):
            found = _measured(server, _rung(folder), options.edits, options.apart)
    ordered = sorted(found)
    ninety_fifth = ordered[math.ceil(0.95 * len(ordered)) - 1]
    print("| webhooks | median s | 95th percentile s | longest s |\n|---:|---:|---:|---:|")
    print(f"| {len(found)} | {median(found):.1f} | {ninety_fifth:.1f} | {ordered[-1]:.1f} |", flush=True)


def _settings(server: Server) -> dict[str, str]:
    return {
        "PYLON_API_KEY": server.token,
        "SOURCES__PYLON__BASE_URL": server.url,
        "PYLON_WEBHOOK_SECRET": SECRET,
    }


def _rung(folder: Path) -> Rung:
    os.environ["DLT_DATA_DIR"] = str(folder / "dlt")
    return Rung(folder_of(folder / "support.duckdb", "pylon"))


@contextmanager
def _ringing(server: Server, folder: Path) -> Iterator[None]:
    """Serve, with the emulator's webhooks on, once the first run is over."""
    command = [*PYLON, "serve", "--hooks", "--every", "1h", "--port", "0", "--log-format", "json"]
    with subprocess.Popen(
        command, cwd=folder, env=environment(folder, _settings(server)), stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            events = (json.loads(line) for line in process.stdout)
            url = next(event["url"] for event in events if event["event"] == "serving")
            next(event for event in events if event["event"] == "workspace_finished")
            _control(server, "webhooks", {"url": f"{url}/hooks/pylon", "secret": SECRET, **POOR})
            yield
        finally:
            process.terminate()
            process.stdout.read()


def _measured(server: Server, rung: Rung, edits: int, apart: float) -> list[float]:
    """Edit issues at odd moments, and return how long after its edit each one's ring was let go of."""
    rng, edited, waiting = Random(1), dict[str, float](), dict[str, float]()
    ids = rng.sample([row["id"] for row in _control(server, "snapshot")["issues"]], edits)
    found, next_at = [], time.monotonic()
    until = next_at + edits * apart + PATIENCE
    while (ids or waiting or edited) and time.monotonic() < until:
        now = time.monotonic()
        if ids and now >= next_at:
            issue = ids.pop()
            edited[issue] = now
            _control(server, "mutate", {"do": "add_message", "args": {"ref": issue}})
            next_at = now + rng.expovariate(1 / apart)
        there = rung.waiting()
        waiting |= {issue: edited.pop(issue) for issue in there if issue in edited}
        found += [now - waiting.pop(issue) for issue in list(waiting) if issue not in there]
        if not ids and not waiting and now > next_at + 5 * apart:
            break  # what is left of the edits was lost
        time.sleep(POLL)
    return found


def _control(server: Server, route: str, body: dict[str, Any] | None = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(f"{server.url}/_emulator/{route}", data) as answer:
        return json.load(answer)


if __name__ == "__main__":
    main()
