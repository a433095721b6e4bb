"""The same raw rows in Postgres give the same marts, row by row."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import duckdb
import psycopg2
import pytest
from support.commands import Commands
from support.marts import MARTS, SCHEMAS, Built
from support.postgres import OLDEST, Postgres, running_postgres
from support.repository import ROOT

from pylon_elt.pipelines.transform import package

pytestmark = pytest.mark.slow
needs_oldest = pytest.mark.skipif(not OLDEST.exists(), reason="Postgres 15 is not here")

TYPES = {
    "VARCHAR": "text",
    "JSON": "jsonb",
    "TIMESTAMP WITH TIME ZONE": "timestamptz",
    "DOUBLE": "double precision",
}
OF_THE_BUILD = {"checked_at", "seconds_since_newest_row", "seconds_since_last_load"}
"""Columns that say when a table was built."""


@pytest.fixture(scope="module", params=[None, pytest.param(OLDEST, marks=[needs_oldest, pytest.mark.dear])])
def postgres(request: pytest.FixtureRequest) -> Iterator[Postgres]:
    """The server that all tests use, and the oldest release that is maintained."""
    with running_postgres(request.param) as server:
        yield server


@pytest.fixture(scope="module")
def url(postgres: Postgres, built: Built, commands: Commands) -> str:
    """A database with the raw tables of the copy, dlt's own included, on which the package was built and tested."""
    url = postgres.create("marts")
    carry(built, url)
    environment = {"DESTINATION__POSTGRES__CREDENTIALS": url, "DLT_DATA_DIR": str(built.folder / "dlt2")}
    done = commands.run("transform", "--test", "-d", "postgres", folder=built.folder, environment=environment)
    assert done.code == 0, done.text
    assert "tests passed" in done.out
    return url


def carry(built: Built, url: str) -> None:
    """Copy the raw tables from DuckDB, with the types that dlt gives them in Postgres."""
    source = duckdb.connect(str(built.database), read_only=True)
    source.execute("SET TimeZone = 'UTC'")
    target = psycopg2.connect(url)
    with source, target, target.cursor() as cursor:
        for schema in ("pylon", "zaia"):
            cursor.execute(f"CREATE SCHEMA {schema}")
            names = source.execute(
                "SELECT table_name FROM information_schema.tables WHERE table_schema = ?", [schema]
            ).fetchall()
            for (name,) in names:
                _carry_table(source, cursor, schema, name)
    source.close()
    target.close()


def _carry_table(source: duckdb.DuckDBPyConnection, cursor: Any, schema: str, name: str) -> None:
    columns = source.execute(
        "SELECT column_name, data_type FROM information_schema.columns WHERE table_schema = ?"
        " AND table_name = ? ORDER BY ordinal_position",
        [schema, name],
    ).fetchall()
    typed = ", ".join(f'"{column}" {TYPES.get(kind, kind)}' for column, kind in columns)
    cursor.execute(f'CREATE TABLE {schema}."{name}" ({typed})')
    rows = source.execute(f'FROM {schema}."{name}"').fetchall()
    text = "".join("\t".join(_cell(value) for value in row) + "\n" for row in rows)
    cursor.copy_expert(f'COPY {schema}."{name}" FROM STDIN', io.StringIO(text))


def _cell(value: object) -> str:
    if value is None:
        return "\\N"
    return str(value).replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


@pytest.mark.parametrize("model", package.models())
def test_every_model_is_equal(model: str, built: Built, url: str) -> None:
    schema = SCHEMAS[not model.startswith(MARTS)]
    with psycopg2.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute(f"SET TIME ZONE 'UTC'; SELECT * FROM {schema}.{model}")
        names = [column.name for column in cursor.description or ()]
        found = [_plain(dict(zip(names, row, strict=True))) for row in cursor.fetchall()]
    connection.close()
    expected = [_plain(row) for row in built.rows(model)]
    assert sorted(found) == sorted(expected)


def test_descriptions_are_in_the_database(built: Built, url: str) -> None:
    query = f"SELECT table_name, column_name, comment FROM duckdb_columns() WHERE schema_name IN {SCHEMAS}"
    with psycopg2.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname, attname, col_description(pg_class.oid, attnum) FROM pg_attribute"
            " JOIN pg_class ON attrelid = pg_class.oid WHERE attnum > 0 AND NOT attisdropped"
            " AND relkind = 'r' AND relnamespace::regnamespace::text IN %s",
            [SCHEMAS],
        )
        found = cursor.fetchall()
        cursor.execute(f"SELECT obj_description('{SCHEMAS[0]}.support__conversations'::regclass)")
        assert "One text for each ticket" in str(cursor.fetchone())
    connection.close()
    assert sorted(map(str, found)) == sorted(str(tuple(row.values())) for row in built.ask(query))
    assert sum(comment is not None for _, _, comment in found) > 500


SLOWLY = """
import itertools, os, sys, time
from dbt.adapters.base.impl import BaseAdapter
from dbt.adapters.cache import RelationsCache
from pathlib import Path
from pylon_elt.pipelines import cli
from support import parsed

parsed.share(Path(os.environ["PYLON_TESTS_PARSED"]))
add, list_relations, asked = RelationsCache.add, BaseAdapter.list_relations, itertools.count()

def slowly(self, relation):
    add(self, relation)
    time.sleep(0.02)

def later(self, database, schema):
    if schema == "pylon" and 0 < next(asked) < 20:
        time.sleep(0.1)
    return list_relations(self, database, schema)

RelationsCache.add, BaseAdapter.list_relations = slowly, later
sys.argv = ["pylon", *sys.argv[1:]]
cli.main()
"""


@pytest.mark.dear
def test_a_table_that_is_not_listed_yet_is_not_missing(built: Built, url: str) -> None:
    """dbt's threads take a list of tables that one of them has just begun for all there is."""
    arguments = [
        "transform",
        "-d",
        "postgres",
        "--schema",
        "slowly",
        "--progress",
        "none",
        "--select",
        "path:models/staging",
    ]
    more = {"DESTINATION__POSTGRES__CREDENTIALS": url, "DLT_DATA_DIR": str(built.folder / "dlt3")}
    subprocess.run(
        [sys.executable, "-c", SLOWLY, *arguments], cwd=built.folder,
        env=os.environ | more | {"PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "tests")))}, check=True, capture_output=True,
    )  # fmt: skip
    with psycopg2.connect(url) as connection, connection.cursor() as cursor:
        for model in (name for name in package.models() if name.startswith("stg_")):
            cursor.execute(f"SELECT count(*) FROM slowly_staging.{model}")
            assert cursor.fetchone() == (len(built.rows(model)),), model
    connection.close()


def _plain(row: dict[str, Any]) -> str:
    kept = {name: _value(value) for name, value in row.items() if name not in OF_THE_BUILD}
    return json.dumps(kept, sort_keys=True, ensure_ascii=False)


def _value(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, str) and value.startswith(("{", "[")):
        return json.loads(value)
    if isinstance(value, Decimal | float):
        return round(float(value), 6)
    return value if isinstance(value, int | dict | list | None | str) else str(value)
