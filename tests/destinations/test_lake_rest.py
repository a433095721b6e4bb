"""DuckDB's own extension for Iceberg, which shares no code with the writer, reads what a REST catalogue was given."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from uuid import uuid4

import duckdb
import pytest
from support import ducklake_s3, sample
from support.lakes import differing, stamp
from support.rest_catalog import RestWaters, serving

from pylon_elt.pipelines.desks.pylon import PYLON
from pylon_elt.pipelines.publish import shape

NEEDED = ("avro", "httpfs", "iceberg")
READ = ("issues", "issue_messages", "issue_followers", "tags")

pytestmark = [
    pytest.mark.dear,
    pytest.mark.skipif(
        not all(find_spec(f"duckdb_extension_{name}") for name in NEEDED), reason="make ducklake"
    ),
]


@pytest.fixture
def reader(tmp_path: Path) -> duckdb.DuckDBPyConnection:
    import duckdb_extensions

    connection = duckdb.connect(config={"extension_directory": str(tmp_path / "extensions")})
    for name in NEEDED:
        duckdb_extensions.import_extension(name, con=connection)
        connection.load_extension(name)
    connection.execute("SET TimeZone = 'UTC'")
    return connection


def _in_a_folder() -> dict[str, Any]:
    return {}


def _in_a_bucket() -> dict[str, Any]:
    """Let whoever reads or writes be lent the keys: the configuration of the client has none."""
    keys = {
        "s3.endpoint": f"http://{ducklake_s3.address()}",
        "s3.access-key-id": ducklake_s3.KEY,
        "s3.secret-access-key": ducklake_s3.SECRET,
        "s3.region": ducklake_s3.REGION,
        "s3.path-style-access": "true",
    }
    return {"bucket": f"s3://{ducklake_s3.BUCKET}/{uuid4()}", "keys": keys}


@pytest.mark.parametrize(
    "place", [pytest.param(_in_a_folder, id="folder"), pytest.param(_in_a_bucket, id="bucket")]
)
def test_duckdb_reads_from_the_catalogue_what_the_copy_holds(
    reader: duckdb.DuckDBPyConnection,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    place: Callable[[], dict[str, Any]],
) -> None:
    sample.copy(tmp_path / "support.duckdb", 120)
    with serving(tmp_path / "warehouse", **place()) as served:
        served.configure(monkeypatch)
        remote = RestWaters(tmp_path / "support.duckdb", served.shelf.folder, PYLON, served=served)
        remote.change("CREATE SCHEMA pylon_analytics")
        remote.publish(*READ)
        remote.change(
            f"UPDATE issues SET title = 'edited', _synced_at = {stamp()} WHERE id = (SELECT min(id) FROM issues)",
            "DELETE FROM issue_messages WHERE issue_id = (SELECT max(issue_id) FROM issue_messages)",
            "ALTER TABLE tags ADD COLUMN weight INTEGER",
        )
        remote.publish(*READ, keep=timedelta(0))
        remote.require_equal(*READ)
        assert not any(one.is_new for one in remote.publish(*READ).values())
        reader.execute(
            f"ATTACH '' AS prod (TYPE iceberg, ENDPOINT '{served.base_url}', AUTHORIZATION_TYPE 'none')"
        )
        for name in READ:
            held = remote.held(name)
            found = reader.sql(f"FROM prod.pylon.{name}").to_arrow_table()
            assert sorted(found.column_names) == sorted(held.column_names)
            assert differing(held, shape.conform(found, held.schema)) == 0, name
        if served.shelf.bucket:
            _require_no_file_that_is_not_needed(remote)


def _require_no_file_that_is_not_needed(remote: RestWaters) -> None:
    """Make sure that what was replaced has left the bucket."""
    home = remote.served.shelf.bucket.removeprefix(f"s3://{ducklake_s3.BUCKET}/")
    for name in READ:
        there = {key for key in ducklake_s3.keys(f"{home}/pylon/{name}/data/") if key.endswith(".parquet")}
        live = {task.file.file_path for task in remote.table(name).scan().plan_files()}
        assert {f"s3://{ducklake_s3.BUCKET}/{key}" for key in there} == live
