"""A plain dlt pipeline and a copy that is not as its state says: another one, an older one, or changed by other hands."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

import dlt
import duckdb
import pytest
from support import plain, runs, worlds
from support.compare import assert_equal_copy
from support.plain import pipeline_to, refusal
from support.zaia import QUICK

from pylon_elt.emulator import zaia
from pylon_elt.sources.zaia import zaia_source

pytestmark = pytest.mark.dear

TABLES = ("issues", "issue_messages", "issue_threads", "users", "tags")


def source(server: Any, *tables: str) -> Any:
    return plain.source(server).with_resources(*(tables or TABLES))


@pytest.fixture
def server(serve: Any) -> Any:
    return serve(worlds.bump_all(worlds.quiet(issues=8)))


@pytest.fixture
def again(tmp_path: Path) -> Callable[[], Any]:
    """Return the pipeline as another process has it."""
    return lambda: pipeline_to(tmp_path)


def execute(tmp_path: Path, *statements: str) -> None:
    with duckdb.connect(str(tmp_path / "copy.duckdb")) as connection:
        for statement in statements:
            connection.execute(statement)


def _assert_equal(server: Any, tmp_path: Path, dataset: str = "desk") -> None:
    rows = runs.read_duckdb(tmp_path / "copy.duckdb", dataset)
    assert_equal_copy(worlds.truth(server.world), rows, TABLES)


@pytest.mark.parametrize("restore", ["true", "false"])
def test_a_database_that_was_deleted_is_filled_anew(
    restore: str, server: Any, again: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RESTORE_FROM_DESTINATION", restore)
    same = again()
    for pipeline in (same, same, again()):
        (tmp_path / "copy.duckdb").unlink(missing_ok=True)
        pipeline.run(source(server))
        _assert_equal(server, tmp_path)


def test_an_older_database_that_was_put_back_is_brought_up_to_date(
    server: Any, again: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RESTORE_FROM_DESTINATION", "false")
    again().run(source(server))
    shutil.copyfile(tmp_path / "copy.duckdb", tmp_path / "backup")
    server.world.edit_issue(1, title="Edited")
    server.world.advance(5)
    again().run(source(server))
    server.world.advance(7200)  # beyond the lookback
    again().run(source(server))
    shutil.copyfile(tmp_path / "backup", tmp_path / "copy.duckdb")
    again().run(source(server))
    _assert_equal(server, tmp_path)


def test_a_load_that_was_thrown_away_is_read_again(server: Any, again: Any, tmp_path: Path) -> None:
    again().run(source(server))
    server.world.edit_issue(1, title="Edited")
    server.world.advance(5)
    again().extract(source(server))
    for package in (tmp_path / "machine" / "by_hand" / "normalize" / "extracted").iterdir():
        shutil.rmtree(package)
    server.world.advance(7200)
    again().run(source(server))
    _assert_equal(server, tmp_path)


def test_a_load_that_waits_is_no_other_copy(server: Any, again: Any, tmp_path: Path) -> None:
    again().extract(source(server))
    server.clear_log()
    again().extract(source(server))
    assert not server.count("GET /users")
    pipeline = again()
    pipeline.run()
    pipeline.run(source(server))
    _assert_equal(server, tmp_path)


def test_where_nothing_has_changed_nothing_is_read_anew(server: Any, again: Any) -> None:
    again().run(source(server))
    for _ in range(2):
        server.clear_log()
        again().run(source(server))
        assert {record.endpoint for record in server.log} == {runs.SEARCH}


def test_another_dataset_in_the_same_call_is_refused(server: Any, again: Any, tmp_path: Path) -> None:
    """dlt 1.31 extracts with the state and the copy of the one, and loads into the other."""
    pipeline = again()
    pipeline.run(source(server))
    server.clear_log()
    assert 'dataset_name="other"' in refusal(pipeline, source(server), dataset_name="other")
    assert not server.log
    pipeline.run(source(server), dataset_name="desk")
    other = dlt.pipeline(
        "by_hand",
        destination=pipeline.destination,
        dataset_name="other",
        pipelines_dir=pipeline.pipelines_dir,
    )
    other.run(source(server))
    _assert_equal(server, tmp_path, "other")
    _assert_equal(server, tmp_path)


def test_a_first_load_may_name_its_dataset(server: Any, tmp_path: Path) -> None:
    where = dlt.destinations.duckdb(str(tmp_path / "copy.duckdb"))
    pipeline = dlt.pipeline("by_hand", destination=where, pipelines_dir=str(tmp_path / "machine"))
    for _ in range(2):
        pipeline.run(source(server), dataset_name="desk")
        _assert_equal(server, tmp_path)


def test_another_destination_is_filled_from_the_beginning(server: Any, again: Any, tmp_path: Path) -> None:
    pipeline = again()
    pipeline.run(source(server))
    pipeline.run(source(server), destination=dlt.destinations.duckdb(str(tmp_path / "second.duckdb")))
    rows = runs.read_duckdb(tmp_path / "second.duckdb", "desk")
    assert_equal_copy(worlds.truth(server.world), rows, TABLES)


@pytest.mark.parametrize("mode", ["drop_data", "drop_resources", "drop_sources"])
def test_a_refresh_is_exact_at_once(mode: Any, server: Any, again: Any, tmp_path: Path) -> None:
    again().run(source(server))
    again().run(source(server), refresh=mode)
    _assert_equal(server, tmp_path)


@pytest.mark.parametrize(
    "lost", ["issues", "issue_messages", "issue_sync", "users", "_dlt_loads", "_dlt_pipeline_state"]
)
def test_a_table_that_was_dropped_is_made_again(lost: str, server: Any, again: Any, tmp_path: Path) -> None:
    again().run(source(server))
    execute(tmp_path, f"DROP TABLE desk.{lost}")
    again().run(source(server))
    _assert_equal(server, tmp_path)


@pytest.mark.parametrize(("table", "column"), [("issues", "title"), ("issue_messages", "message_html")])
def test_so_is_a_column(table: str, column: str, server: Any, again: Any, tmp_path: Path) -> None:
    again().run(source(server))
    execute(tmp_path, f"ALTER TABLE desk.{table} DROP COLUMN {column}")
    again().run(source(server))
    _assert_equal(server, tmp_path)


@pytest.mark.parametrize("table", ["issues", "issue_messages", "issue_sync"])
def test_rows_that_were_deleted_are_read_again(table: str, server: Any, again: Any, tmp_path: Path) -> None:
    again().run(source(server))
    key = "issue_id" if table == "issue_sync" else "id"
    execute(tmp_path, f"DELETE FROM desk.{table} WHERE {key} IN (SELECT {key} FROM desk.{table} LIMIT 3)")
    for _ in range(2):  # what hangs on an issue is read once that is there
        again().run(source(server))
    _assert_equal(server, tmp_path)
    server.clear_log()
    again().run(source(server))
    assert {record.endpoint for record in server.log} == {runs.SEARCH}


def test_all_rows_that_were_deleted_are_read_again(server: Any, again: Any, tmp_path: Path) -> None:
    again().run(source(server))
    execute(tmp_path, *(f"DELETE FROM desk.{table}" for table in (*TABLES, "issue_sync")))
    again().run(source(server))
    _assert_equal(server, tmp_path)


def test_an_issue_that_is_gone_from_both_is_asked_for_once_a_day(
    server: Any, again: Any, tmp_path: Path
) -> None:
    again().run(source(server))
    id_ = server.world.issue_ids()[0]
    server.world.delete_issue(id_)
    execute(tmp_path, f"DELETE FROM desk.issues WHERE id = '{id_}'")
    for asked in (1, 0):
        server.clear_log()
        again().run(source(server))
        assert server.count("GET /issues/{id}") == asked


def test_one_source_in_two_threads_is_refused(server: Any, tmp_path: Path) -> None:
    read, ready, ended = source(server), Barrier(2), list[str]()

    def run(name: str) -> None:
        pipeline = pipeline_to(tmp_path / name)
        ready.wait(30)
        try:
            pipeline.run(read)
            ended.append(name)
        except Exception as error:
            ended.append(str(error))

    threads = [Thread(target=run, args=(name,), daemon=True) for name in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(ended) == 2, "neither waits for ever"
    for name in {"one", "two"} & set(ended):
        assert_equal_copy(
            worlds.truth(server.world), runs.read_duckdb(tmp_path / name / "copy.duckdb", "desk"), TABLES
        )
    assert all("Make a source for each thread" in end for end in set(ended) - {"one", "two"})


@pytest.fixture
def inbox() -> Any:
    with zaia.running(zaia.World.seeded(seed=1, tickets=4)) as server:
        yield server


@pytest.mark.parametrize("order", ["pylon first", "zaia first", "at once"])
def test_two_desks_in_one_dataset_are_refused(order: str, server: Any, inbox: Any, again: Any) -> None:
    desk, other = source(server), zaia_source(api_key=inbox.key, base_url=inbox.url, **QUICK)
    if order == "at once":
        with pytest.raises(Exception, match="tags"):
            again().run([desk, other])
        assert not again().has_pending_data
        return
    first, second = (desk, other) if order == "pylon first" else (other, desk)
    again().run(first)
    server.clear_log()
    asked = len(inbox.log)
    with pytest.raises(Exception, match="has tables in the dataset desk that are called as those of"):
        again().run(second)
    assert not again().has_pending_data
    assert not (server.log if order == "zaia first" else inbox.log[asked:])


def test_tables_of_ones_own_with_the_same_name_are_refused(server: Any, again: Any) -> None:
    again().run([{"id": 1, "login": "ada"}], table_name="users")
    assert "called as those of pylon: users" in refusal(again(), source(server))
    assert not server.log
    again().run(source(server, "issues"))
