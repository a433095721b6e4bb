"""The source without the job: what a dlt user calls."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import dlt
import pytest
from dlt.pipeline.exceptions import PipelineStepFailed
from support import runs, worlds
from support.compare import assert_equal_copy
from support.plain import pipeline_to, source
from support.taken import is_taken

from pylon_elt.pipelines.base.causes import chain
from pylon_elt.sources.pylon import pylon_source
from pylon_elt.sources.pylon.catalog import TABLES, USUAL
from pylon_elt.sources.pylon.errors import ConfigurationError, CredentialsError, Unavailable

USUAL_BUT_CUSTOM = [name for name in USUAL if name != "custom_objects"]
"""Which types of custom objects there are has to be configured."""


@pytest.fixture
def pipeline(tmp_path: Path) -> Any:
    return pipeline_to(tmp_path)


def _assert_equal(server: Any, tmp_path: Path, tables: Any = runs.TABLES, **options: Any) -> None:
    rows = runs.read_duckdb(tmp_path / "copy.duckdb", "desk")
    assert_equal_copy(worlds.truth(server.world), rows, tables, **options)


def test_a_plain_run_is_incremental(serve: Any, pipeline: Any, tmp_path: Path) -> None:
    server = serve(worlds.bump_all(worlds.quiet(issues=25)))
    pipeline.run(source(server))
    _assert_equal(server, tmp_path, USUAL_BUT_CUSTOM)
    server.clear_log()
    pipeline.run(source(server))
    surveys = len(server.world.rows("surveys"))
    assert Counter(record.endpoint for record in server.log) == {
        runs.SEARCH: 1,
        "POST /tasks/search": 1,
        "POST /projects/search": 1,
        "GET /surveys": 1,
        "GET /surveys/{id}/responses": surveys,
    }
    ref = worlds.with_messages(server.world, 2)
    for message in server.world.messages(ref):
        server.world.delete_message(message["id"])
    server.world.create_issue()
    server.world.advance(5)
    server.clear_log()
    pipeline.run(source(server))
    assert server.count(runs.MESSAGES) == 3, "what is empty now says so twice"
    _assert_equal(server, tmp_path)


def test_resources_are_selected_by_name(serve: Any, pipeline: Any, tmp_path: Path) -> None:
    server = serve(worlds.quiet(issues=10))
    pipeline.run(source(server).with_resources("tags"))
    assert {record.endpoint for record in server.log} == {"GET /tags"}
    pipeline.run(source(server).with_resources("issues", "issue_messages"))
    assert server.count(runs.THREADS) == 0
    _assert_equal(server, tmp_path, ["issues", "issue_messages", "tags"])
    pipeline.run(source(server))
    assert server.count(runs.MESSAGES) == 10
    _assert_equal(server, tmp_path)


def test_one_source_can_be_run_again(serve: Any, pipeline: Any, tmp_path: Path) -> None:
    """A notebook keeps the object: each run begins a new event loop and reads the state anew."""
    server = serve(worlds.quiet(issues=10))
    read = source(server)
    pipeline.run(read)
    server.world.edit_issue(server.world.issue_ids()[0], title="Edited")
    server.world.advance(5)
    pipeline.run(read)
    _assert_equal(server, tmp_path)


def test_nothing_is_requested_while_the_source_is_built(serve: Any) -> None:
    server = serve()
    built = source(server)
    assert set(built.resources) == {*TABLES, "deletions"}
    usual = {*USUAL, "deletions"}
    assert set(built.selected_resources) == usual
    more = source(server, include=["audit_logs", "issue_voice_calls"])
    assert set(more.selected_resources) - usual == {"audit_logs", "issue_voice_calls"}
    alone = source(server).with_resources("call_recordings", "account_relationships")
    assert set(alone.selected_resources) == {
        "call_recordings",
        "account_relationships",
        "parent_sync",
        "deletions",
    }
    history = source(server).with_resources("issue_snapshots")
    assert set(history.selected_resources) == {"issue_snapshots", "issues", "deletions"}
    assert "issue_sync" in history.with_resources("issues", "issue_messages").selected_resources
    built.with_resources("issues", "issue_messages")
    built.discover_schema()
    assert server.log == []


def test_settings_come_from_the_environment(
    serve: Any, pipeline: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve(worlds.quiet(issues=5))
    monkeypatch.setenv("SOURCES__PYLON__API_KEY", server.token)
    monkeypatch.setenv("SOURCES__PYLON__BASE_URL", server.base_url)
    monkeypatch.setenv("SOURCES__PYLON__PAGE_SIZE", "3")
    monkeypatch.setenv("SOURCES__PYLON__RATE_LIMITS", '{"low": 100, "medium": 100, "high": 100}')
    pipeline.run(pylon_source().with_resources("issues", "accounts"))
    assert {record.query["limit"] for record in server.log if record.endpoint == "GET /accounts"} == {"3"}
    _assert_equal(server, tmp_path, ["issues", "accounts"])


def test_the_token_comes_from_its_own_variable_too(
    serve: Any, pipeline: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve(worlds.quiet(issues=5))
    monkeypatch.setenv("PYLON_API_KEY", server.token)
    pipeline.run(source(server, api_key=None).with_resources("tags"))
    _assert_equal(server, tmp_path, ["tags"])


def test_bad_settings_are_told_before_any_request(serve: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    server = serve()
    with pytest.raises(ConfigurationError, match="start_date"):
        source(server, start_date="the other day")
    monkeypatch.delenv("PYLON_API_KEY", raising=False)
    with pytest.raises(CredentialsError, match="PYLON_API_KEY"):
        source(server, api_key=None)
    assert server.log == []


@pytest.mark.parametrize("endpoint", [runs.SEARCH, runs.MESSAGES, "GET /tags"])
def test_a_failure_is_raised_and_commits_nothing(
    endpoint: str, serve: Any, pipeline: Any, tmp_path: Path
) -> None:
    server = serve(worlds.quiet(issues=10))
    pipeline.run(source(server))
    before = runs.read_duckdb(tmp_path / "copy.duckdb", "desk")
    server.world.bulk_edit(server.world.issue_ids(), state="closed")
    server.world.advance(5)
    server.faults.add("status", endpoint, after=1 if endpoint == runs.MESSAGES else 0)
    with pytest.raises(PipelineStepFailed) as failure:
        pipeline.run(source(server, refresh_hours={"*": 0.0}))
    assert isinstance(_root(failure.value), Unavailable)
    after = runs.read_duckdb(tmp_path / "copy.duckdb", "desk")
    assert all(after[name] == before[name] for name in USUAL_BUT_CUSTOM)
    server.faults.clear()
    pipeline.run(source(server))
    _assert_equal(server, tmp_path)


def _root(error: BaseException) -> BaseException:
    while (cause := error.__cause__ or error.__context__) is not None:
        error = cause
        if isinstance(error, Unavailable):
            break
    return error


@pytest.mark.dear
def test_the_database_is_let_go_when_an_extract_has_ended(serve: Any, pipeline: Any, tmp_path: Path) -> None:
    server, database = serve(worlds.quiet(issues=10)), tmp_path / "copy.duckdb"
    pipeline.run(source(server))
    pipeline.extract(source(server))
    assert not is_taken(database)
    pipeline.abort_packages()
    server.faults.add("status", "GET /tags")
    with pytest.raises(PipelineStepFailed):  # other lanes are at work, and some have not begun
        pipeline.extract(source(server, refresh_hours={"*": 0.0}))
    assert not is_taken(database)
    server.faults.clear()
    pipeline.extract(source(server, refresh_hours={"*": 0.0}).add_limit(1))
    assert not is_taken(database)


def test_a_wrong_token_is_raised(serve: Any, pipeline: Any) -> None:
    server = serve(worlds.quiet(issues=3))
    with pytest.raises(PipelineStepFailed, match="does not accept the token"):
        pipeline.run(source(server, api_key="pyl_wrong").with_resources("issues"))


def test_a_child_without_its_ledger_is_refused(serve: Any, pipeline: Any) -> None:
    read = source(serve(worlds.quiet(issues=3)))
    for name in set(TABLES) - {"issues", "issue_messages"}:
        read.resources[name].selected = False
    with pytest.raises(PipelineStepFailed, match="ledger issue_sync"):
        pipeline.run(read)


def test_a_file_with_the_name_of_the_dataset_is_refused_before_anything_is_read(
    serve: Any, tmp_path: Path
) -> None:
    server = serve(worlds.quiet(issues=5))
    pipeline = dlt.pipeline(
        "by_hand",
        destination=dlt.destinations.duckdb(str(tmp_path / "desk.duckdb")),
        dataset_name="desk",
        pipelines_dir=str(tmp_path / "machine"),
    )
    with pytest.raises(PipelineStepFailed) as failed:
        pipeline.run(source(server))
    causes = [cause for cause in chain(failed.value) if isinstance(cause, ConfigurationError)]
    assert "desk.duckdb" in causes[0].message
    assert "another name" in causes[0].remedy
    assert not server.log
    assert not pipeline.has_pending_data, "nothing is stuck"


@pytest.mark.dear
def test_a_copy_is_no_staging_dataset_of_another(serve: Any, tmp_path: Path) -> None:
    """dlt's own layout makes ``desk_staging`` of ``desk``, and empties it at each load."""
    server = serve(worlds.quiet(issues=10))

    def load(dataset: str) -> None:
        where = dlt.destinations.duckdb(str(tmp_path / "copy.duckdb"))
        machine = str(tmp_path / f"machine of {dataset}")
        made = dlt.pipeline("by_hand", destination=where, dataset_name=dataset, pipelines_dir=machine)
        made.run(source(server).with_resources("issues"))

    load("desk_staging")
    load("other")
    server.clear_log()
    for dataset, phrase in (
        ("desk", "The dataset desk_staging holds a copy"),
        ("other_staging", "of the copy in other"),
    ):
        with pytest.raises(PipelineStepFailed) as caught:
            load(dataset)
        error = next(link for link in chain(caught.value) if isinstance(link, ConfigurationError))
        assert phrase in error.message
    assert not server.log
    load("desk_staging")
    assert len(runs.read_duckdb(tmp_path / "copy.duckdb", "desk_staging")["issues"]) == 10
