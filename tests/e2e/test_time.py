"""Time is right whatever the machine's clock, the server's clock and the zone of the database are."""

from __future__ import annotations

from typing import Any

import pytest
from support import runs

FIRST, LAST = "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z"


@pytest.mark.parametrize(
    ("field", "edge"),
    [
        *((field, edge) for field in ("updated_at", "latest_message_time") for edge in (FIRST, LAST)),
        ("updated_at", "9999-12-31T23:59:59Z"),
        ("latest_message_time", "0001-01-01T00:00:00+09:00"),
        ("latest_message_time", "12000-01-01T00:00:00Z"),
    ],
)
def test_the_first_and_the_last_year_that_there_are_fail_nothing(fresh: Any, field: str, edge: str) -> None:
    copy = fresh(options={"tables": runs.ISSUE_TABLES})
    for ref in copy.world.issue_ids()[:2]:
        copy.world.touch_silently(ref, **{field: edge})
    for _ in range(2):
        copy.run(reconcile_hours=1e-9)
    copy.assert_equal()
    assert copy.job().reconcile().mended == 0
