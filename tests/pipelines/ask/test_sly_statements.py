"""Whatever is asked, the database is the same after: hundreds of statements that try to be taken for others."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import duckdb
import psycopg2
import pytest
from support import amounts, questions_docs, sly
from support.postgres import Postgres, running_postgres
from support.workplaces import CopyDesk

from pylon_elt.pipelines.ask import query as query_command
from pylon_elt.pipelines.ask import reading
from pylon_elt.pipelines.ask.reader_duckdb import DuckDbReader
from pylon_elt.pipelines.ask.reader_postgres import PostgresReader
from pylon_elt.pipelines.base import exits
from pylon_elt.pipelines.copy import destinations

pytestmark = [pytest.mark.dear, pytest.mark.soak]
NUMBER = amounts.STATEMENTS.now
SET_UP = (
    "CREATE ROLE loader LOGIN",
    "CREATE SCHEMA pylon AUTHORIZATION loader",
    "CREATE TABLE pylon.issues (id text, title text)",
    "INSERT INTO pylon.issues SELECT n, 'x' FROM generate_series(1, 50) AS n",
    "CREATE SEQUENCE pylon.sly_numbers",
    """CREATE FUNCTION pylon.sly_delete() RETURNS bigint SECURITY DEFINER LANGUAGE sql AS
       'DELETE FROM pylon.issues; SELECT 1::bigint'""",
    "ALTER TABLE pylon.issues OWNER TO loader",
    "ALTER SEQUENCE pylon.sly_numbers OWNER TO loader",
    "GRANT CREATE ON DATABASE {} TO loader",
    "ALTER ROLE loader SET statement_timeout = '5s'",
)
STATE = (
    "SELECT * FROM pylon.issues ORDER BY id, title",
    "SELECT last_value, is_called FROM pylon.sly_numbers",
    "SELECT oid, relname, relacl::text, relnatts FROM pg_class WHERE relnamespace <> 'pg_toast'::regnamespace ORDER BY oid",
    "SELECT oid, proname FROM pg_proc ORDER BY oid",
    "SELECT oid FROM pg_largeobject_metadata ORDER BY oid",
    "SELECT objoid, description FROM pg_description WHERE description = 'sly'",
    "SELECT rolname, rolsuper FROM pg_roles ORDER BY 1",
    "SELECT objid FROM pg_locks WHERE locktype = 'advisory'",
    "SELECT setdatabase, setrole, setconfig FROM pg_db_role_setting ORDER BY 1, 2",
)


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with running_postgres() as one:
        yield one


@pytest.fixture
def database(server: Postgres, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    """A database whose owner, who may write, asks."""
    server.create("sly")
    for statement in SET_UP:
        server.execute(statement.format("sly"), "sly")
    monkeypatch.setenv("DLT_DATA_DIR", str(tmp_path / "dlt"))
    monkeypatch.setenv("DESTINATION__POSTGRES__CREDENTIALS", _as_loader(server))
    yield "sly"
    server.execute("DROP DATABASE sly WITH (FORCE)")
    server.execute("DROP ROLE loader")


def _as_loader(server: Postgres) -> str:
    return server.url("sly").replace("postgres:pw@", "loader:pw@")


def _state(server: Postgres) -> list[Any]:
    return [server.execute(statement, "sly") for statement in STATE]


def test_nothing_in_postgres_changes_though_nobody_looks_at_the_text(
    database: str, server: Postgres, seed: int, tmp_path: Path
) -> None:
    before = _state(server)
    pipeline = destinations.open_pipeline("postgres", "pylon", pipelines_dir=str(tmp_path / "work"))
    asked: list[str] = []
    for text in sly.statements(seed, NUMBER, "issues", "title"):
        asked.append(text)
        with PostgresReader.opened(pipeline, ("pylon",)) as reader:
            with suppress(psycopg2.Error, UnicodeEncodeError):
                reader.ask(text)
            assert reader.ask("SHOW transaction_read_only").table().to_pylist() == [
                {"transaction_read_only": "on"}
            ], text
        if len(asked) % 50 == 0 or len(asked) == NUMBER:
            assert _state(server) == before, asked[-50:]


def test_these_statements_do_harm_where_a_text_is_sent_as_it_is(
    database: str, server: Postgres, seed: int
) -> None:
    """What shows that the test before can fail: the same in a transaction that may only read, by the simple protocol."""
    before = _state(server)
    harmful = 0
    for text in list(
        sly.statements(seed, len(sly.WRITES) + len(sly.CALLS) + len(sly.HIDES), "pylon.issues", "title")
    ):
        connection = psycopg2.connect(_as_loader(server))
        connection.set_session(readonly=True)
        with suppress(psycopg2.Error, UnicodeEncodeError, ValueError), connection.cursor() as cursor:
            cursor.execute(text)
        with suppress(psycopg2.Error):
            connection.rollback()
        connection.close()
        if _state(server)[0] != before[0]:
            harmful += 1
            server.execute("TRUNCATE pylon.issues", "sly")
            server.execute(SET_UP[3], "sly")
    assert harmful > 5


def test_the_command_refuses_or_answers_and_never_stumbles(
    database: str, server: Postgres, seed: int, capsys: pytest.CaptureFixture[str]
) -> None:
    before = _state(server)
    with reading.opened("postgres", "pylon") as reader:
        for text in sly.statements(seed, NUMBER, "issues", "title"):
            _answered_or_refused(reader, text)
    assert _state(server) == before


def test_nothing_in_duckdb_changes(
    raw_desk: CopyDesk, seed: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def contents() -> dict[str, str]:
        files = [path for path in raw_desk.folder.rglob("*") if path.is_file()]
        return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}

    before, file = contents(), raw_desk.database
    for text in sly.statements(seed, NUMBER, "issues", "title"):
        with DuckDbReader.opened(file, file, questions_docs.SCHEMAS) as reader:
            with suppress(duckdb.Error, UnicodeError, AttributeError):  # no statement, no answer
                reader.ask(text).table()
            _answered_or_refused(reader, text)
    assert contents() == before
    assert not Path("/tmp/sly.csv").exists()


def _answered_or_refused(reader: Any, text: str) -> None:
    try:
        query_command.answer(reader, text, query_command.Options("", "", "", None, None, 3))
    except exits.Problem as refused:
        assert refused.code == exits.USAGE, text
    except (duckdb.Error, psycopg2.Error):
        pass  # what is no fault of the statement is told by what calls this
