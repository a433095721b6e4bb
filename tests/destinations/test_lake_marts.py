"""``pylon transform`` in a DuckLake, and what is asked of it: the same tables and answers as in DuckDB."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest
from support.commands import Commands, Result
from support.destinations import LAKES, copy_in
from support.ducklake import NAME, Lake
from support.marts import MARTS, SCHEMAS
from support.soak import SOAK

from pylon_elt import emulator
from pylon_elt.pipelines.ask import reading
from pylon_elt.pipelines.ask.questions import all_questions
from pylon_elt.pipelines.ask.reader import Reader
from pylon_elt.pipelines.base import exits
from pylon_elt.pipelines.transform import package

pytestmark = pytest.mark.skipif(not os.environ.get(LAKES), reason="DuckLake: make ducklake")

OF_THE_BUILD = ("checked_at", "seconds_since_newest_row", "seconds_since_last_load")
"""Columns of the table on freshness that say when it was built."""
EMPTY = "int_zaia__as_of"
"""Where there is no load of Zaia's, it says when it was built, and no more."""


@dataclass
class Both:
    """One workspace, copied into a lake, its raw rows put into DuckDB too, and both built."""

    lake: Lake
    file: Path
    environment: dict[str, str]
    commands: Commands

    def pylon(self, *arguments: str) -> Result:
        """Run a command."""
        return self.commands.start(*arguments, folder=self.file.parent, environment=self.environment).wait(
            600
        )

    @contextmanager
    def readers(self) -> Iterator[tuple[Reader, Reader]]:
        """Open both, the lake first."""
        with pytest.MonkeyPatch.context() as patch:
            for name, value in self.environment.items():
                patch.setenv(name, value)
            with reading.opened("ducklake", "pylon") as lake, reading.opened("duckdb", "pylon") as file:
                yield lake, file


@pytest.fixture(scope="module")
def commands() -> Iterator[Commands]:
    """The processes that commands are forked from."""
    with Commands() as started:
        yield started


@pytest.fixture(scope="module")
def both(kind: str, commands: Commands, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    """A workspace in both, with its marts; on them all tests of the package pass, which takes minutes."""
    lake: Any = copy_in(kind, tmp_path_factory.mktemp(kind) / "site")
    file = lake.folder / "support.duckdb"
    world = emulator.World.seeded(seed=3, issues=120, years=1.0)
    with emulator.running(world) as server:
        environment = {
            **lake.machine().environment(),
            "DESTINATION__DUCKDB__CREDENTIALS": str(file),
            "DLT_DATA_DIR": str(lake.folder / "dlt"),
            "PYLON_API_KEY": server.token,
            "SOURCES__PYLON__BASE_URL": server.base_url,
            "SOURCES__PYLON__RATE_WINDOW_SECONDS": "1",
        }
        made = Both(lake, file, environment, commands)
        done = made.pylon("run", "-d", "ducklake")
        assert done.code == exits.DONE, done.text
    carry(lake, file)
    done = made.pylon("transform", *(("--test",) if SOAK else ()), "-d", "ducklake")
    assert done.code == exits.DONE, done.text
    done = made.pylon("transform")
    assert done.code == exits.DONE, done.text
    yield made
    lake.discard()


def carry(lake: Lake, file: Path) -> None:
    """Put the raw rows of a lake into a DuckDB file, dlt's own tables included."""
    with lake.opened() as connection:
        connection.execute(f"ATTACH '{file}' AS carried; CREATE SCHEMA carried.pylon")
        names = connection.execute(
            f"SELECT table_name FROM duckdb_tables() WHERE database_name = '{NAME}' AND schema_name = 'pylon'"
        ).fetchall()
        assert ("issue_messages",) in names
        for (name,) in names:
            connection.execute(f'CREATE TABLE carried.pylon."{name}" AS FROM {NAME}.pylon."{name}"')
        connection.execute("DETACH carried")


def rows(connection: Any, catalog: str, model: str) -> tuple[list[tuple[str, str]], list[tuple[Any, ...]]]:
    """Return the columns and the rows of a model, without what tells when it was built."""
    place = f"{catalog}.{SCHEMAS[not model.startswith(MARTS)]}.{model}"
    wanted = f"* EXCLUDE ({', '.join(OF_THE_BUILD)})" if model == "pylon__sync_freshness" else "*"
    found = connection.execute(f"SELECT {wanted} FROM {place} ORDER BY ALL")
    return [(column[0], str(column[1])) for column in found.description], found.fetchall()


def test_every_model_is_equal(both: Both) -> None:
    with both.lake.opened() as connection:
        connection.execute(f"ATTACH '{both.file}' AS file (READ_ONLY)")
        filled = 0
        for model in (name for name in package.models() if name != EMPTY):
            columns, found = rows(connection, NAME, model)
            expected = rows(connection, "file", model)
            assert columns == expected[0], model
            assert found == expected[1], model
            filled += bool(found)
        assert filled > len(package.models()) / 2


def test_descriptions_are_in_the_lake(both: Both) -> None:
    query = (
        "SELECT table_name, column_name, comment FROM duckdb_columns()"
        f" WHERE database_name = '{{}}' AND schema_name IN {SCHEMAS} ORDER BY ALL"
    )
    with both.lake.opened() as connection:
        connection.execute(f"ATTACH '{both.file}' AS file (READ_ONLY)")
        found, expected = (connection.execute(query.format(name)).fetchall() for name in (NAME, "file"))
    assert found == expected
    assert sum(comment is not None for _, _, comment in found) > 500


def test_every_question_has_the_same_answer(both: Both) -> None:
    with both.readers() as (lake, file):
        for name, question in all_questions().items():
            answers = [one.ask(question.statement, question.values({}, one)).table() for one in (lake, file)]
            if name != "freshness":  # which tells how old the build is
                assert answers[0].to_pylist() == answers[1].to_pylist(), name
            assert answers[0].schema.names == answers[1].schema.names, name


def test_it_is_queried_asked_reported_and_exported_by_the_commands(both: Both) -> None:
    sql = "SELECT i.state, count(*) AS n FROM pylon__issues JOIN issues AS i ON number = issue_number GROUP BY 1 ORDER BY 1"
    for arguments in (
        ("query", sql, "--format", "csv"),
        ("ask", "backlog", "--by", "team", "--format", "csv"),
    ):
        lake, file = (both.pylon(*arguments, "-d", destination) for destination in ("ducklake", "duckdb"))
        assert lake.code == file.code == exits.DONE, lake.text + file.text
        assert lake.out == file.out
        assert len(lake.out.splitlines()) > 2
    report = both.pylon("report", "-d", "ducklake", "--html", "report.html")
    assert report.code == exits.DONE, report.text
    assert "<svg" in (both.file.parent / "report.html").read_text()
    exported = both.pylon("export", "-d", "ducklake", "parquet", "--marts")
    assert exported.code == exits.DONE, exported.text
    with duckdb.connect(str(both.file), read_only=True) as connection:
        number = "SELECT count(*) FROM {}"
        for table, where in (("issue_messages", "pylon"), ("pylon__issues", "pylon_analytics")):
            files = f"'{both.file.parent}/parquet/{table}.parquet'"
            assert (
                connection.execute(number.format(files)).fetchone()
                == connection.execute(number.format(f"{where}.{table}")).fetchone()
            )


@pytest.mark.parametrize(
    "beyond",
    [
        "SELECT * FROM sqlite_scan('/etc/passwd', 'a')",
        "SELECT * FROM ducklake_cleanup_old_files('lake', cleanup_all => true)",
        "SELECT * FROM \"postgres_query\"('__ducklake_metadata_lake', 'COMMIT')",
        "FROM query('FROM sqlite' || '_scan(''/etc/passwd'', ''a'')')",
        "FROM \"QUERY\" /* so */ ('FROM sqlite' || '_scan(''/etc/passwd'', ''a'')')",
    ],
)
def test_a_question_reaches_nothing_but_the_lake(both: Both, beyond: str) -> None:
    result = both.pylon("query", beyond, "-d", "ducklake")
    assert result.code == exits.USAGE
    assert "is not answered here" in result.text


def test_a_question_reads_no_other_file_and_writes_none(both: Both) -> None:
    secret = both.file.parent / "secret.csv"
    secret.write_text("a\n1\n")
    with both.readers() as (lake, _):
        for statement, error in (
            (f"SELECT * FROM read_csv('{secret}')", "disabled by configuration"),
            (f"COPY (SELECT 1) TO '{secret}'", "disabled by configuration"),
            ("DELETE FROM issues", "read-only"),
            ("SET enable_external_access = true", "locked"),
        ):
            with pytest.raises(duckdb.Error, match=error):
                lake.ask(statement).table()
    assert secret.read_text() == "a\n1\n"
    history = both.pylon(
        "query", "SELECT count(*) > 1 AS more FROM ducklake_snapshots('lake')", "-d", "ducklake"
    )
    assert "yes" in history.out, history.text


def test_a_selection_is_built_anew_and_no_former_table_is_left(both: Both) -> None:
    result = both.pylon("transform", "-d", "ducklake", "--select", "pylon__issues", "--schema", "numbers")
    assert result.code != exits.DONE  # what it is made from is not there
    result = both.pylon(
        "transform", "-d", "ducklake", "--select", "+pylon__issue_metrics", "--schema", "numbers"
    )
    assert result.code == exits.DONE, result.text
    again = both.pylon(
        "transform", "-d", "ducklake", "--select", "+pylon__issue_metrics", "--schema", "numbers"
    )
    assert again.code == exits.DONE, again.text
    with both.lake.opened() as connection:
        names = connection.execute(
            f"SELECT table_name FROM duckdb_tables() WHERE database_name = '{NAME}' AND schema_name LIKE 'numbers%'"
        ).fetchall()
        assert not [name for (name,) in names if name.endswith(("__dbt_tmp", "__dbt_backup"))]
        found = connection.execute("SELECT count(*) FROM numbers.pylon__issue_metrics").fetchone()
        assert found == connection.execute("SELECT count(*) FROM pylon.issues").fetchone()


def test_status_takes_few_seconds_of_cpu(both: Both) -> None:
    script = "import sys; from pylon_elt.pipelines.cli import main; sys.argv[0] = 'pylon'; main()"
    environment = os.environ | both.environment | {"PYTHONPATH": os.pathsep.join(sys.path)}
    before = os.times()
    done = subprocess.run(
        [sys.executable, "-c", script, "status", "-d", "ducklake"],
        cwd=both.file.parent,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    after = os.times()
    assert "issue_messages" in done.stdout
    used = after.children_user + after.children_system - before.children_user - before.children_system
    assert used < 6, "CPU seconds, of which this machine takes 2"


def test_without_a_copy_it_says_what_comes_first(both: Both, kind: str, tmp_path: Path) -> None:
    if kind != "ducklake-sqlite":
        pytest.skip("the other catalog is on a server, which is there")
    empty = both.environment | {
        "DESTINATION__DUCKLAKE__CREDENTIALS__CATALOG": f"sqlite:///{tmp_path}/none.sqlite",
        "DESTINATION__DUCKLAKE__CREDENTIALS__STORAGE__BUCKET_URL": f"file://{tmp_path}/files",
    }
    for arguments in (("transform",), ("query", "SELECT 1"), ("ask", "backlog")):
        result = both.commands.run(*arguments, "-d", "ducklake", folder=both.file.parent, environment=empty)
        assert result.code == exits.FAILED
        assert "There is no copy yet" in result.text
    assert not [path.name for path in tmp_path.iterdir() if path.name.startswith("none")]
