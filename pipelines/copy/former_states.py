"""The states that dlt keeps of former runs, of which only the newest is ever read.

Each run leaves one, of some kilobytes; of several hundred runs a day they would become the most of a copy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dlt.destinations.exceptions import DatabaseException

if TYPE_CHECKING:
    import dlt

    from pylon_elt.sources.pylon.copy.copied import Copied

KEPT = 100
"""So many stay, for whoever looks into what a run did; they go once there are twice as many."""
_NEWEST = (
    "SELECT {s._dlt_load_id} FROM {_dlt_pipeline_state} AS s JOIN {_dlt_loads} AS l ON {l.load_id} = {s._dlt_load_id}"
    " WHERE {s.pipeline_name} = %s AND {l.status} = 0 ORDER BY {l.load_id} DESC"
)
"""Those whose load is complete, in the order in which dlt looks for the last one."""
_FORGET = "DELETE FROM {_dlt_pipeline_state} WHERE {.pipeline_name} = %s AND {._dlt_load_id} < %s"


def forget(pipeline: dlt.Pipeline, copied: Copied) -> str:
    """Remove the states of a pipeline that are old; return what is to be told where that is not possible, else nothing.

    Args:
        pipeline: The pipeline; the caller has the lock.
        copied: Its destination.
    """
    name = pipeline.pipeline_name
    try:
        newest = copied.select(_NEWEST, name, most=2 * KEPT)
        if len(newest) == 2 * KEPT:
            copied.execute(_FORGET, name, newest[KEPT - 1][0])
    except DatabaseException as error:
        return f"The states of former runs could not be removed: {str(error).splitlines()[0]}"
    return ""
