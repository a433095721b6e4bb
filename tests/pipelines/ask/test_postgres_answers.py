"""On Postgres: every question answers as on DuckDB, values keep their types, and nothing can be written."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import psycopg2
import pytest
from support import questions_docs
from support.postgres import running_postgres
from support.postgres_sample import fill

from pylon_elt.analytics.dashboard import sections
from pylon_elt.analytics.dashboard.marts import Filters, Marts
from pylon_elt.analytics.dashboard.tiles import tiles
from pylon_elt.pipelines.ask import ask as ask_command
from pylon_elt.pipelines.ask import export as export_command
from pylon_elt.pipelines.ask import query as query_command
from pylon_elt.pipelines.ask import reading
from pylon_elt.pipelines.ask import report as report_command
from pylon_elt.pipelines.ask.questions import all_questions
from pylon_elt.pipelines.ask.reader import Reader
from pylon_elt.pipelines.ask.reader_duckdb import DuckDbReader
from pylon_elt.pipelines.base import exits
from pylon_elt.pipelines.base.options import Format

WRITES = (
    "delete from issues",
    "with gone as (delete from issues returning *) select * from gone",
    "explain analyze delete from issues",
    "select 1; delete from issues",
    "select * into more from issues",
    "create table more as select 1",
    "copy issues to '/tmp/stolen.csv'",
    "copy issues to program 'cat'",
    "set transaction read write",
    "commit",
    "do $$ begin delete from issues; end $$",
    "call anything()",
    "lock table issues",
    "vacuum",
    "listen anything",
)


@pytest.fixture(scope="module")
def credentials(built: Path) -> Iterator[str]:
    """A database with the sample's tables."""
    with running_postgres() as server:
        yield fill(server, built, ("issues", "tags"))


@pytest.fixture
def here(credentials: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder from which the database is reached."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DLT_DATA_DIR", str(tmp_path / "dlt"))
    monkeypatch.setenv(
        "DESTINATION__POSTGRES__CREDENTIALS", credentials.replace("postgres:pw@", "pylon_reader:pw@")
    )
    return tmp_path


@pytest.fixture
def as_superuser(here: Path, credentials: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same, as the role that may everything."""
    monkeypatch.setenv("DESTINATION__POSTGRES__CREDENTIALS", credentials)


@pytest.mark.dear
@pytest.mark.parametrize(
    "view", [Filters(), Filters(0, field="Products: api", hours="working"), Filters(90, desk="zaia")]
)
def test_the_dashboard_is_the_same(view: Filters, here: Path, marts: Marts) -> None:
    found = report_command.read("postgres", "pylon", "")
    assert list(tiles(found, view)) == list(tiles(marts, view))
    for section in sections.SECTIONS:
        assert section.rows(found, view).to_pylist() == section.rows(marts, view).to_pylist(), section.name


def _plain(value: Any) -> Any:
    return float(value) if isinstance(value, Decimal | float) else value


def _rows(reader: Reader, name: str, given: dict[str, str]) -> list[list[Any]]:
    question = all_questions()[name]
    answer = reader.ask(question.statement, question.values(given, reader)).table()
    return [[_plain(value) for value in row.values()] for row in answer.to_pylist()]


@pytest.mark.parametrize("name", all_questions())
def test_a_question_answers_as_on_duckdb(name: str, here: Path, built: Path) -> None:
    question = all_questions()[name]
    choices: list[dict[str, str]] = [{}]
    choices += [{one.name: word} for one in question.parameters.values() for word in one.words[1:]]
    choices += [{"team": "Support"}] if "team" in question.parameters else []
    with (
        reading.opened("postgres", "pylon") as there,
        DuckDbReader.opened(built, built, questions_docs.SCHEMAS) as sample,
    ):
        for given in choices:
            top = {"top": "1000"} if "top" in question.parameters else {}
            found, expected = (
                sorted(map(repr, _rows(reader, name, given | top))) for reader in (there, sample)
            )
            assert found == expected, given


@pytest.mark.parametrize("statement", WRITES)
def test_what_writes_is_refused_before_it_is_tried(here: Path, statement: str) -> None:
    with pytest.raises(exits.Problem) as refused:
        query_command.run(statement, query_command.Options("postgres", "pylon", "", None, None, 100))
    assert refused.value.code == exits.USAGE


def test_what_slips_past_the_check_is_stopped_by_the_server(
    here: Path, as_superuser: None, credentials: str
) -> None:
    sly = (
        *WRITES,
        "explain (verbose /*)select '*/) select 1; commit; delete from issues; select 1 --'",
        "/* /* */ show */ lock table issues",
        "select 1; commit; delete from issues",
        "select set_config('transaction_read_only', 'off', true)",
        "insert into tags (id) select 'x'",
    )
    for statement in sly:
        with reading.opened("postgres", "pylon") as reader, pytest.raises(psycopg2.Error):
            reader.ask(statement)
    with psycopg2.connect(credentials) as connection, connection.cursor() as cursor:
        cursor.execute("select count(*) from pylon.issues")
        assert (cursor.fetchone() or [0])[0] > 0


@pytest.mark.parametrize(
    "statement", ["select 1", "select pg_read_file('PG_VERSION')", "select * from pg_authid"]
)
def test_a_text_is_not_asked_as_superuser_and_what_to_do_is_said(
    here: Path, as_superuser: None, statement: str
) -> None:
    with pytest.raises(exits.Problem) as refused:
        query_command.run(statement, query_command.Options("postgres", "pylon", "", None, None, 100))
    assert refused.value.code == exits.CONFIGURATION
    assert "The role postgres is or may become a superuser" in refused.value.what
    assert 'GRANT USAGE ON SCHEMA "pylon", "pylon_analytics" TO pylon_reader;' in refused.value.remedy


def test_what_we_ask_ourselves_is_asked_as_superuser_too(here: Path, as_superuser: None, built: Path) -> None:
    options = query_command.Options("postgres", "pylon", "", Format.JSON, here / "out.json", 100)
    assert ask_command.run("backlog", [], options) == exits.DONE
    assert json.loads((here / "out.json").read_text())


@pytest.mark.parametrize(
    ("grant", "revoke", "what"),
    [
        ("GRANT postgres TO pylon_reader", "REVOKE postgres FROM pylon_reader", "superuser"),
        ("GRANT pg_read_server_files TO pylon_reader", "REVOKE pg_read_server_files FROM pylon_reader", "files"),
        ("GRANT pg_execute_server_program TO pylon_reader", "REVOKE pg_execute_server_program FROM pylon_reader", "programs"),
        ("GRANT EXECUTE ON FUNCTION pg_ls_dir(text) TO pylon_reader", "REVOKE ALL ON FUNCTION pg_ls_dir(text) FROM pylon_reader", "files"),
        ("GRANT pg_read_all_data TO pylon_reader", "REVOKE pg_read_all_data FROM pylon_reader", "hashes"),
        ("GRANT pg_signal_backend TO pylon_reader", "REVOKE pg_signal_backend FROM pylon_reader", "sessions"),
        ("ALTER ROLE pylon_reader REPLICATION", "ALTER ROLE pylon_reader NOREPLICATION", "replicate"),
    ],
)  # fmt: skip
def test_each_power_of_a_role_is_noticed(
    here: Path, credentials: str, grant: str, revoke: str, what: str
) -> None:
    def powers() -> str:
        with reading.opened("postgres", "pylon") as reader:
            return reader.powers()

    def do(statement: str) -> None:
        with closing(psycopg2.connect(credentials)) as connection, connection, connection.cursor() as cursor:
            cursor.execute(statement)

    assert powers() == ""
    do(grant)
    try:
        assert powers().startswith("The role pylon_reader ")
        assert what in powers()
    finally:
        do(revoke)
    assert powers() == ""


def test_a_reader_of_its_own_is_a_destination_of_its_own(
    here: Path,
    as_superuser: None,
    credentials: str,
    monkeypatch: pytest.MonkeyPatch,
    capsysbinary: pytest.CaptureFixture[bytes],
) -> None:
    monkeypatch.setenv("DESTINATION__READER__DESTINATION_TYPE", "postgres")
    monkeypatch.setenv(
        "DESTINATION__READER__CREDENTIALS", credentials.replace("postgres:pw@", "pylon_reader:pw@")
    )
    options = query_command.Options("reader", "pylon", "", Format.JSON, None, 100)
    assert (
        query_command.run("select current_user as me, count(*) > 0 as found from issues", options)
        == exits.DONE
    )
    assert json.loads(capsysbinary.readouterr().out) == [{"me": "pylon_reader", "found": True}]


def test_a_statement_without_end_is_ended(here: Path, credentials: str) -> None:
    with reading.opened("postgres", "pylon") as reader:
        assert reader.ask("show statement_timeout").table().to_pylist() == [{"statement_timeout": "10min"}]
    with closing(psycopg2.connect(credentials)) as connection, connection, connection.cursor() as cursor:
        cursor.execute("ALTER ROLE pylon_reader SET statement_timeout = '300ms'")
    try:
        with pytest.raises(exits.Problem, match="statement timeout") as ended:
            query_command.run(
                "select pg_sleep(60)", query_command.Options("postgres", "pylon", "", None, None, 100)
            )
        assert ended.value.code == exits.USAGE
    finally:
        with closing(psycopg2.connect(credentials)) as connection, connection, connection.cursor() as cursor:
            cursor.execute("ALTER ROLE pylon_reader RESET statement_timeout")


def test_one_statement_leaves_nothing_to_the_next(here: Path) -> None:
    with reading.opened("postgres", "pylon") as reader:
        reader.ask("select set_config('search_path', 'pg_catalog', false), pg_advisory_lock(17)")
        with pytest.raises(psycopg2.Error):
            reader.ask("select 1 / 0")
        assert reader.ask("select count(*) > 0 as found from issues").table().to_pylist() == [{"found": True}]


def test_a_large_answer_is_whole(here: Path) -> None:
    with reading.opened("postgres", "pylon") as reader:
        found = reader.ask(
            "select n, case when n > 50000 then n end as late from generate_series(1, 50001) as n"
        ).table()
        assert (found.num_rows, found["late"].to_pylist()[-1]) == (50_001, 50_001)
        nothing = reader.ask("select 1::bigint as a, 'x'::text as b where false").table()
        assert (nothing.num_rows, [str(kind) for kind in nothing.schema.types]) == (0, ["int64", "string"])


def test_values_keep_their_types(here: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    sql = """select 1::bigint as a, 1.50::numeric as b, true as c, date '2026-01-31' as d, 'x'::text as e, null as f,
        timestamptz '2026-01-31 12:00:00+02' as g, '{"k": [1]}'::jsonb as h, 0.5::float8 as i, 10 % 3 as j"""
    query_command.run(sql, query_command.Options("postgres", "pylon", "", Format.JSON, None, 100))
    (row,) = json.loads(capsysbinary.readouterr().out)
    assert row == {
        "a": 1, "b": 1.5, "c": True, "d": "2026-01-31", "e": "x", "f": None, "g": "2026-01-31T10:00:00Z",
        "h": '{"k": [1]}', "i": 0.5, "j": 1,
    }  # fmt: skip


def test_errors_show_the_place_and_what_was_meant(here: Path) -> None:
    def problem(sql: str) -> exits.Problem:
        with pytest.raises(exits.Problem) as raised:
            query_command.run(sql, query_command.Options("postgres", "pylon", "", None, None, 100))
        assert raised.value.code == exits.USAGE
        return raised.value

    assert problem("select * from isues").remedy == "Did you mean issues?"
    assert "Line 2, column 8" in problem("select id,\n       titel from issues").what
    assert "^" in problem("select (1 from issues").what


def test_tables_are_exported(here: Path, built: Path) -> None:
    options = export_command.Options(
        here / "out", ("issues", "pylon__csat"), False, False, "postgres", "pylon", ""
    )
    assert export_command.run(options) == exits.DONE
    with duckdb.connect(str(built), read_only=True) as sample:
        for schema, table in (("pylon", "issues"), ("pylon_analytics", "pylon__csat")):
            file = here / "out" / f"{table}.parquet"
            there = "SELECT * REPLACE (1 AS _synced_at) FROM {}" if table == "issues" else "FROM {}"
            difference = sample.execute(
                f"SELECT count(*) FROM ({there.format(f'{schema}.{table}')} EXCEPT ALL {there.format(repr(str(file)))})"
            )
            assert difference.fetchone() == (0,)
