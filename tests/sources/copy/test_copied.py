"""What the copy holds, asked over connections that stay open."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import dlt
import pyarrow as pa
import pytest
from dlt.destinations.impl.duckdb.configuration import DuckDbCredentials
from support.taken import is_taken

from pylon_elt.sources.pylon.catalog import ISSUES
from pylon_elt.sources.pylon.copy import known
from pylon_elt.sources.pylon.copy.contents import Contents
from pylon_elt.sources.pylon.copy.copied import IDS_PER_LIST, IDS_PER_QUERY, Copied, utc

IDS = "SELECT {t.id} FROM {teams} AS t ORDER BY {t.id}"


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "copy.duckdb"


@pytest.fixture
def pipeline(database: Path, tmp_path: Path) -> Any:
    destination = dlt.destinations.duckdb(str(database))
    return dlt.pipeline(
        "copied", destination=destination, dataset_name="desk", pipelines_dir=str(tmp_path / "work")
    )


def load(pipeline: Any, *ids: str, table: str = "teams") -> None:
    pipeline.run([{"id": id_} for id_ in ids], table_name=table)


def test_a_copy_that_is_not_there_yet_holds_nothing(pipeline: Any) -> None:
    with Copied(pipeline) as copied:
        copied.open()
        assert copied.select(IDS) == []
        assert copied.gather(list, IDS) == []
        assert copied.tables(["teams", "issues"]) == set()
        assert not copied.holds("teams")
        assert known.times(copied) == {}


def test_what_is_loaded_meanwhile_is_seen(pipeline: Any) -> None:
    with Copied(pipeline) as copied:
        assert copied.tables(["teams", "tags"]) == set()
        load(pipeline, "one", "two")
        assert copied.tables(["teams", "tags"]) == {"teams"}
        assert copied.select(IDS) == [("one",), ("two",)]
        load(pipeline, "three")
        load(pipeline, "blue", table="tags")
        assert copied.tables(["teams", "tags"]) == {"teams", "tags"}
        assert copied.select(IDS, most=2) == [("one",), ("three",)]
        assert len(copied.select(IDS)) == 3


def test_many_queries_take_one_connection(pipeline: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    load(pipeline, "one")
    opened, plain = [], pipeline.sql_client

    def sql_client() -> Any:
        opened.append(1)
        return plain()

    monkeypatch.setattr(pipeline, "sql_client", sql_client)
    with Copied(pipeline) as copied:
        for _ in range(5):
            copied.select(IDS)
            copied.select("SELECT {m.id} FROM {missing} AS m")
            copied.tables(["teams"])
    assert len(opened) == 1


def test_a_query_amid_another_takes_nothing_from_it(pipeline: Any) -> None:
    load(pipeline, "one", "two")
    with Copied(pipeline) as copied:
        pairs = copied.gather(lambda rows: [(id_, copied.select(IDS)) for (id_,) in rows], IDS)
    assert pairs == [("one", [("one",), ("two",)]), ("two", [("one",), ("two",)])]


def test_threads_do_not_share_a_connection(pipeline: Any) -> None:
    load(pipeline, *(f"{number:03}" for number in range(500)))
    with Copied(pipeline) as copied, ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda _: len(copied.select(IDS)), range(40)))
    assert answers == [500] * 40


def test_the_file_is_held_until_it_is_closed_and_can_be_opened_again(pipeline: Any, database: Path) -> None:
    load(pipeline, "one")
    with Copied(pipeline) as copied:
        copied.open()
        assert is_taken(database)
        copied.close()
        assert not is_taken(database)
        assert copied.select(IDS) == [("one",)]
        assert is_taken(database)
    assert not is_taken(database)


def test_a_failed_query_leaves_the_next_one_alone(pipeline: Any, database: Path) -> None:
    load(pipeline, "one")
    with Copied(pipeline) as copied:
        with pytest.raises(Exception, match="no_such_column"):
            copied.select("SELECT {t.no_such_column} FROM {teams} AS t")
        assert copied.select(IDS) == [("one",)]
    assert not is_taken(database)


def test_where_tables_are_not_listed_they_are_tried(tmp_path: Path) -> None:
    """Files have no list of tables: dlt makes a view of what a query names."""
    pipeline = dlt.pipeline(
        "copied",
        destination=dlt.destinations.filesystem(str(tmp_path / "files")),
        dataset_name="desk",
        pipelines_dir=str(tmp_path / "work"),
    )
    load(pipeline, "one")
    with Copied(pipeline) as copied:
        assert copied.tables(["teams", "tags"]) == {"teams"}


def test_tables_that_the_load_will_drop_count_as_empty(pipeline: Any) -> None:
    load(pipeline, "one")
    load(pipeline, "blue", table="tags")
    with Copied(pipeline) as copied:
        contents = Contents(copied, ["tags"])
        assert contents.holds("teams")
        assert contents.row_keys("teams") == {("one",): ""}
        assert not contents.holds("tags")
        assert contents.row_keys("tags") == {}


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/New_York"])
def test_times_are_read_in_utc_whatever_the_zone_of_the_database_is(
    database: Path, tmp_path: Path, zone: str
) -> None:
    """In Tokyo, the last second of 9999 lies in the year 10000; in New York, the first of year 1 in the year 0."""
    credentials = DuckDbCredentials(str(database), session_timezone=zone)
    destination = dlt.destinations.duckdb(credentials)
    pipeline = dlt.pipeline(
        "zone", destination=destination, dataset_name="desk", pipelines_dir=str(tmp_path / "work")
    )
    edges = [datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)]
    pipeline.run(
        pa.table({"id": ["a", "b"], "created_at": edges, "updated_at": edges}), table_name=ISSUES.name
    )
    with Copied(pipeline) as copied:
        assert known.times(copied) == {"a": (edges[0], edges[0]), "b": (edges[1], edges[1])}
        assert [row["id"] for row in copied.between(ISSUES, "created_at", edges[1], edges[1])] == ["b"]


def test_what_lies_beyond_the_years_of_python_or_at_their_edge_fails_nothing() -> None:
    last = datetime(9999, 12, 31, 23, 59, tzinfo=timezone(timedelta(hours=-5)))
    assert utc(last) == last
    assert utc("12000-01-01 00:00:00+00") is None, "as DuckDB gives it"


@pytest.mark.parametrize("asked", [0, 1, IDS_PER_QUERY, IDS_PER_QUERY + 1, 2 * IDS_PER_LIST + 1])
def test_rows_are_found_by_however_many_ids(pipeline: Any, asked: int) -> None:
    load(pipeline, *(f"it's {number}" for number in range(0, asked, 2)))
    with Copied(pipeline) as copied:
        ids = [f"it's {number}" for number in range(asked)]
        found = copied.select_in("SELECT {t.id} FROM {teams} AS t WHERE {t.id} IN", ids)
        assert sorted(found) == sorted((id_,) for id_ in ids[::2])
