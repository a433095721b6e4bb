"""What others do in the database of a copy: no run is stopped by it for good, and the copy becomes the source again."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

import duckdb
import pytest
from support import runs, worlds

from pylon_elt.pipelines.run import job as job_module
from pylon_elt.sources.pylon.catalog import with_ledgers

NESTED = with_ledgers({"tasks", "task_comments", "custom_fields", "custom_field_versions"})


def by_hand(copy: runs.Copy, statement: str) -> list[Any]:
    """Run a statement in the copy as somebody would with a client of his own."""
    with duckdb.connect(str(copy.database)) as connection:
        return connection.execute(statement).fetchall()


@pytest.mark.parametrize(
    ("table", "asked"),
    [
        ("tags", ["GET /tags"]),
        ("issue_messages", [runs.MESSAGES]),
        ("issue_sync", list(runs.CONVERSATIONS)),
        ("issues", [runs.LIST]),
    ],
)
def test_a_table_that_was_dropped_is_made_again_and_read_anew(
    loaded: Any, table: str, asked: Sequence[str]
) -> None:
    copy = loaded(options={"tables": tuple(runs.TABLES)})
    copy.run()
    by_hand(copy, f"DROP TABLE pylon.{table}")
    run = copy.run()
    (warning,) = run.report.warnings
    assert warning.startswith(f"Gone from the database, by other hands than this program's: {table} (")
    assert all(run.asked[endpoint] for endpoint in asked)
    copy.assert_equal()
    again = copy.run()
    assert not again.report.warnings
    assert set(again.asked) == {runs.SEARCH}


def test_what_was_read_before_the_drop_is_read_again_in_however_many_turns(
    loaded: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = loaded()
    copy.run()
    by_hand(copy, "DROP TABLE pylon.issue_messages")
    monkeypatch.setattr(job_module, "TURN_DUE", 7)
    run = copy.run()
    assert run.job.turns > 3
    assert not run.asked[runs.THREADS]
    copy.assert_equal()


def test_what_hangs_on_collections_is_read_again_after_a_drop(fresh: Any) -> None:
    copy = fresh(options={"tables": NESTED})
    copy.run()
    for table in ("tasks", "task_comments", "parent_sync"):
        by_hand(copy, f"DROP TABLE pylon.{table}")
        copy.run()
        copy.assert_equal([name for name in NESTED if name != "custom_field_versions"])


def test_what_cannot_be_read_again_is_made_again_empty(fresh: Any) -> None:
    copy = fresh(options={"tables": NESTED})
    copy.run()
    by_hand(copy, "DROP TABLE pylon.custom_field_versions")
    run = copy.run()
    assert "custom_field_versions (made again, but what it recorded of former times" in run.report.warnings[0]
    assert by_hand(copy, "SELECT COUNT(*) FROM pylon.custom_field_versions") == [(0,)]


def test_all_tables_of_a_copy_may_be_dropped_at_once(loaded: Any) -> None:
    copy = loaded()
    copy.run()
    for table in runs.ISSUE_TABLES:
        by_hand(copy, f"DROP TABLE pylon.{table}")
    copy.run()
    copy.assert_equal()


@pytest.mark.parametrize("table", ["_dlt_loads", "_dlt_pipeline_state", "_dlt_version"])
def test_a_table_of_dlt_itself_may_be_dropped(loaded: Any, table: str) -> None:
    copy = loaded()
    copy.run()
    by_hand(copy, f"DROP TABLE pylon.{table}")
    worlds.stir(copy.world, Random(1), 5)
    copy.world.advance(5)
    copy.run()
    copy.assert_equal()
