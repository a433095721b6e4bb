"""Databases that cannot hold a copy, and poolers that cannot hold its lock, are found before anything is read."""

from __future__ import annotations

from typing import Any

import pytest
from support.workplaces import Desk

pytest.importorskip("psycopg2")

from support.pooler import pooling
from support.postgres import Postgres

from pylon_elt.pipelines.base import exits

pytestmark = pytest.mark.dear

TO = ("--destination", "postgres")
CREDENTIALS = "DESTINATION__POSTGRES__CREDENTIALS"


@pytest.fixture
def desk(open_desk: Any) -> Desk:
    found: Desk = open_desk(issues=5)
    return found


def test_a_role_that_may_make_no_schemas_is_told_what_to_ask_for(desk: Desk, postgres: Postgres) -> None:
    url = postgres.create("closed").replace("//postgres:", "//reader:")
    postgres.execute("CREATE ROLE reader LOGIN PASSWORD 'pw'")
    desk.environment[CREDENTIALS] = url
    result = desk.pylon("check", *TO)
    assert result.code == exits.CONFIGURATION
    told = " ".join(result.text.split())
    assert "The role reader may not make schemas in the database closed" in told
    for name in ("pylon", "pylon_dlt_staging"):
        postgres.execute(f'CREATE SCHEMA "{name}" AUTHORIZATION "reader"', "closed")
        assert f'CREATE SCHEMA "{name}" AUTHORIZATION "reader"' in told
        told = " ".join(desk.pylon("check", *TO).text.split())
    assert desk.pylon("check", *TO).code == exits.DONE
    run = desk.pylon("run", *TO, "--select", "teams")
    assert run.code == exits.DONE, run.text


def test_what_is_said_of_a_role_lets_it_run(desk: Desk, postgres: Postgres) -> None:
    desk.environment[CREDENTIALS] = postgres.create("granted").replace("//postgres:", "//writer:")
    postgres.execute("CREATE ROLE writer LOGIN PASSWORD 'pw'")
    assert 'GRANT CREATE ON DATABASE "granted" TO "writer"' in " ".join(desk.pylon("check", *TO).text.split())
    postgres.execute('GRANT CREATE ON DATABASE "granted" TO "writer"')
    assert desk.pylon("check", *TO).code == exits.DONE
    assert desk.pylon("run", *TO, "--select", "teams").code == exits.DONE


def test_a_database_that_lacks_most_characters_is_refused(desk: Desk, postgres: Postgres) -> None:
    url = postgres.url("latin")
    postgres.execute("CREATE DATABASE latin ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0")
    desk.environment[CREDENTIALS] = url
    result = desk.pylon("check", *TO)
    assert result.code == exits.CONFIGURATION
    told = " ".join(result.text.split())
    assert "The database latin stores text as LATIN1" in told
    assert "CREATE DATABASE latin_utf8 ENCODING 'UTF8' TEMPLATE template0" in told


@pytest.mark.parametrize("verb", ["run", "check"])
def test_a_pooler_that_cannot_hold_the_lock_is_refused(verb: str, desk: Desk, postgres: Postgres) -> None:
    url = postgres.create(f"pooled_{verb}")
    with pooling(postgres.socket) as port:
        desk.environment[CREDENTIALS] = f"postgresql://postgres:pw@127.0.0.1:{port}/pooled_{verb}"
        result = desk.pylon(verb, *TO)
        assert result.code == exits.CONFIGURATION, result.text
        assert "through a pooler that gives each transaction another connection" in " ".join(
            result.text.split()
        )
        assert verb == "check" or not desk.server.count("GET /teams")
        held = postgres.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")
        assert held == [(0,)], "the lock would keep later runs out as long as the pooler lives"
    desk.environment[CREDENTIALS] = url
    assert desk.pylon("run", *TO, "--select", "teams").code == exits.DONE


def test_a_role_that_may_use_no_temporary_files_is_told_so_and_goes_on_once_it_may(
    open_desk: Any, postgres: Postgres
) -> None:
    desk: Desk = open_desk(issues=60)
    desk.environment[CREDENTIALS] = postgres.create("narrow")
    settings = ("work_mem = '64kB'", "temp_file_limit = '64kB'")
    for setting in settings:
        postgres.execute(f"ALTER DATABASE narrow SET {setting}")
    result = desk.pylon("run", *TO)
    assert result.code == exits.FAILED
    assert "Postgres lets the role write no more: temporary file size exceeds" in result.text
    assert "temp_file_limit" in result.text
    postgres.execute("ALTER DATABASE narrow RESET ALL")
    assert desk.pylon("run", *TO).code == exits.DONE
