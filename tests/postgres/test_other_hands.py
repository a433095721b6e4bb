"""What others do in the database of a copy, on a real Postgres."""

from __future__ import annotations

from typing import Any

import pytest
from support.ordeal import ONE_TURN
from support.site import PostgresCopy, Site

from pylon_elt.sources.pylon.catalog import TABLES as ALL

EVERYTHING = tuple(name for name in ALL if name != "deletions")
TYPES = {"custom_object_types": ["companies", "work-orders"]}
CHILD = "GET /issues/{id}/messages"


def by_hand(site: Site, statement: str) -> list[tuple[Any, ...]]:
    """Run a statement in the copy as somebody would with a client of his own."""
    assert isinstance(site.copy, PostgresCopy)
    return site.copy.postgres.execute(statement, site.copy.name)


@pytest.mark.parametrize("table", ["issues", "issue_messages", "issue_sync", "teams"])
def test_a_table_that_was_dropped_is_made_again_and_read_anew(site: Site, table: str) -> None:
    site.finish(turns=ONE_TURN)
    by_hand(site, f"DROP TABLE pylon.{table}")
    site.finish(turns=ONE_TURN)
    site.check()


def test_rows_that_were_deleted_by_hand_come_back_and_nothing_else_is_read(site: Site) -> None:
    options: dict[str, Any] = {"tables": EVERYTHING, "turns": ONE_TURN}
    daily = {"settings": TYPES | {"reconcile_hours": 1e-9}}
    site.finish(**options, settings=TYPES)
    mark = len(site.server.log)
    site.finish(**options, **daily)
    assert not [record for record in site.server.log[mark:] if record.endpoint == CHILD]
    ((ref,),) = by_hand(site, "SELECT MIN(issue_id) FROM pylon.issue_messages")
    by_hand(site, f"DELETE FROM pylon.issue_messages WHERE issue_id = '{ref}'")
    mark = len(site.server.log)
    site.finish(**options, **daily)
    asked = [record.path for record in site.server.log[mark:] if record.endpoint == CHILD]
    assert asked == [f"/issues/{ref}/messages"]
    site.check(EVERYTHING)
