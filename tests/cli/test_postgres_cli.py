"""The same verbs with a copy in Postgres."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from cli.conftest import Desk
from support.commands import wait_until

pytest.importorskip("psycopg2")

from support.postgres import Postgres, running_postgres

TO = ("--destination", "postgres")


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    try:
        with running_postgres() as server:
            yield server
    except LookupError as error:
        pytest.skip(str(error))


@pytest.fixture
def desk(open_desk: Any, postgres: Postgres, request: pytest.FixtureRequest) -> Desk:
    desk: Desk = open_desk(issues=20)
    name = request.node.name[:40].lower()
    desk.environment["DESTINATION__POSTGRES__CREDENTIALS"] = postgres.create(name)
    return desk


def test_run_status_check_and_dry_run(desk: Desk) -> None:
    assert desk.pylon("check", *TO).code == 0
    first = desk.pylon("run", *TO, "--exclude", "issue_threads")
    assert first.code == 0, first.err
    assert "Copied to postgres at localhost:5432/" in first.out
    found = json.loads(desk.pylon("status", *TO, "--json").out)
    assert found["tables"]["issues"]["rows"] == 20
    assert found["tables"]["issue_messages"]["due"] == 0
    planned = json.loads(desk.pylon("run", *TO, "--dry-run", "--log-format", "json").out)
    assert planned["requests"] == {"POST /issues/search": 1, "GET /issues/{issue_id}/threads": 20}
    assert "pw" not in first.text.split()


def test_status_and_dry_run_work_beside_a_run_and_a_second_run_does_not(desk: Desk) -> None:
    assert desk.pylon("run", *TO, "--select", "teams").code == 0
    desk.server.settings.latency_seconds = 0.3
    first = desk.start("run", *TO)
    wait_until(lambda: desk.server.count("GET /issues/{id}/messages") > 0)
    second = desk.pylon("run", *TO)
    assert second.code == 75
    assert f"process {first.process} on" in second.text
    for arguments in (["status"], ["run", "--dry-run"]):
        assert desk.pylon(*arguments, *TO).code == 0
    assert first.wait().code == 0


def test_a_database_or_a_role_that_is_not_there(desk: Desk, postgres: Postgres) -> None:
    url = postgres.url("nowhere")
    for credentials, phrase in (
        (url, "no such database"),
        (url.replace("postgres:pw", "nobody:pw"), "refuses the login"),
    ):
        result = desk.pylon("run", *TO, env={"DESTINATION__POSTGRES__CREDENTIALS": credentials})
        assert result.code == 3
        assert phrase in result.text
        assert "Traceback" not in result.err


def test_a_role_that_may_not_create_a_schema(desk: Desk, postgres: Postgres) -> None:
    postgres.execute("CREATE ROLE reader LOGIN PASSWORD 'pw'")
    credentials = desk.environment["DESTINATION__POSTGRES__CREDENTIALS"].replace("postgres:pw", "reader:pw")
    for verb in (["run", "--select", "teams"], ["check", "--select", "teams"]):
        result = desk.pylon(*verb, *TO, env={"DESTINATION__POSTGRES__CREDENTIALS": credentials})
        assert result.code == 3
        assert "Postgres does not allow it" in result.text
