"""A contestant's own process: ``python -m benchmarks.contestant NAME OPTIONS`` prints one line of JSON."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .stopwatch import Stopwatch

Contestant = Callable[..., dict[str, Any]]
"""Takes a stopwatch, to be held on what counts, a folder, and options; returns facts about its result."""

NAMES = {
    "ours": "benchmarks.ours:over_http",
    "ours-replayed": "benchmarks.ours:replayed",
    "packages": "benchmarks.merging:load_again",
    "rest-api": "benchmarks.rest_api:over_http",
    "rest-api-incremental": "benchmarks.rest_api:incremental",
    "plain-dlt": "benchmarks.plain_dlt:replayed",
    "empty-dlt": "benchmarks.plain_dlt:empty",
    "floor": "benchmarks.floor:read_json",
    "verb": "benchmarks.verbs:verb",
    "compared": "benchmarks.compared:compared",
    "record": "benchmarks.recording:record",
}
LOADING = ("ours", "ours-replayed", "packages", "compared")
"""Those that are a run of ours; the command itself is one of the others, and does so by itself."""


def main() -> None:
    """Run the contestant that the command line names."""
    name, options = sys.argv[1], json.loads(sys.argv[2])
    if name in LOADING:  # as the command does
        importlib.import_module("pylon_elt.pipelines.base.memory").import_frugally()
    module, function = NAMES[name].split(":")
    contestant: Contestant = getattr(importlib.import_module(module), function)
    watch = Stopwatch()
    facts = contestant(watch, Path.cwd(), **options)
    told = {"cpu": watch.cpu, "wall": watch.wall, "peak_mb": watch.peak_mb, "facts": facts}
    sys.stdout.write(f"\n{json.dumps(told)}\n")


if __name__ == "__main__":
    main()
