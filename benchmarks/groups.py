"""Where the CPU time of a verb goes, by group: ``python -m benchmarks.groups run|status``, in a process of its own.

The verb's own command line runs here, with a clock around the functions that make up each group. What a group calls of
another counts there.
"""

from __future__ import annotations

import functools
import gc
import importlib
import json
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pylon_elt.pipelines.base.memory import COLLECTIONS

from .process import run

REST = "the rest: the command line, threads, the way out"
IMPORTS = {
    "import dlt, pyarrow": ("dlt", "pyarrow"),
    "import the command line's libraries": ("typer", "typer._adapters"),
    "import duckdb": ("duckdb", "dlt.destinations.impl.duckdb.duck"),
    "import our modules, httpx for a run": (),
}
"""In this order: what an earlier group imported costs a later one nothing."""
OURS = {"run": "pylon_elt.pipelines.run.command", "status": "pylon_elt.pipelines.look.status"}
FUNCTIONS = {
    "settings, the first of which starts dlt's runtime": [
        "pylon_elt.pipelines.base.configuration:read_settings"
    ],
    "open the pipeline": [
        "pylon_elt.pipelines.copy.destinations:open_own_pipeline",
        "pylon_elt.pipelines.copy.destinations:open_pipeline",
    ],
    "sync with the destination": ["dlt.pipeline.pipeline:Pipeline._sync_destination"],
    "look at the tables before": [
        "pylon_elt.pipelines.run.job:restore",
        "pylon_elt.pipelines.run.begin:refuse_neighbours",
    ],
    "ask whose workspace it is": ["pylon_elt.pipelines.run.job:require_same"],
    "dlt's extract, with all requests": ["dlt.pipeline.pipeline:Pipeline.extract"],
    "ask what is due": ["pylon_elt.sources.pylon.lanes.turns:Turns._made"],
    "dlt's normalize": ["dlt.pipeline.pipeline:Pipeline.normalize"],
    "dlt's load": ["dlt.pipeline.pipeline:Pipeline._load"],
    "checkpoint, snapshot": ["pylon_elt.pipelines.run.job:_keep_snapshot"],
    "all queries": ["pylon_elt.pipelines.look.status:_fill"],
}


class Clock:
    """CPU seconds of this process by group; the group that began last is the one that counts."""

    def __init__(self) -> None:
        self.seconds = defaultdict[str, float](float)
        self._names = [REST]
        self._since = 0.0

    @contextmanager
    def group(self, name: str) -> Iterator[None]:
        """Count what follows for a group."""
        self.turn()
        self._names.append(name)
        try:
            yield
        finally:
            self.turn()
            self._names.pop()

    def turn(self) -> None:
        """Give the time since the last turn to the group in progress."""
        now = time.process_time()
        self.seconds[self._names[-1]] += now - self._since
        self._since = now

    def watch(self, place: str, name: str) -> None:
        """Count a function for a group, if its module is there."""
        module, _, path = place.partition(":")
        if module not in sys.modules:
            return
        *above, last = path.split(".")
        owner = functools.reduce(getattr, above, sys.modules[module])
        function = getattr(owner, last)

        @functools.wraps(function)
        def watched(*given: object, **named: object) -> object:
            with self.group(name):
                return function(*given, **named)

        setattr(owner, last, watched)


def main() -> None:
    """Run a verb, and print the seconds of each group as one line of JSON."""
    verb, clock = sys.argv[1], Clock()
    sys.modules["httpx._main"] = None  # type: ignore[assignment] # as the command does, and the next line too
    gc.set_threshold(*COLLECTIONS)
    for name, modules in IMPORTS.items():
        with clock.group(name):
            for module in modules or (OURS[verb],):
                importlib.import_module(module)
    for name, places in FUNCTIONS.items():
        for place in places:
            clock.watch(place, name)
    sys.argv = ["pylon", verb]
    with suppress(SystemExit):
        importlib.import_module("pylon_elt.pipelines.cli").app(prog_name="pylon")
    clock.turn()
    sys.stdout.write(f"\n{json.dumps(clock.seconds)}\n")


def measured(verb: str, folder: Path, more: dict[str, str]) -> dict[str, float]:
    """Return the CPU seconds of each group of a verb that runs in a folder."""
    output, _, _ = run([sys.executable, "-m", "benchmarks.groups", verb], folder, more)
    return {name: float(seconds) for name, seconds in json.loads(output.splitlines()[-1]).items()}


if __name__ == "__main__":
    main()
