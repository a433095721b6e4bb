"""More memory for DuckDB where one load needs it, as that of a conversation of a hundred megabytes does."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from dlt.pipeline.exceptions import PipelineStepFailed

from . import duckdb_memory
from .destinations import is_limited

if TYPE_CHECKING:
    import dlt

    from pylon_elt.sources.pylon.copy.copied import Copied


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
    try:
        run()
    except PipelineStepFailed as error:
        if not (duckdb_memory.is_short(error) and is_limited(pipeline)):
            raise
        duckdb_memory.again(pipeline.run, error, copied.execute)
