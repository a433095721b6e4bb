"""How the process holds memory: what a turn took is given back, so that a long run needs no more than a short one."""

from __future__ import annotations

import ctypes
import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache

COLLECTIONS = (50_000, 20, 20)
"""When Python looks for cycles: at its own thresholds, that is a sixth of the CPU time of a short verb."""
ALLOCATORS = {
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    "DUCKDB_JE_MALLOC_CONF": "dirty_decay_ms:0,muzzy_decay_ms:0",
}
"""What DuckDB and Arrow read of the environment while they are imported.

Each brings an allocator of its own, which keeps for seconds what was freed: 30 MB of Arrow's stay while DuckDB loads,
and 20 MB of DuckDB's beside what it holds. Arrow is let use the C library's heap, which is trimmed after each turn.
"""
_M_ARENA_MAX = -8
"""The parameter's number in glibc's ``malloc.h``."""


@contextmanager
def rare_collections() -> Iterator[None]:
    """Let Python look for cycles less often while the block runs.

    A page is a hundred thousand objects that live for a while and hold no cycle; at Python's own thresholds, walking
    them again and again is a sixth of a load's CPU time.
    """
    before = gc.get_threshold()
    frozen = gc.get_freeze_count()  # by who has begun us, as the tests do, and will not have it thawed
    if not frozen:
        gc.freeze()
    gc.set_threshold(*COLLECTIONS)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        if not frozen:
            gc.unfreeze()


def import_frugally() -> None:
    """Import DuckDB and Arrow so that they give back what they free; nothing changes where they are imported already.

    For what loads. In a long query DuckDB would get the same pages again and again, for a fifth more CPU time; a load
    takes no more. The environment is as before afterwards: children may query. What users have set in it stays.
    """
    ours = {name: value for name, value in ALLOCATORS.items() if name not in os.environ}
    os.environ.update(ours)
    try:
        import duckdb  # noqa: F401
        import pyarrow as pa

        pa.default_memory_pool()  # chosen when it is first asked for
    finally:
        for name in ours:
            del os.environ[name]


def share_one_heap() -> None:
    """Let all threads of this process allocate from one heap, where that can be chosen (glibc).

    Each turn reads in a new thread. Left alone, glibc gives these one heap after the other, and each keeps what was
    freed: 400 MB after ten turns, for a few megabytes in use. Python's lock lets only one thread allocate anyway.
    """
    if (glibc := _glibc()) is not None:
        glibc.mallopt(_M_ARENA_MAX, 1)


def give_back() -> None:
    """Return to the system what is no longer used: by Python's cycles, by Arrow, by the C library."""
    import pyarrow as pa

    gc.collect()
    pa.default_memory_pool().release_unused()
    if (glibc := _glibc()) is not None:
        glibc.malloc_trim(0)


@cache
def _glibc() -> ctypes.CDLL | None:
    """Return the C library of this process if it is glibc; musl and others have neither of the two calls."""
    with suppress(ValueError, OSError, AttributeError):
        if os.confstr("CS_GNU_LIBC_VERSION"):
            return ctypes.CDLL(None)
    return None
