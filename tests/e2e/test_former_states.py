"""What dlt keeps of former runs does not grow for ever, and a run goes on from the last of it."""

from __future__ import annotations

from typing import Any

import duckdb
import pytest
from support import runs

from pylon_elt.pipelines.copy.former_states import KEPT

_STATE = "pylon._dlt_pipeline_state"


def add_former(copy: runs.Copy, number: int) -> None:
    """Put as many former runs into a copy, and the state of another pipeline of whom nobody here knows anything."""
    with duckdb.connect(str(copy.database)) as connection:
        for table, column in (("pylon._dlt_loads", "load_id"), (_STATE, "_dlt_load_id")):
            connection.execute(
                f"INSERT INTO {table} SELECT t.* REPLACE ((1600000000.5 + 300 * n)::VARCHAR AS {column})"
                f" FROM (FROM {table} ORDER BY {column} DESC LIMIT 1) AS t, range({number}) AS r(n)"
            )
        connection.execute(
            f"INSERT INTO {_STATE} SELECT * REPLACE ('other' AS pipeline_name) FROM {_STATE} LIMIT 3"
        )


def states(copy: runs.Copy) -> dict[str, int]:
    with duckdb.connect(str(copy.database), read_only=True) as connection:
        sql = f"SELECT pipeline_name, count(*) FROM {_STATE} GROUP BY 1"
        return dict(connection.execute(sql).fetchall())


@pytest.mark.parametrize("former", [KEPT, 5 * KEPT])
def test_states_of_former_runs_go_once_there_are_many(former: int, loaded: Any) -> None:
    copy = loaded()
    before = states(copy)["pylon"]
    add_former(copy, former)
    copy.run()
    its = KEPT if former > 2 * KEPT else former + before + 1
    assert states(copy) == {"pylon": its, "other": 3}
    copy.world.advance(60)
    again = copy.run(machine="another")
    assert again.asked == {runs.SEARCH: 1}, "what was read is known from the copy"
    copy.assert_equal()
