"""What a run that ended early left behind: load packages that are to be loaded first, or else set aside."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from dlt.pipeline.exceptions import PipelineStepFailed

from ..base import exits
from ..base.causes import chain, explain
from ..base.wording import count
from ..copy.inspection import EXTRACTED, WAITING, packages

if TYPE_CHECKING:
    import dlt

KEPT = 5
"""Packages set aside beyond so many are deleted, the oldest first: they are for whoever wants to know why."""
_PLACES = (*WAITING, "load/loaded")
"""Where dlt keeps the packages of a working folder; in the last, those that it gave up too."""

_HALF_WRITTEN = re.compile(r"[0-9a-f]{16}|[0-9a-f]{32}")
"""How dlt calls a file of a package until it is whole (``FileStorage``). Where one is left, dlt reads none of them."""


def flush(
    pipeline: dlt.Pipeline,
    load: Callable[[Callable[[], object]], None],
    reach: Callable[[], object],
    warn: Callable[[str], None],
) -> None:
    """Load the pending packages; what the destination does not take is set aside, so that it stops no run for good.

    Setting packages aside loses nothing, since the destination's state knows nothing of them: what they hold is due
    again.

    Args:
        pipeline: The pipeline; the caller has the lock.
        load: Runs what loads them.
        reach: Asks the destination anything, and raises if it cannot be reached.
        warn: Told what was set aside, and where.

    Raises:
        Exception: The destination cannot be used at all; the packages stay.
    """
    _tidy(Path(pipeline.working_dir))
    while pipeline.has_pending_data:
        waiting = pending(pipeline)
        try:
            load(pipeline.run)
        except Exception as error:  # what dlt cannot read, it cannot tell of either, and raises anything
            normalizing = isinstance(error, PipelineStepFailed) and error.step == "normalize"
            if not normalizing and not _is_at_fault(error, reach):
                raise
            done = _loaded(pipeline, waiting)
            place = set_aside(pipeline, [load_id for load_id in waiting if load_id not in done])
            warn(_told(len(waiting) - len(done), error, place))
            return


def pending(pipeline: dlt.Pipeline) -> list[str]:
    """Return the ids of the packages that wait to be loaded, the oldest first.

    A kill while dlt makes or deletes its folders leaves only some of them, and dlt cannot list what is not there.
    """
    work = Path(pipeline.working_dir)
    if not (work / EXTRACTED).is_dir():
        return []
    return sorted(set(packages(work, WAITING)), key=float)


def set_aside(pipeline: dlt.Pipeline, load_ids: Sequence[str]) -> Path:
    """Move packages into a folder beside the working folder, and return that.

    The newest goes first: a kill on the way leaves no package without those that it builds upon.
    """
    work = Path(pipeline.working_dir)
    folder = work.with_name(f"{work.name}.set_aside")
    folder.mkdir(exist_ok=True)
    for load_id in reversed(load_ids):
        for place in _PLACES:
            if (package := work / place / load_id).is_dir():
                shutil.rmtree(folder / load_id, ignore_errors=True)
                package.rename(folder / load_id)
    for old in sorted(folder.iterdir(), key=lambda entry: entry.name)[:-KEPT]:
        shutil.rmtree(old, ignore_errors=True)
    return folder


def _tidy(work: Path) -> None:
    """Remove what a kill in the middle of a step left of it, and what the step that it ended was made of.

    A package that is there twice was normalized whole, by a rename, and dlt could not normalize it again.
    """
    extracted, normalized = (work / place for place in WAITING)
    for package in normalized.glob("*"):
        shutil.rmtree(extracted / package.name, ignore_errors=True)
    for place in WAITING:
        for file in (work / place).glob("*/*_jobs/*"):
            if _HALF_WRITTEN.fullmatch(file.name):
                file.unlink()


def _is_at_fault(error: Exception, reach: Callable[[], object]) -> bool:
    """Whether it is for the packages that they cannot be loaded; otherwise nothing else could be either."""
    stopped = any(isinstance(cause, KeyboardInterrupt) for cause in chain(error))
    if stopped or explain(error).code != exits.FAILED:
        return False
    with suppress(Exception):
        reach()
        return True
    return False


def _loaded(pipeline: dlt.Pipeline, load_ids: Sequence[str]) -> set[str]:
    """Return which packages are loaded in full; those that dlt gave up stand beside them."""
    kept = set(pipeline.list_completed_load_packages()).intersection(load_ids)
    return {load_id for load_id in kept if pipeline.get_load_package_info(load_id).state == "loaded"}


def _told(number: int, error: Exception, place: Path) -> str:
    return (
        f"{count(number, 'load package')} that an earlier run left could not be loaded"
        f" ({explain(error).what.removesuffix('.')}): set aside in {place}. Nothing is lost: all of it is read again."
        " The folder may be deleted."
    )
