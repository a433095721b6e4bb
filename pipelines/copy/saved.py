"""What dlt has saved in a copy, read without the schema beside it, which costs more than all the rest of a look."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dlt.common.versioned_state import decompress_state
from dlt.pipeline.state_sync import migrate_state_to_current

from pylon_elt.sources.pylon.copy.copied import Copied

_STATE = (
    "SELECT {s.state} FROM {_dlt_pipeline_state} AS s JOIN {_dlt_loads} AS l ON {l.load_id} = {s._dlt_load_id}"
    " WHERE {s.pipeline_name} = %s AND {l.status} = 0 ORDER BY {l.load_id} DESC"
)
"""As dlt asks for it: the state came with the newest load that is complete."""


def state(copied: Copied, pipeline: str) -> Mapping[str, Any]:
    """Return the state of a pipeline as it was saved with the last load; empty where nothing has been loaded."""
    rows = copied.select(_STATE, pipeline, most=1)
    return decoded(rows[0][0], pipeline) if rows else {}


def decoded(text: str, pipeline: str) -> Mapping[str, Any]:
    """Return the state of a pipeline from the text as which dlt keeps it."""
    return migrate_state_to_current(pipeline, decompress_state(text))
