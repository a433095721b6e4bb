"""What users of dlt do with a source besides running it: other ways of writing, steps of their own, and looking at rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import dlt
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from dlt.pipeline.exceptions import PipelineStepFailed
from support import plain, runs, worlds
from support.compare import assert_equal_copy
from support.plain import pipeline_to, refusal

from pylon_elt.sources.pylon import pylon_source
from pylon_elt.sources.pylon.copy import tested
from pylon_elt.sources.pylon.errors import ConfigurationError

pytestmark = pytest.mark.dear

TABLES = ["issues", "issue_messages", "issue_threads", "users", "tags"]
INCREMENTAL = dlt.sources.incremental("updated_at")


def source(server: Any, **options: Any) -> Any:
    return plain.source(server, **options).with_resources(*TABLES)


@pytest.fixture
def pipeline(tmp_path: Path) -> Any:
    return pipeline_to(tmp_path)


@pytest.mark.parametrize(
    ("options", "phrase"),
    [
        ({"write_disposition": "replace"}, "written with replace"),
        ({"write_disposition": "append"}, "written with append"),
        ({"write_disposition": "merge"}, "written with merge"),  # the scope of a parent is gone
        ({"write_disposition": {"disposition": "merge", "strategy": "upsert"}}, "written with merge upsert"),
        ({"table_name": "tickets"}, "table name tickets"),
        ({"primary_key": "title"}, "key title"),
    ],
)
def test_another_way_of_writing_is_refused_before_anything_is_read(
    options: dict[str, Any], phrase: str, serve: Any, pipeline: Any
) -> None:
    server = serve(worlds.quiet(issues=5))
    assert phrase in refusal(pipeline, source(server), **options)
    assert not server.log


def test_so_is_that_of_one_table_and_of_one_by_itself(serve: Any, pipeline: Any) -> None:
    server = serve(worlds.quiet(issues=5))
    read = source(server)
    read.users.apply_hints(write_disposition="append")
    assert "users would be written with append" in refusal(pipeline, read)
    alone = source(server).resources["tags"]
    assert "tags would be written with replace" in refusal(pipeline, alone, write_disposition="replace")
    assert not server.log
    pipeline.run(read.with_resources("tags"))
    assert server.count("GET /tags") == 1, "what is not selected may be as it likes"


def test_a_destination_that_cannot_replace_rows_is_refused(serve: Any, tmp_path: Path) -> None:
    server = serve(worlds.quiet(issues=5))
    files = dlt.destinations.filesystem(str(tmp_path / "files"))
    assert "filesystem cannot replace the rows" in refusal(pipeline_to(tmp_path, files), source(server))
    assert not server.log
    assert not list((tmp_path / "files").rglob("*issues*"))


def test_so_is_one_in_which_no_copy_was_ever_compared_unless_it_is_wanted(
    serve: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # taken out and put back, it would stand last for the tests that follow
    others = {name: one for name, one in tested.DESTINATIONS.items() if name != "sqlite"}
    monkeypatch.setattr(tested, "DESTINATIONS", others)
    server = serve(worlds.quiet(issues=5))
    pipeline = pipeline_to(tmp_path, dlt.destinations.sqlalchemy(f"sqlite:///{tmp_path}/copy.db"))
    assert "untested_destination=True" in refusal(pipeline, source(server))
    assert not server.log
    pipeline.run(source(server, untested_destination=True))
    assert pipeline.dataset().issues.arrow().num_rows == 5


def test_a_pipeline_without_a_destination_is_refused(serve: Any, tmp_path: Path) -> None:
    nowhere = dlt.pipeline("by_hand", pipelines_dir=str(tmp_path / "machine"))
    with pytest.raises(PipelineStepFailed, match="no destination"):
        nowhere.extract(source(serve(worlds.quiet(issues=2))))


@pytest.mark.parametrize("way", ["hint", "step"])
def test_an_incremental_of_ones_own_is_refused(way: str, serve: Any, pipeline: Any) -> None:
    read = source(server := serve(worlds.quiet(issues=5)))
    if way == "hint":
        read.issues.apply_hints(incremental=INCREMENTAL)
    else:
        read.issues.add_step(INCREMENTAL)
    assert "incremental by itself" in refusal(pipeline, read)
    assert not server.log


@pytest.mark.parametrize("step", ["add_filter", "add_yield_map"])
def test_what_leaves_out_rows_is_refused_where_it_is_written(step: str, serve: Any) -> None:
    read = source(serve(worlds.quiet(issues=2)))
    with pytest.raises(ConfigurationError, match=r"on issues could leave out rows .* start_date"):
        getattr(read.issues, step)(lambda batch: batch)


def test_a_map_changes_columns(serve: Any, pipeline: Any) -> None:
    read = source(serve(worlds.quiet(issues=5)))

    def loud(batch: pa.Table) -> pa.Table:
        place = batch.schema.get_field_index("name")
        changed = batch.set_column(place, "name", pc.utf8_upper(batch["name"]))
        return changed.append_column("desk", pa.array(["north"] * len(batch)))

    read.users.add_map(loud)
    pipeline.run(read)
    with pipeline.sql_client() as client:
        rows = client.execute_sql("SELECT name, desk FROM users")
    assert rows
    assert all(name == name.upper() and desk == "north" for name, desk in rows)


@pytest.mark.parametrize(
    ("change", "phrase"),
    [
        (lambda batch: batch.slice(1), "changed which rows there are"),
        (lambda batch: batch.drop_columns(["id"]), "changed which rows there are, or one of id"),
        (
            lambda batch: batch.set_column(
                batch.schema.get_field_index("id"), "id", pa.array(["x"] * len(batch))
            ),
            "or one of id",
        ),
        (lambda batch: batch.drop_columns(["updated_at"]), "updated_at"),
        (lambda batch: batch.to_pylist(), "returns list"),
    ],
)
def test_a_map_that_changes_what_the_copy_counts_on_is_refused(
    change: Any, phrase: str, serve: Any, pipeline: Any
) -> None:
    read = source(serve(worlds.quiet(issues=5)))
    read.issues.add_map(change)
    assert phrase in refusal(pipeline, read)


@pytest.mark.parametrize("limited", ["issues", "issue_messages", "issue_sync", "*"])
def test_what_a_limit_has_left_out_is_read_by_the_next_run(
    limited: str, serve: Any, pipeline: Any, tmp_path: Path
) -> None:
    server = serve(worlds.bump_all(worlds.quiet(issues=8)))
    few = source(server, page_size=3)
    if limited == "*":
        few.add_limit(1)
    else:
        few.resources[limited].add_limit(1)
    pipeline.run(few)
    if limited in {"issues", "*"}:
        assert len(runs.read_duckdb(tmp_path / "copy.duckdb", "desk")["issues"]) < 8
    pipeline.run(source(server))
    _assert_equal(server, tmp_path)


def _assert_equal(server: Any, tmp_path: Path) -> None:
    rows = runs.read_duckdb(tmp_path / "copy.duckdb", "desk")
    assert_equal_copy(worlds.truth(server.world), rows, TABLES)


def test_rows_are_not_read_outside_of_a_pipeline(serve: Any) -> None:
    server = serve(worlds.quiet(issues=2))
    read = pylon_source(api_key=server.token, base_url=server.base_url)
    for iterable in (read.users, read.resources["users"], read, read.with_resources("users"), read.clone()):
        with pytest.raises(ConfigurationError, match=r"in a pipeline only.*pipeline\.dataset\(\)"):
            list(iterable)
    assert not server.log


def test_the_copy_is_read_as_a_dataset(serve: Any, pipeline: Any) -> None:
    server = serve(worlds.quiet(issues=5))
    pipeline.run(source(server))
    issues = pipeline.dataset()["issues"]
    assert len(issues.fetchall()) == 5
    assert sorted(pa.concat_tables(issues.iter_arrow(2))["id"].to_pylist()) == sorted(
        server.world.issue_ids()
    )
    assert dict(pipeline.dataset().row_counts().fetchall())["issues"] == 5
