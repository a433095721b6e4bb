"""The same verbs with a copy in Postgres."""

from __future__ import annotations

import json
from typing import Any

import pytest
from support.commands import wait_until
from support.workplaces import Desk

pytest.importorskip("psycopg2")

from support.postgres import Postgres

TO = ("--destination", "postgres")


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
    issues = {endpoint: number for endpoint, number in planned["requests"].items() if "/issues" in endpoint}
    assert issues == {"POST /issues/search": 1, "GET /issues/{issue_id}/threads": 20}
    assert "pw" not in first.text.split()


def test_status_and_dry_run_work_beside_a_run_and_a_second_run_does_not(desk: Desk) -> None:
    assert desk.pylon("run", *TO, "--select", "teams").code == 0
    desk.server.settings.latency_seconds = 0.3
    first = desk.start("run", *TO)
    wait_until(lambda: desk.server.count("GET /issues/{id}/messages") > 0)
    second = desk.pylon("run", *TO)
    assert second.code == 75
    assert f"process {first.process} on" in second.text
    desk.server.settings.latency_seconds = 5.0  # it shall not end before it has been met
    verification = desk.pylon("verify", *TO)
    desk.server.settings.latency_seconds = 0.3
    assert verification.code == 75, "it must not compare what a run is changing"
    assert f"process {first.process} on" in verification.text
    for arguments in (["status"], ["run", "--dry-run"]):
        assert desk.pylon(*arguments, *TO).code == 0
    assert first.wait().code == 0


def test_what_is_edited_silently_is_found_and_mended(desk: Desk) -> None:
    world = desk.server.world
    tables = ("--select", "issues,issue_messages,issue_followers")
    world.edit_issue(1, tags="a text", custom_fields={"n": {"value": "12"}}, title="1\u00a0'\\")
    world.advance(30)
    desk.pylon("run", *TO, *tables)
    same = desk.pylon("verify", *TO, "--sample", "100")
    assert same.code == 0, same.text

    issue = next(id_ for id_ in world.issue_ids() if world.messages(id_))
    world.redact_message(world.messages(issue)[0]["id"])
    world.touch_silently(issue, custom_fields={"n": {"value": 12}}, number_of_touches=99)
    found = desk.pylon("verify", *TO, "--sample", "100", "--log-format", "json").event("verified")
    assert {one["what"] for one in found["differences"]} >= {
        "custom_fields differs",
        "number_of_touches differs",
        "message_html differs",
    }
    assert "mended: 1." in desk.pylon("reconcile", *TO).out
    swept = desk.pylon("run", *TO, *tables, "--max-minutes", "5", env={"SOURCES__PYLON__SWEEP_DAYS": "1e-9"})
    assert "40 conversations verified longest ago read again" in swept.out
    assert desk.pylon("verify", *TO, "--sample", "100").code == 0


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
    for verb, told in (
        (["run", "--select", "teams"], "Postgres does not allow it"),
        (["check", "--select", "teams"], 'CREATE SCHEMA "pylon_dlt_staging" AUTHORIZATION "reader"'),
    ):
        result = desk.pylon(*verb, *TO, env={"DESTINATION__POSTGRES__CREDENTIALS": credentials})
        assert result.code == 3
        assert told in " ".join(result.text.split())


@pytest.mark.dear
def test_a_copy_beside_another_stays_as_it_is(desk: Desk, postgres: Postgres) -> None:
    chosen = ("--select", "issues", *TO)
    for dataset in ("Pylon-Staging", "pylon"):
        ran = desk.pylon("run", *chosen, "--dataset", dataset)
        assert ran.code == 0, ran.text
    desk.server.world.edit_issue(1, title="edited")
    desk.server.world.advance(60)
    assert desk.pylon("run", *chosen).code == 0
    database = desk.environment["DESTINATION__POSTGRES__CREDENTIALS"].partition("?")[0].rpartition("/")[2]
    for dataset in ("pylon_staging", "pylon"):
        assert postgres.execute(f"SELECT count(*) FROM {dataset}.issues", database) == [(20,)]
    refused = desk.pylon("run", *chosen, "--dataset", "pylon_dlt_staging")
    assert refused.code == 3, refused.text
    assert "of the copy in pylon" in refused.text
    for statement in (
        "CREATE ROLE pylon_reader LOGIN PASSWORD 'pw'",
        "GRANT USAGE ON SCHEMA pylon_staging TO pylon_reader",
        "GRANT SELECT ON ALL TABLES IN SCHEMA pylon_staging TO pylon_reader",
    ):
        postgres.execute(statement, database)
    asked = ("query", "select count(*) as n from issues", *TO, "--dataset", "Pylon-Staging", "-f", "json")
    assert desk.pylon(*asked).code == 3, "a superuser"
    credentials = desk.environment["DESTINATION__POSTGRES__CREDENTIALS"].replace(
        "postgres:pw", "pylon_reader:pw"
    )
    found = desk.pylon(*asked, env={"DESTINATION__POSTGRES__CREDENTIALS": credentials})
    assert json.loads(found.out) == [{"n": 20}], found.text
