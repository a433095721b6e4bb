"""What users of dlt may say of Zaia's tables: what would lose rows, or keep what only says that some go, is refused."""

from __future__ import annotations

import os
from pathlib import Path
from random import Random
from typing import Any

import dlt
import pytest
from dlt.pipeline.exceptions import PipelineStepFailed
from support.plain import pipeline_to
from support.zaia import QUICK

from pylon_elt.emulator import zaia
from pylon_elt.pipelines.base.causes import chain
from pylon_elt.sources.zaia import zaia_source
from pylon_elt.sources.zaia.errors import ConfigurationError

SEED = int(os.environ.get("TEST_SEED", "1"))


@pytest.fixture
def server() -> Any:
    with zaia.running(zaia.World.seeded(seed=1, tickets=4)) as running:
        yield running


def _source(server: Any) -> Any:
    return zaia_source(api_key=server.key, base_url=server.url, **QUICK)


def _refusal(pipeline: Any, read: Any, **options: Any) -> str:
    with pytest.raises(PipelineStepFailed) as caught:
        pipeline.run(read, **options)
    assert not pipeline.has_pending_data, "nothing is stuck"
    return str(next(cause for cause in chain(caught.value) if isinstance(cause, ConfigurationError)))


@pytest.mark.parametrize(
    ("options", "phrase"),
    [
        ({"write_disposition": "replace"}, "write_disposition replace"),
        ({"write_disposition": "append"}, "write_disposition append"),
        ({"write_disposition": {"disposition": "merge", "strategy": "upsert"}}, "merge_strategy upsert"),
        ({"table_name": "other"}, "name other"),
        ({"primary_key": "status"}, "primary_key for"),
        ({"columns": {"status": {"name": "status", "data_type": "bigint"}}}, "data_type for status"),
        ({"loader_file_format": "jsonl"}, "file format jsonl"),
        ({"schema_contract": {"columns": "discard_row"}}, "schema contract"),
    ],
    ids=str,
)
def test_another_way_to_write_is_refused(
    options: dict[str, Any], phrase: str, server: Any, tmp_path: Path
) -> None:
    assert phrase in _refusal(pipeline_to(tmp_path), _source(server), **options)
    assert not server.log


@pytest.mark.parametrize(
    ("table", "hints", "phrase"),
    [
        ("tickets", {"merge_key": "status"}, "merge_key for status"),
        ("chats", {"columns": {"_removed": {"hard_delete": False}}}, "hard_delete for _removed"),
        ("tickets", {"columns": {"_synced_at": {"dedup_sort": "asc"}}}, "dedup_sort for _synced_at"),
        ("tickets", {"incremental": dlt.sources.incremental("_synced_at")}, "incremental"),
        ("chats", {"parent_table_name": "tickets"}, "parent tickets"),
    ],
    ids=str,
)
def test_a_hint_by_which_rows_go_is_refused(
    table: str, hints: dict[str, Any], phrase: str, server: Any, tmp_path: Path
) -> None:
    read = _source(server)
    read.resources[table].apply_hints(**hints)
    assert phrase in _refusal(pipeline_to(tmp_path), read)
    assert not server.log


def test_it_is_refused_of_a_source_that_was_run_before(server: Any, tmp_path: Path) -> None:
    pipeline, read = pipeline_to(tmp_path), _source(server)
    pipeline.run(read)
    asked = len(server.log)
    assert "write_disposition append" in _refusal(pipeline, read, write_disposition="append")
    assert len(server.log) == asked
    pipeline.run(_source(server))


@pytest.mark.dear
@pytest.mark.parametrize("named", ["parquet", "insert_values"])
def test_in_other_file_formats_a_copy_is_exact(named: str, open_desk: Any) -> None:
    desk = open_desk()
    for _ in range(2):
        desk.pipeline.run(desk.source(lookback_seconds=0.0, full_read_hours=0.0), loader_file_format=named)
        desk.check()
        desk.server.world.stir(Random(SEED))
