"""What others do in the database of a copy: no run is stopped by it for good, and the copy becomes the source again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

import duckdb
import pytest
from support import runs, worlds

from pylon_elt.pipelines.run import job as job_module
from pylon_elt.pipelines.run import leftover
from pylon_elt.sources.pylon.catalog import TABLES, with_ledgers
from pylon_elt.sources.pylon.copy.copied import Copied
from pylon_elt.sources.pylon.copy.ledger import Ledger

pytestmark = pytest.mark.dear

EVERYTHING = tuple(TABLES)
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


def left_behind(copy: runs.Copy) -> Path:
    """End a run between normalize and load, and return the folder of its package."""
    ref = worlds.with_messages(copy.world, 2)
    copy.world.edit_issue(ref, title="Waits in a package")
    copy.world.delete_message(copy.world.messages(ref)[0]["id"])
    copy.world.advance(5)
    job = copy.job()

    def die(*_args: Any, **_options: Any) -> None:
        raise RuntimeError("killed")

    job.pipeline.load = die  # type: ignore[method-assign]
    with pytest.raises(RuntimeError):
        job.run()
    (load_id,) = job.pipeline.list_normalized_load_packages()
    return Path(job.pipeline.working_dir) / "load" / "normalized" / load_id


def test_a_package_that_cannot_be_loaded_is_set_aside_and_read_again(loaded: Any) -> None:
    copy = loaded()
    package = left_behind(copy)
    for file in (package / "new_jobs").glob("issue_messages.*"):
        file.write_bytes(b"what a full disk may leave of a file")
    run = copy.run()
    (warning,) = run.report.warnings
    aside = copy.folder / "machine" / "pylon.set_aside"
    assert "1 load package that an earlier run left could not be loaded" in warning
    assert f"set aside in {aside}." in warning
    assert (aside / package.name).is_dir()
    assert run.children_asked()
    copy.assert_equal()
    assert not copy.run().report.warnings


def test_a_package_for_a_table_that_was_dropped_is_set_aside_and_the_table_read_anew(loaded: Any) -> None:
    copy = loaded()
    left_behind(copy)
    by_hand(copy, "DROP TABLE pylon.issue_messages")
    warnings = copy.run().report.warnings
    assert ["set aside" in text for text in warnings] == [True, False]
    assert "issue_messages (made again, and read anew)" in warnings[1]
    copy.assert_equal()


def test_a_package_stays_while_the_destination_cannot_be_used(loaded: Any) -> None:
    copy = loaded()
    package = left_behind(copy)
    away = copy.database.with_name("away.duckdb")
    copy.database.rename(away)
    copy.database.mkdir()
    with pytest.raises(Exception, match=r"support\.duckdb"):
        copy.run()
    assert package.is_dir()
    copy.database.rmdir()
    away.rename(copy.database)
    assert copy.run().children_asked() == {}
    copy.assert_equal()


def test_only_some_packages_set_aside_are_kept(loaded: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leftover, "KEPT", 1)
    copy = loaded()
    for _ in range(2):
        package = left_behind(copy)
        by_hand(copy, "DROP TABLE pylon.issue_messages")
        copy.run()
    assert [entry.name for entry in (copy.folder / "machine" / "pylon.set_aside").iterdir()] == [package.name]


def test_rows_that_hang_on_others_and_were_deleted_by_hand_come_back_with_the_daily_comparison(
    fresh: Any,
) -> None:
    tables = (*runs.ISSUE_TABLES, *NESTED)
    copy = fresh(options={"tables": tables})
    copy.run()
    quiet = copy.run(reconcile_hours=1e-9)
    assert not quiet.report.warnings
    assert not quiet.children_asked(), "what was read is there"
    ref = worlds.with_messages(copy.world, 2)
    by_hand(copy, f"DELETE FROM pylon.issue_messages WHERE issue_id = '{ref}'")
    by_hand(copy, "DELETE FROM pylon.task_comments WHERE id = (SELECT MIN(id) FROM pylon.task_comments)")
    assert not copy.run().children_asked(), "not before it is due"
    run = copy.run(reconcile_hours=1e-9)
    assert run.children_asked() == {f"/issues/{ref}/messages": 1}
    (warning,) = run.report.warnings
    assert warning.endswith("1 of issue_messages, 1 of task_comments are due again.")
    copy.assert_equal([name for name in tables if name != "custom_field_versions"])


def test_issues_that_were_deleted_by_hand_come_back_with_the_daily_comparison(loaded: Any) -> None:
    copy = loaded()
    copy.run()
    copy.world.advance(3600)
    by_hand(copy, "DELETE FROM pylon.issues WHERE number % 3 = 0")
    run = copy.run(reconcile_hours=1e-9)
    assert run.job.outcome is not None
    assert run.job.outcome.mended
    assert run.job.outcome.removed == 0
    copy.assert_equal()


def test_a_view_is_no_obstacle_to_a_full_refresh(loaded: Any) -> None:
    copy = loaded()
    copy.run()
    by_hand(copy, "CREATE VIEW pylon.titles AS SELECT title FROM pylon.issues")
    assert not copy.run(full_refresh=True).report.warnings
    copy.assert_equal()
    assert by_hand(copy, "SELECT COUNT(*) FROM pylon.titles") == [(len(copy.world.issue_ids()),)]


@pytest.mark.parametrize(
    "statement",
    [
        "DROP TABLE pylon_dlt_staging.issue_messages",
        "ALTER TABLE pylon_dlt_staging.issues DROP COLUMN title",
        "DROP SCHEMA pylon_dlt_staging CASCADE",
    ],
)
def test_the_tables_through_which_dlt_loads_may_be_dropped(loaded: Any, statement: str) -> None:
    copy = loaded()
    copy.run()
    by_hand(copy, statement)
    ref = worlds.with_messages(copy.world, 2)
    copy.world.edit_issue(ref, title="Loaded through a table made again")
    copy.world.advance(5)
    run = copy.run()
    assert len(run.children_asked()) <= 3
    assert not run.report.warnings
    copy.assert_equal()


def test_a_column_that_was_dropped_is_made_again_and_its_table_read_anew(loaded: Any) -> None:
    copy = loaded()
    copy.run()
    by_hand(copy, "ALTER TABLE pylon.issues DROP COLUMN title")
    (warning,) = copy.run().report.warnings
    assert "issues.title (made again, and read anew)" in warning
    copy.assert_equal()
    assert not copy.run().report.warnings


def test_nothing_is_made_again_where_nobody_was(fresh: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = fresh(options={"tables": EVERYTHING, "custom_object_types": ["companies"]})
    copy.run()
    changes: list[Any] = []
    monkeypatch.setattr(Copied, "forget_schema", changes.append)
    monkeypatch.setattr(Ledger, "forget", changes.append)
    monkeypatch.setattr(Ledger, "forget_some", changes.append)
    assert not copy.run(reconcile_hours=1e-9).report.warnings
    assert not changes
