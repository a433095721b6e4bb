"""A fence around loads: a run that has lost its place to another one loads nothing more.

The lock of a run can be lost without a word: the server closes the session that holds it, a machine sleeps, a backup is
put in the copy's place. What such a run has read is older than what the copy holds by then. So each load package knows
the load upon which it builds, and is loaded only while that is the copy's newest; and each transaction of its load
looks whether another run has begun since (:mod:`.fenced`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from dlt.destinations.exceptions import DatabaseException
from dlt.pipeline.exceptions import PipelineStepFailed

from ..base.causes import chain
from .fenced import fenced
from .holder import Holder, Overtaken, held

if TYPE_CHECKING:
    import dlt

    from pylon_elt.sources.pylon.copy.copied import Copied

BASE = "builds_on"
"""The key in dlt's local state, which lies beside the packages, for the load on which the newest of them builds."""
HELD_BY = "held_by"
"""The key for the run that last had the copy from this working folder, and made the newest of them."""
UNKNOWN = "unknown"


@contextmanager
def fenced_in(pipeline: dlt.Pipeline, copied: Copied, warn: Callable[[str], None]) -> Iterator[Holder | None]:
    """Have the copy, and write to it only while that is so.

    Args:
        pipeline: The pipeline; the caller has the lock.
        copied: What its destination holds.
        warn: Told that a destination cannot be fenced.

    Raises:
        Problem: Another run has it (exit code 75).
        Overtaken: Another run has taken it meanwhile.
    """
    own = str(_known(pipeline).get(HELD_BY, ""))
    with held(pipeline, copied, own, warn) as holder, fenced(pipeline, holder):
        if holder:
            copied.close()  # its connections are older than the fence
        try:
            yield holder
        except (PipelineStepFailed, DatabaseException) as error:
            if holder and _is_overtaken(error, holder, copied):
                raise Overtaken from error
            raise


def last_load(copied: Copied) -> float | None:
    """Return the id of the newest complete load at the destination; ids are seconds since 1970."""
    rows = copied.select("SELECT {l.load_id} FROM {_dlt_loads} AS l WHERE {l.status} = 0")
    return max((float(row[0]) for row in rows), default=None)


def is_stale(pipeline: dlt.Pipeline, waiting: list[str], newest: float | None, holder: Holder | None) -> bool:
    """Say whether the packages that wait were made for a copy that is another by now.

    It is another one also where a run from elsewhere has begun and not completed a load: dlt takes what is in its
    staging tables for what it put there.

    Args:
        pipeline: The pipeline.
        waiting: The ids of its pending packages, the oldest first.
        newest: The copy's newest load, ``None`` where it has none.
        holder: Who has the copy now, if anybody.
    """
    if not waiting:
        return False
    known = _known(pipeline)
    if holder and HELD_BY in known and known[HELD_BY] != holder.before:
        return True
    base = known.get(BASE, UNKNOWN)
    if base != UNKNOWN:  # packages of earlier versions do not say
        return bool(base != newest)
    return newest is not None and float(waiting[0]) <= newest


def take_over(pipeline: dlt.Pipeline, holder: Holder | None) -> None:
    """Let what waits be this run's, which is about to load it."""
    if holder:
        pipeline.set_local_state_val(HELD_BY, holder.run)


def put_up(
    pipeline: dlt.Pipeline, copied: Copied, require_lock: Callable[[], None], holder: Holder | None
) -> None:
    """Let the pipeline extract and load only while nobody else has loaded since this run began, or its last load.

    What it has read by then stays pending, and is given up when the next run begins: see :func:`is_stale`.

    dlt offers no place between extraction and load, so that the two methods of this one pipeline are wrapped.

    Args:
        pipeline: The pipeline of a run that has the lock.
        copied: What its destination holds.
        require_lock: Raises ``Problem`` where the lock is held no more, and cannot be had again.
        holder: Who has the copy, if anybody; it is another one for each load.
    """
    extract, load = pipeline.extract, pipeline.load
    own = last_load(copied)

    def require() -> None:
        require_lock()
        if holder:
            holder.require(copied)
        if last_load(copied) != own:
            raise Overtaken

    def extracted(*given: Any, **named: Any) -> Any:
        require()
        pipeline.set_local_state_val(BASE, own)
        take_over(pipeline, holder)
        return extract(*given, **named)

    def loaded(*given: Any, **named: Any) -> Any:
        nonlocal own
        require()
        info = load(*given, **named)
        # the newest as before, where the clock has been set back meanwhile
        own = max([*map(float, info.loads_ids), *([] if own is None else [own])], default=None)
        return info

    pipeline.extract, pipeline.load = extracted, loaded  # type: ignore[method-assign]


def _is_overtaken(error: Exception, holder: Holder, copied: Copied) -> bool:
    """Whether what a run failed by is that another one has the copy, as after a server was replaced under both."""
    if any(isinstance(cause, Overtaken) for cause in chain(error)):
        return True
    with suppress(Exception):  # the first error is what is told
        return not holder.has(copied)
    return False


def _known(pipeline: dlt.Pipeline) -> dict[str, Any]:
    """Return what the working folder says of the packages in it."""
    return dict(pipeline.state.get("_local", {}))
