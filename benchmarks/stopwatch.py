"""Measures this process. Runs inside a contestant, around the part that counts."""

from __future__ import annotations

import os
import resource
import time
from pathlib import Path
from types import TracebackType

_STATUS = Path("/proc/self/status")


class Stopwatch:
    """CPU seconds (user and system, children included), wall seconds and the process's peak memory."""

    def __init__(self) -> None:
        self.cpu = 0.0
        self.wall = 0.0
        self.peak_mb = 0.0

    def __enter__(self) -> None:
        self._cpu, self._wall = _cpu(), time.monotonic()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.cpu += _cpu() - self._cpu
        self.wall += time.monotonic() - self._wall
        self.peak_mb = peak_mb()


def _cpu() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def peak_mb() -> float:
    """Return the largest resident size of this process so far, in MB.

    Not ``ru_maxrss`` where it can be helped: on Linux a child inherits that of the process that started it.
    """
    if _STATUS.exists():
        for line in _STATUS.read_text(encoding="ascii").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
