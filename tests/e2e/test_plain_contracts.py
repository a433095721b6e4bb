"""What users of dlt may say of tables, and how many at once it reads: what would lose rows, or never end, is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import dlt
import pytest
from support import plain, runs, worlds
from support.compare import assert_equal_copy
from support.plain import pipeline_to, refusal

TABLES = ("issues", "issue_messages", "users")


def source(server: Any) -> Any:
    return plain.source(server).with_resources(*TABLES)


@pytest.fixture
def pipeline(tmp_path: Path) -> Any:
    return pipeline_to(tmp_path)


@pytest.fixture
def server(serve: Any) -> Any:
    return serve(worlds.bump_all(worlds.quiet(issues=6)))


def _assert_equal(server: Any, tmp_path: Path) -> None:
    rows = runs.read_duckdb(tmp_path / "copy.duckdb", "desk")
    assert_equal_copy(worlds.truth(server.world), rows, TABLES)


@pytest.mark.parametrize(
    ("table", "hints", "phrase"),
    [
        ("issues", {"merge_key": "state"}, "merge_key for state"),
        ("issues", {"columns": {"account_id": {"merge_key": True}}}, "merge_key for account_id"),
        ("issue_messages", {"columns": {"_removed": {"hard_delete": False}}}, "hard_delete for _removed"),
        ("issue_messages", {"columns": {"is_private": {"hard_delete": True}}}, "hard_delete for is_private"),
        ("issues", {"columns": {"_synced_at": {"dedup_sort": "asc"}}}, "dedup_sort for _synced_at"),
    ],
)
def test_a_hint_by_which_other_rows_go_is_refused(
    table: str, hints: dict[str, Any], phrase: str, server: Any, pipeline: Any
) -> None:
    read = source(server)
    read.resources[table].apply_hints(**hints)
    assert phrase in refusal(pipeline, read)
    assert not server.log


@pytest.mark.parametrize(
    ("hints", "phrase"),
    [
        ({"columns": {"title": {"data_type": "bigint"}}}, "data_type for title"),
        ({"columns": {"title": {"nullable": False}}}, "nullable for title"),
        ({"columns": {"title": {"unique": True}}}, "unique for title"),
        ({"columns": {"created_at": {"precision": 0}}}, "precision for created_at"),
        ({"columns": {"created_at": {"timezone": False}}}, "timezone for created_at"),
        ({"file_format": "csv"}, "file format csv"),
        ({"file_format": "model"}, "file format model"),
        ({"parent_table_name": "users"}, "Leave out table_name"),
        ({"table_name": lambda row: row["state"]}, "function of each row"),
    ],
)
def test_a_hint_by_which_values_do_not_fit_is_refused(
    hints: dict[str, Any], phrase: str, server: Any, pipeline: Any
) -> None:
    read = source(server)
    read.issues.apply_hints(**hints)
    assert phrase in refusal(pipeline, read)
    assert not server.log


def test_another_name_of_a_resource_is_refused(server: Any, pipeline: Any) -> None:
    read = source(server)
    assert "the name tickets" in refusal(pipeline, read.issues.with_name("tickets"))
    read.resources.add(read.issues.with_name("tickets"))
    assert "the name tickets" in refusal(pipeline, read)
    assert not server.log


def test_loads_that_count_although_a_table_failed_are_refused(
    server: Any, pipeline: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOAD__RAISE_ON_FAILED_JOBS", "false")
    assert "raise_on_failed_jobs" in refusal(pipeline, source(server))
    assert not server.log


@pytest.mark.dear
def test_a_hint_that_the_schema_has_already_is_refused_until_it_is_gone(
    server: Any, pipeline: Any, tmp_path: Path
) -> None:
    pipeline.run(source(server))
    schema = pipeline.schemas["pylon"]
    schema.tables["issues"]["columns"]["state"]["merge_key"] = True
    pipeline.schemas.save_schema(schema)
    server.world.edit_issue(1, state="closed")
    assert "drop_sources" in refusal(pipeline, source(server))
    pipeline.run(source(server), refresh="drop_sources")
    server.world.edit_issue(2, state="closed")
    pipeline.run(source(server))
    _assert_equal(server, tmp_path)


@pytest.mark.parametrize(
    "contract", ["discard_row", "discard_value", {"tables": "discard_row"}, {"columns": "discard_row"}]
)
def test_a_contract_that_leaves_out_rows_is_refused(contract: Any, server: Any, pipeline: Any) -> None:
    assert "leaves out rows of issue" in refusal(pipeline, source(server), schema_contract=contract)
    assert not server.log


@pytest.mark.dear
@pytest.mark.parametrize("contract", ["freeze", {"columns": "discard_value"}, {"data_type": "discard_value"}])
def test_a_contract_that_does_not_is_kept(contract: Any, server: Any, pipeline: Any, tmp_path: Path) -> None:
    pipeline.run(source(server))
    server.world.edit_issue(1, title="Another")
    pipeline.run(source(server), schema_contract=contract)
    _assert_equal(server, tmp_path)


def test_resources_of_several_sources_in_one_load_are_refused(server: Any, pipeline: Any) -> None:
    mixed = [source(server).resources[name] for name in ("issues", "issue_messages", "issue_sync")]
    assert "Take all of them from one" in refusal(pipeline, mixed)


def test_those_of_one_source_in_a_list_are_read(server: Any, pipeline: Any, tmp_path: Path) -> None:
    read = source(server)
    pipeline.run([read.resources[name] for name in (*TABLES, "issue_sync")])
    _assert_equal(server, tmp_path)


def test_too_few_resources_at_once_are_refused(
    server: Any, pipeline: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXTRACT__MAX_PARALLEL_ITEMS", "3")
    assert "EXTRACT__MAX_PARALLEL_ITEMS=4" in refusal(pipeline, source(server))
    assert not server.log
    monkeypatch.setenv("EXTRACT__MAX_PARALLEL_ITEMS", "4")
    pipeline.run(source(server))
    _assert_equal(server, tmp_path)


def another(serve: Any) -> Any:
    return serve(worlds.quiet(seed=9, issues=3), token="pyl_of_another")


@pytest.mark.parametrize("machine", ["the same", "another"])
def test_the_token_of_another_organisation_is_refused(
    machine: str, serve: Any, server: Any, pipeline: Any, tmp_path: Path
) -> None:
    def read(of: Any) -> Any:
        return source(of).with_resources(*TABLES, "organization")

    pipeline.run(read(server))
    later = pipeline
    if machine == "another":  # which calls the pipeline otherwise, and so finds no state
        there = dlt.destinations.duckdb(str(tmp_path / "copy.duckdb"))
        later = dlt.pipeline(
            "other", destination=there, dataset_name="desk", pipelines_dir=str(tmp_path / "2")
        )
    assert "Give the token of that one" in refusal(later, read(another(serve)))
    server.world.edit_issue(1, title="Another")
    pipeline.run(read(server))
    _assert_equal(server, tmp_path)
    server.clear_log()
    pipeline.run(read(server))
    assert not server.count("GET /me"), "one that was asked is not asked again within the day"
