"""How a run begins: nobody else is at it, and nothing is left over from one that was killed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import dlt
from dlt.common.runtime import signals
from dlt.extract.concurrency import FuturesPool

from pylon_elt.sources.pylon.catalog import TABLES
from pylon_elt.sources.pylon.copy.load_ids import bring_back
from pylon_elt.sources.pylon.copy.neighbours import refuse_neighbours

from ..base import desk, exits
from ..base.memory import rare_collections, share_one_heap
from ..copy import fence, relief
from ..copy.dependants import refuse_silent_losses
from ..copy.holder import require_free
from ..copy.lake_upkeep import require_settings
from ..copy.lock import run_lock
from .leftover import flush, pending

if TYPE_CHECKING:
    from pylon_elt.sources.pylon.copy.copied import Copied

    from ..copy.holder import Holder

LOOK_SETTING, LOOK_SECONDS = "extract.futures_poll_interval", 0.25
"""How often dlt looks up from waiting for the lanes; with its own 0.01 that is a third of a paced run's CPU time."""
PAUSE_SECONDS = 0.001
"""How long dlt waits where there is no lane left to wait for, as where the reading of a load or of a list ends."""
LANES_SETTING = "extract.max_parallel_items"
"""How many lanes dlt waits for at once; with its own 20, the lanes that only wait would keep others from beginning."""


@contextmanager
def begun(
    pipeline: dlt.Pipeline,
    copied: Copied,
    warn: Callable[[str], None],
    restore: Callable[[dlt.Pipeline, Copied], str],
) -> Iterator[None]:
    """Hold the lock and the connection, with nothing left over from a killed run, and all tables there.

    From then on the pipeline loads only while the lock is held; see :mod:`..copy.fence`.

    Args:
        pipeline: The pipeline.
        copied: What its destination holds.
        warn: Told what other hands have done, and what was done about it.
        restore: Makes the tables again that are gone, and returns what is to be told of it.

    Raises:
        Problem: The lock is held, or the destination cannot be used.
        ConfigurationError: The dataset, or its staging dataset, belongs to another copy; or a setting cannot be used.
    """
    require_settings(pipeline)
    for name, value in ((LOOK_SETTING, LOOK_SECONDS), (LANES_SETTING, 2 * len(TABLES))):
        if dlt.config.get(name) is None:
            dlt.config[name] = value
    FuturesPool.sleep = _pause  # type: ignore[method-assign]
    share_one_heap()
    with run_lock(pipeline) as require_lock, copied, rare_collections():
        require_free(pipeline, copied)
        _refuse_other_desks(pipeline, copied)
        refuse_silent_losses(pipeline, copied)
        refuse_neighbours(copied)  # before a killed run's package is loaded, which would write over them
        with fence.fenced_in(pipeline, copied, warn) as holder:
            settle(pipeline, copied, warn, holder)
            fence.put_up(pipeline, copied, require_lock, holder)
            if told := restore(pipeline, copied):
                warn(told)
            yield


def _pause(self: FuturesPool) -> None:  # noqa: ARG001 - takes the place of a method
    """Wait for less than dlt does, which waits here for as long as it does for lanes."""
    signals.sleep(PAUSE_SECONDS)


def _refuse_other_desks(pipeline: dlt.Pipeline, copied: Copied) -> None:
    """Make sure that no other desk's copy is in the dataset: tables of both would have one name.

    Raises:
        Problem: One is.
    """
    loads = copied.select("SELECT DISTINCT {l.schema_name} FROM {_dlt_loads} AS l WHERE {l.status} = 0")
    others = {str(row[0]) for row in loads} & set(desk.NAMES) - {pipeline.pipeline_name}
    if others:
        raise exits.Problem(
            f"The dataset {pipeline.dataset_name} holds a copy that was made by {min(others)} run.",
            f"Load into another one, with: {desk.command('run', another='dataset')}",
            exits.CONFIGURATION,
        )


def settle(
    pipeline: dlt.Pipeline, copied: Copied, warn: Callable[[str], None], holder: Holder | None = None
) -> None:
    """Load what a killed run left behind, then take the destination's word for everything.

    A package that does not build on the destination's last load is given up: another machine has gone on since, or a
    backup was put in its place. So is one that is that load: it is complete, only its files were not put away; and one
    whose schema a kill left unsaved, which dlt passes over without a word. Giving a package up loses nothing, since its
    progress is in the package itself and will be made again.

    Args:
        pipeline: The pipeline; the caller has the lock.
        copied: What its destination holds. It is connected to from here on.
        warn: Told what could not be loaded.
        holder: Who has the copy, if anybody.
    """
    if pipeline.default_schema_name and (waiting := pending(pipeline)):
        newest = fence.last_load(copied)
        if not fence.is_stale(pipeline, waiting, newest, holder):
            fence.take_over(pipeline, holder)
            flush(
                pipeline,
                lambda run: relief.load(pipeline, copied, run),
                lambda: fence.last_load(copied),
                warn,
            )
    # the state at the destination is the only one: local state that is ahead of it, as after a backup was restored,
    # would leave a gap for ever; what a killed extract left goes with it
    pipeline.drop()
    pipeline.activate()
    copied.open()
    bring_back(copied, time.time())
    pipeline.sync_destination()
    pipeline._state_restored = True  # noqa: SLF001 - while the lock is held, dlt need not ask again when it runs
