"""More memory for DuckDB where one load needs it, as that of a conversation of a hundred megabytes does."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from dlt.pipeline.exceptions import PipelineStepFailed

from ..base.causes import chain
from .destinations import DUCKDB_CONFIG, LIMIT, limit_memory

if TYPE_CHECKING:
    import dlt

    from pylon_elt.sources.pylon.copy.copied import Copied

STEPS = (512, 2048, 8192)
"""What it is given instead, in MB, one after the other, as far as the machine has it."""
SHARE = 0.75
"""The share of the machine's memory that no step exceeds."""


def load(pipeline: dlt.Pipeline, copied: Copied, run: Callable[[], Any]) -> None:
    """Run a load; where DuckDB runs out of memory, give it more and load on.

    What users have set themselves stays as it is.

    Args:
        pipeline: The pipeline; what is left of the load is pending in it.
        copied: Its destination, held open, so that the limit holds for all connections of this process.
        run: Extracts and loads.

    Raises:
        PipelineStepFailed: It failed for another reason, or with all the memory that there is.
    """
    given, usual = 0, DUCKDB_CONFIG[LIMIT]
    try:
        while True:
            try:
                run()
            except PipelineStepFailed as error:
                if not _is_short(error) or not (given or _is_usual(copied)):
                    raise
                more = next((step for step in _steps() if step > given), None)
                if more is None:
                    raise
                _limit(copied, f"{more}MB")
                given, run = more, pipeline.run
            else:
                return
    finally:
        if given:
            with suppress(Exception):  # a connection that is lost has no limit to be set back
                _limit(copied, usual)


def _is_short(error: BaseException) -> bool:
    return any(type(cause).__name__ == "OutOfMemoryException" for cause in chain(error))


def _is_usual(copied: Copied) -> bool:
    """Whether the limit is ours; DuckDB tells it in MiB, cut or rounded to a decimal."""
    rows = copied.select(f"SELECT current_setting('{LIMIT}')")
    number, _, unit = str(rows[0][0]).partition(" ") if rows else ("", "", "")
    return unit == "MiB" and abs(float(number) - int(DUCKDB_CONFIG[LIMIT][:-2]) * 1e6 / 2**20) <= 0.1


def _steps() -> Iterator[int]:
    most = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e6 * SHARE
    return (step for step in STEPS if step <= most)


def _limit(copied: Copied, limit: str) -> None:
    limit_memory(limit)
    copied.execute(f"SET {LIMIT} = '{limit}'")
