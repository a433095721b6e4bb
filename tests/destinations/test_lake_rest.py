"""DuckDB's own extension for Iceberg, which shares no code with the writer, reads what a REST catalogue was given."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import duckdb
import pytest
from support import sample
from support.lakes import differing, stamp
from support.rest_catalog import RestWaters, serving

from pylon_elt.pipelines.desks.pylon import PYLON
from pylon_elt.pipelines.publish import shape

NEEDED = ("avro", "httpfs", "iceberg")
READ = ("issues", "issue_messages", "issue_followers", "tags")

pytestmark = [
    pytest.mark.more,
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


def test_duckdb_reads_from_the_catalogue_what_the_copy_holds(
    reader: duckdb.DuckDBPyConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sample.copy(tmp_path / "support.duckdb", 120)
    with serving(tmp_path / "warehouse") as served:
        served.configure(monkeypatch)
        remote = RestWaters(tmp_path / "support.duckdb", served.shelf.folder, PYLON, served=served)
        remote.change("CREATE SCHEMA pylon_analytics")
        remote.publish(*READ)
        remote.change(
            f"UPDATE issues SET title = 'edited', _synced_at = {stamp()} WHERE id = (SELECT min(id) FROM issues)",
            "DELETE FROM issue_messages WHERE issue_id = (SELECT max(issue_id) FROM issue_messages)",
            "ALTER TABLE tags ADD COLUMN weight INTEGER",
        )
        remote.publish(*READ)
        reader.execute(
            f"ATTACH '' AS prod (TYPE iceberg, ENDPOINT '{served.base_url}', AUTHORIZATION_TYPE 'none')"
        )
        for name in READ:
            held = remote.held(name)
            found = reader.sql(f"FROM prod.pylon.{name}").to_arrow_table()
            assert sorted(found.column_names) == sorted(held.column_names)
            assert differing(held, shape.conform(found, held.schema)) == 0, name
