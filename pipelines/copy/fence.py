"""A fence around loads: a run that has lost its place to another one loads nothing more.

The lock of a run can be lost without a word: the server closes the session that holds it, a machine sleeps, a backup is
put in the copy's place. What such a run has read is older than what the copy holds by then. So each load package knows
the load upon which it builds, and is loaded only while that is the copy's newest.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..base import exits

if TYPE_CHECKING:
    import dlt

    from pylon_elt.sources.pylon.copy.copied import Copied

BASE = "builds_on"
"""The key in dlt's local state, which lies beside the packages, for the load on which the newest of them builds."""
UNKNOWN = "unknown"


def last_load(copied: Copied) -> float | None:
    """Return the id of the newest complete load at the destination; ids are seconds since 1970."""
    rows = copied.select("SELECT {l.load_id} FROM {_dlt_loads} AS l WHERE {l.status} = 0")
    return max((float(row[0]) for row in rows), default=None)


def is_stale(pipeline: dlt.Pipeline, waiting: list[str], newest: float | None) -> bool:
    """Say whether the packages that wait were made for a copy that is another by now.

    Args:
        pipeline: The pipeline.
        waiting: The ids of its pending packages, the oldest first.
        newest: The copy's newest load, ``None`` where it has none.
    """
    if not waiting:
        return False
    base = pipeline.state.get("_local", {}).get(BASE, UNKNOWN)
    if base != UNKNOWN:  # packages of earlier versions do not say
        return bool(base != newest)
    return newest is not None and float(waiting[0]) <= newest


def put_up(pipeline: dlt.Pipeline, copied: Copied, require_lock: Callable[[], None]) -> None:
    """Let the pipeline extract and load only while nobody else has loaded since this run began, or its last load.

    What it has read by then stays pending, and is given up when the next run begins: see :func:`is_stale`.

    dlt offers no place between extraction and load, so that the two methods of this one pipeline are wrapped.

    Args:
        pipeline: The pipeline of a run that has the lock.
        copied: What its destination holds.
        require_lock: Raises ``Problem`` where the lock is held no more, and cannot be had again.
    """
    extract, load = pipeline.extract, pipeline.load
    own = last_load(copied)

    def require() -> None:
        require_lock()
        if last_load(copied) != own:
            raise exits.Problem(
                "Another run has loaded into this copy while this one was at work: its lock was lost, or a backup was"
                " put in the copy's place. What this one had read is older, and was not loaded.",
                "Nothing is lost. Run again: what is due is read by what the copy holds now.",
                exits.LOCKED,
            )

    def extracted(*given: Any, **named: Any) -> Any:
        require()
        pipeline.set_local_state_val(BASE, own)
        return extract(*given, **named)

    def loaded(*given: Any, **named: Any) -> Any:
        nonlocal own
        require()
        info = load(*given, **named)
        own = last_load(copied)
        return info

    pipeline.extract, pipeline.load = extracted, loaded  # type: ignore[method-assign]
