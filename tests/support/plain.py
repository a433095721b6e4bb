"""The source as users of dlt call it, without the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import dlt
import pytest
from dlt.pipeline.exceptions import PipelineStepFailed

from pylon_elt.pipelines.base.causes import chain
from pylon_elt.sources.pylon import pylon_source
from pylon_elt.sources.pylon.errors import ConfigurationError

from . import runs

LIMITS = {"rate_limits": runs.UNLIMITED, "rate_window_seconds": 1.0, "timeout_seconds": 5.0}


def source(server: Any, **options: Any) -> Any:
    """Return a source that reads a server."""
    return pylon_source(**{"api_key": server.token, "base_url": server.base_url, **LIMITS, **options})


def pipeline_to(folder: Path, destination: Any = None) -> Any:
    """Return a pipeline into a file of a folder; it has another name than the dataset, as dlt's own destination wants it."""
    return dlt.pipeline(
        "by_hand",
        destination=destination or dlt.destinations.duckdb(str(folder / "copy.duckdb")),
        dataset_name="desk",
        pipelines_dir=str(folder / "machine"),
    )


def refusal(pipeline: Any, read: Any, **options: Any) -> str:
    """Run, and return why that was refused."""
    with pytest.raises(PipelineStepFailed) as caught:
        pipeline.run(read, **options)
    assert not pipeline.has_pending_data, "nothing is stuck"
    return str(next(cause for cause in chain(caught.value) if isinstance(cause, ConfigurationError)))
