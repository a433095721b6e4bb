"""Runs each contestant in a process of its own, so that none pays for another's memory or threads."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Cost:
    """What one contestant took.

    ``cpu`` and ``wall`` are seconds of the part that counts; the ``process_`` figures are those of the whole
    process, Python's start and imports included. ``facts`` is what the contestant tells about its result.
    """

    cpu: float
    wall: float
    peak_mb: float
    process_cpu: float
    process_wall: float
    facts: dict[str, Any] = field(default_factory=dict)


def measure(contestant: str, folder: Path | None = None, **options: Any) -> Cost:
    """Run one of :mod:`benchmarks.contestant`, in ``folder`` or in one that is removed afterwards."""
    if folder is None:
        with TemporaryDirectory(prefix="benchmark-") as made:
            return measure(contestant, Path(made), **options)
    command = [sys.executable, "-m", "benchmarks.contestant", contestant, json.dumps(options)]
    output, cpu, wall = run(command, folder)
    told = json.loads(output.splitlines()[-1])
    return Cost(told["cpu"], told["wall"], told["peak_mb"], cpu, wall, told["facts"])


def run(
    command: Sequence[str], folder: Path, more: Mapping[str, str] | None = None
) -> tuple[str, float, float]:
    """Run a command and return its output, its CPU seconds and its wall seconds.

    Raises:
        RuntimeError: It failed; the message holds the end of what it said.
    """
    log = folder / "stderr"
    started = time.monotonic()
    with (
        log.open("wb") as errors,
        subprocess.Popen(
            command, cwd=folder, env=environment(folder, more), stdout=subprocess.PIPE, stderr=errors
        ) as process,
    ):
        assert process.stdout is not None
        output = process.stdout.read().decode()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.monotonic() - started
    if process.returncode:
        tail = log.read_text(encoding="utf-8", errors="replace")[-2000:]
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}:\n{output[-2000:]}\n{tail}")
    return output, used.ru_utime + used.ru_stime, wall


def environment(folder: Path, more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment of a contestant: dlt reports to nobody and keeps its files in ``folder``."""
    # without compiled modules, each start would compile ours anew, which no scheduler's does
    kept = {
        name: value
        for name, value in os.environ.items()
        if "__" not in name and name != "PYTHONDONTWRITEBYTECODE"
    }
    return {
        **kept,
        "PYTHONPATH": str(ROOT),
        "RUNTIME__DLTHUB_TELEMETRY": "false",
        "RUNTIME__LOG_LEVEL": "CRITICAL",
        "DLT_DATA_DIR": str(folder / "dlt"),
        **(more or {}),
    }
