"""A copy in Postgres is published as one in DuckDB is, from one moment of it, and never more of it in memory than is wanted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.lakes import Waters, stamp
from support.postgres import Postgres
from support.postgres_sample import fill

from pylon_elt.pipelines.ask import reading
from pylon_elt.pipelines.base import desk, exits
from pylon_elt.pipelines.desks.pylon import PYLON
from pylon_elt.pipelines.publish import publish

pytestmark = pytest.mark.dear

TABLES = ("issues", "issue_messages", "issue_followers", "issue_sync", "tags", "organization")


@pytest.fixture(scope="module")
def server(postgres: Postgres, stored: Path) -> Postgres:
    """A server with the sample in the database ``answers``."""
    fill(postgres, stored, TABLES)
    return postgres


@pytest.fixture
def elsewhere(server: Postgres, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A copy of that database for a test, as the configured destination."""
    monkeypatch.setenv("DESTINATION__POSTGRES__CREDENTIALS", server.clone("published", "answers"))
    desk.use(PYLON)
    yield lambda statement: server.execute(statement, "published")
    server.drop("published")


def _publish(folder: Path) -> int:
    options = publish.Options(
        to=str(folder), catalog="", namespace="", select=(), marts=True, keep_days=1.0, adopt=False,
        destination="postgres", dataset="pylon", schema="", tables=PYLON.tables(), as_json=False,
    )  # fmt: skip
    return publish.run(options)


def test_what_was_published_from_duckdb_is_no_other_from_postgres(
    elsewhere: Any, waters: Waters, capsys: pytest.CaptureFixture[str]
) -> None:
    waters.publish(*TABLES, "pylon__issues", "support__customers")
    capsys.readouterr()
    assert _publish(waters.folder) == exits.DONE
    assert "nothing has changed" in capsys.readouterr().out


def test_every_value_is_published_from_postgres_as_it_is(elsewhere: Any, waters: Waters) -> None:
    _publish(waters.folder)
    waters.require_equal(*TABLES, "pylon__issues")
    edit = f"UPDATE %s SET title = 'edited', _synced_at = {stamp()} WHERE id = (SELECT min(id) FROM %s)"
    elsewhere(edit % ("pylon.issues", "pylon.issues"))
    elsewhere(
        "DELETE FROM pylon.issue_followers WHERE issue_id = (SELECT min(issue_id) FROM pylon.issue_followers)"
    )
    waters.change(
        edit % ("issues", "issues"),
        "DELETE FROM issue_followers WHERE issue_id = (SELECT min(issue_id) FROM issue_followers)",
    )
    _publish(waters.folder)
    waters.require_equal(*TABLES)
    assert len(waters.table("issues").snapshots()) == 2
    assert len(waters.table("issue_messages").snapshots()) == 1


@pytest.mark.parametrize("still", [True, False])
def test_all_tables_are_of_one_moment(elsewhere: Any, still: bool) -> None:
    with reading.opened("postgres", "pylon", still=still) as reader:
        ask = "SELECT count(*) AS found FROM pylon.tags"
        before = reader.ask(ask).table().to_pylist()
        elsewhere("DELETE FROM pylon.tags")
        assert (reader.ask(ask).table().to_pylist() == before) is still


def test_rows_come_part_by_part(elsewhere: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pylon_elt.pipelines.ask.reader_server.BATCH_ROWS", 7)
    with reading.opened("postgres", "pylon") as reader:
        with reader.parts("SELECT id FROM pylon.issues ORDER BY id") as parts:
            sizes = [part.num_rows for part in parts]
        assert len(reader.ask("SELECT 1 AS one").table()) == 1, "the reader can be asked again"
    assert sizes == [7] * (120 // 7) + [120 % 7]
