"""The connection that a run holds, on a server that closes what it likes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dlt
import pytest
from support.postgres import Postgres, running_postgres

from pylon_elt.pipelines.base import exits
from pylon_elt.pipelines.base.causes import explain
from pylon_elt.sources.pylon.copy.copied import IDS_PER_LIST, Copied

pytestmark = pytest.mark.dear

DATABASE = "connections"
IDS = "SELECT {t.id} FROM {teams} AS t ORDER BY {t.id}"
BEYOND_DIRECTORY = f"FROM pg_stat_activity WHERE datname = '{DATABASE}'"


@pytest.fixture
def database(postgres: Postgres) -> Iterator[str]:
    yield postgres.create(DATABASE)
    postgres.execute(f"DROP DATABASE {DATABASE} WITH (FORCE)")


def filled(url: str, folder: Path) -> Any:
    pipeline = dlt.pipeline(
        "held", destination=dlt.destinations.postgres(url), dataset_name="desk", pipelines_dir=str(folder)
    )
    load(pipeline, "one", "two")
    return pipeline


def load(pipeline: Any, *ids: str, table: str = "teams") -> None:
    pipeline.run([{"id": id_} for id_ in ids], table_name=table)


def test_a_connection_that_the_server_closed_is_opened_anew(
    postgres: Postgres, database: str, tmp_path: Path
) -> None:
    with Copied(filled(database, tmp_path)) as copied:
        for _ in range(3):
            assert copied.select(IDS) == [("one",), ("two",)]
            assert postgres.execute(f"SELECT pg_terminate_backend(pid) {BEYOND_DIRECTORY}") == [(True,)]
            assert copied.tables(["teams", "tags"]) == {"teams"}
            assert postgres.execute(f"SELECT COUNT(*) {BEYOND_DIRECTORY}") == [(1,)]


def test_no_transaction_is_left_open_and_loads_are_seen(
    postgres: Postgres, database: str, tmp_path: Path
) -> None:
    pipeline = filled(database, tmp_path)
    with Copied(pipeline) as copied:
        assert copied.select(IDS, most=1) == [("one",)]
        assert copied.select("SELECT {m.id} FROM {missing} AS m") == []
        assert postgres.execute(f"SELECT state, backend_xmin {BEYOND_DIRECTORY}") == [("idle", None)]
        load(pipeline, "three")
        load(pipeline, "blue", table="tags")
        assert [row[0] for row in copied.select(IDS)] == ["one", "three", "two"]
        assert copied.tables(["teams", "tags"]) == {"teams", "tags"}
        postgres.execute("ALTER TABLE desk.teams ADD COLUMN more int", DATABASE)
        postgres.execute("DROP TABLE desk.tags", DATABASE)
        assert copied.tables(["teams", "tags"]) == {"teams"}


def test_a_server_that_is_gone_is_told_on_one_screen(tmp_path: Path) -> None:
    with running_postgres() as server:
        copied = Copied(filled(server.create(DATABASE), tmp_path))
        assert copied.select(IDS)
    with pytest.raises(Exception) as failure:
        copied.select(IDS)
    problem = explain(failure.value)
    assert problem.what.startswith("Postgres cannot be reached: ")
    assert problem.code == exits.CONFIGURATION
    copied.close()


def test_rows_are_found_by_many_ids(database: str, tmp_path: Path) -> None:
    with Copied(filled(database, tmp_path)) as copied:
        ids = ["one", "two", *(f"100 %s \\ '{number}" for number in range(IDS_PER_LIST))]
        found = copied.select_in("SELECT {t.id} FROM {teams} AS t WHERE {t.id} IN", ids)
        assert sorted(found) == [("one",), ("two",)]


def test_texts_are_written_although_the_database_asks_for_another_encoding(
    postgres: Postgres, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    postgres.execute(f"ALTER DATABASE {DATABASE} SET client_encoding = 'LATIN1'")
    monkeypatch.setenv("PGCLIENTENCODING", "UTF8")  # as a command does
    load(pipeline := filled(database, tmp_path), "tr\N{LATIN SMALL LETTER DOTLESS I} \N{THUMBS UP SIGN}")
    with Copied(pipeline) as copied:
        assert len(copied.select(IDS)) == 3
