"""How many workspaces this machine can take at a time."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

NEEDED = 500 * 2**20
"""Bytes of memory that a run may need: 436 MB were measured for 500,000 issues."""
FOR_EACH_CPU = {"transform": 1}
"""Verbs that keep processors busy; the others wait for the API most of the time."""
WAITING = 2
_GROUPS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
"""What a container may have, by the two versions of Linux' control groups."""


def side_by_side(verb: str, wanted: int, cpus: int, memory: int | None) -> int:
    """Return how many to have at a time, at least one.

    Args:
        verb: What each does.
        wanted: How many there are.
        cpus: The processors.
        memory: The bytes that are free; ``None``: nobody knows.
    """
    most = cpus * FOR_EACH_CPU.get(verb, WAITING)
    if memory is not None:
        most = min(most, memory // NEEDED)
    return max(1, min(wanted, most))


def cpus() -> int:
    """Return how many processors this process may use."""
    with suppress(AttributeError, OSError):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def memory() -> int | None:
    """Return how many bytes of memory are free, and may be had; ``None`` where the system does not say."""
    known = [found for found in (_free(), *map(_limit, _GROUPS)) if found is not None]
    return min(known, default=None)


def _free() -> int | None:
    with suppress(OSError, ValueError, IndexError):
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    return None


def _limit(file: Path) -> int | None:
    with suppress(OSError, ValueError):  # "max" is no number: there is no limit
        return int(file.read_text(encoding="ascii"))
    return None
