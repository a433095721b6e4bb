"""A comparison for which only a server with all issues could give the listing: it is made from the copy."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pyarrow.parquet as pq

from pylon_elt.pipelines.copy.destinations import open_own_pipeline
from pylon_elt.pipelines.run.job import Job
from pylon_elt.sources.pylon.copy.state import Stretch
from pylon_elt.sources.pylon.lanes import reading
from pylon_elt.sources.pylon.lanes.pieces import Batch
from pylon_elt.sources.pylon.settings import settings

from .multiplying import LISTED
from .stopwatch import Stopwatch
from .verbs import written

PAGE = 1000
"""Issues in a page of a listing."""


def compared(watch: Stopwatch, folder: Path) -> dict[str, Any]:
    """Compare a copy with a listing that was made from it: the server has only the few issues that were multiplied."""
    pipeline = open_own_pipeline()
    config = settings(os.environ["PYLON_API_KEY"], base_url=os.environ["SOURCES__PYLON__BASE_URL"])

    async def listed(
        _reader: Any, _past: Any, stretch: Stretch, *_: Any
    ) -> AsyncIterator[tuple[None, Batch]]:
        now = datetime.now(UTC)
        with pq.ParquetFile(folder / LISTED) as file:
            for number in range(file.num_row_groups):  # else all of it would be on the comparison's bill
                for page in file.read_row_group(number).to_batches(PAGE):
                    yield None, Batch(page.to_pylist(), now)
        stretch.history_complete = True

    with patch.object(reading, "newest_to_oldest", listed), watch:
        outcome = Job(pipeline, config).reconcile()
    return {
        "stored": outcome.stored,
        "listed": outcome.listed,
        "removed": outcome.removed,
        "written": written(),
    }
