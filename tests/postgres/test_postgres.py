"""The core of what the connector promises, on a real Postgres: nothing may rest on DuckDB's habits."""

from __future__ import annotations

import time
from importlib.util import find_spec
from random import Random
from typing import Any

import pytest
from support.ordeal import ONE_TURN
from support.postgres import Postgres
from support.runner import Runner, wait_until
from support.site import TABLES, Site

from pylon_elt.sources.pylon.catalog import INCREMENTAL, NESTED, with_ledgers
from pylon_elt.sources.pylon.catalog import TABLES as ALL

EVERYTHING = tuple(name for name in ALL if name != "deletions")
TYPES = {"custom_object_types": ["companies", "work-orders"]}
BEYOND_DIRECTORY = with_ledgers(
    {"accounts", "surveys", "feature_requests", *(table.name for table in (*INCREMENTAL, *NESTED))}
)
SEARCH = "POST /issues/search"
WITHOUT_ADBC = {"DISABLE_ADBC_DETECTION": "true"}
"""Lets dlt behave as where no ADBC driver is installed."""

needs_adbc = pytest.mark.skipif(
    find_spec("adbc_driver_postgresql") is None, reason="adbc-driver-postgresql is not installed"
)


def test_first_load_equals_the_source_in_every_table(site: Site) -> None:
    site.finish(tables=EVERYTHING, settings=TYPES, turns=ONE_TURN)
    site.check(EVERYTHING)


def test_what_comes_changes_and_goes_beyond_the_issues_does_so_in_the_copy(site: Site) -> None:
    site.finish(tables=BEYOND_DIRECTORY, settings=TYPES, turns=ONE_TURN)
    world = site.world
    for name in ("tasks", "projects", "custom_objects", "survey_responses", "feature_requests", "milestones"):
        first, second = world.rows(name)[:2]
        world.drop(name, first["id"])
        world.edit(name, second["id"], custom_fields={})
    world.add_comment(world.rows("tasks")[0]["id"])
    world.delete_comment(world.rows("task_comments")[0]["id"])
    world.advance(5)
    for _ in range(2):
        site.finish(tables=BEYOND_DIRECTORY, settings=TYPES | {"refresh_hours": {"*": 0}}, turns=ONE_TURN)
    site.check(BEYOND_DIRECTORY)


def test_first_load_in_many_turns_equals_the_source(site: Site) -> None:
    assert site.finish().turns > 2
    site.check()


def test_second_run_asks_one_search_page_and_changes_nothing(site: Site) -> None:
    site.finish(turns=ONE_TURN, settings={})
    before, mark = site.copy.read(), len(site.server.log)
    site.finish(turns=ONE_TURN, settings={})
    assert [record.endpoint for record in site.server.log[mark:]] == ["GET /me", SEARCH]
    after = site.copy.read()
    assert {name: _content(rows) for name, rows in before.items()} == {
        name: _content(rows) for name, rows in after.items()
    }


def _content(rows: list[dict[str, Any]]) -> list[str]:
    # the search begins a lookback earlier, so that the latest issues may be read anew
    return sorted(
        str({name: row[name] for name in row if name != "_synced_at"}) for row in rows if "status" not in row
    )


@pytest.mark.sampled(2)
@pytest.mark.parametrize("seed", [1, 2])
def test_changes_of_every_kind_are_in_the_copy(site: Site, seed: int) -> None:
    site.finish(turns=ONE_TURN)
    rng = Random(seed)
    for _ in range(2):
        site.world.stir(rng, 30)
        site.finish(turns=ONE_TURN)
        site.check()


def test_the_last_child_of_each_kind_is_gone(site: Site) -> None:
    site.finish(turns=ONE_TURN)
    issue = next(id_ for id_ in site.world.issue_ids() if site.world.messages(id_))
    site.world.add_thread(issue)
    site.world.follow(issue, site.world.rows("users")[0]["id"])
    site.finish(turns=ONE_TURN)
    for child in ("issue_messages", "issue_threads", "issue_followers"):
        assert issue in {row["issue_id"] for row in site.copy.read()[child]}

    for message in site.world.messages(issue):
        site.world.delete_message(message["id"])
    for thread in site.world.threads(issue):
        site.world.delete_thread(issue, thread["id"])
    for follower in site.world.followers(issue):
        site.world.unfollow(issue, follower["id"])
    site.finish(turns=ONE_TURN)
    for child in ("issue_messages", "issue_threads", "issue_followers"):
        assert issue not in {row["issue_id"] for row in site.copy.read()[child]}
    site.check()


ODD = (
    "it's",
    'say "when"',
    "C:\\temp\\new\\",
    "a\\'; DROP TABLE issues; --",
    "$$ $1 %s %(name)s {0} :name ?",
    "tab\tline\nreturn\r\nend",
    "E'\\x41' U&'\\0041'",
    "naïve „quotes“ 漢字 עברית",
    "🦆 \U0001f469\u200d\U0001f4bb",
    "NUL [\0] bell [\a] escape [\x1b] delete [\x7f]",
    "\ufeff\u2028\u2029\ufffe",
    "",
    " ",
    "NULL",
    "\\N",
)


@pytest.mark.parametrize(
    "environment", [WITHOUT_ADBC, pytest.param({}, marks=needs_adbc)], ids=["insert", "whatever is there"]
)
def test_odd_strings_survive(site: Site, environment: dict[str, str]) -> None:
    for number, text in enumerate(ODD):
        issue = site.world.create_issue(
            title=text,
            body_html=text,
            custom_fields={f"field {text}": {"slug": text, "values": [text]}},
            tags=[text],
        )
        site.world.add_message(issue["id"], message_html=text, author={"name": text, "user": {"id": text}})
        site.world.put(
            "teams", {"id": f"team {number}", "name": text, "users": [{"id": text, "email": text}]}
        )
    site.finish(turns=ONE_TURN, environment=environment)
    site.check()
    titles = {row["title"] for row in site.copy.read()["issues"]}
    assert {text.replace("\0", "\ufffd") for text in ODD} <= titles


@needs_adbc
def test_the_driver_may_come_and_go_between_runs(site: Site) -> None:
    rng = Random(1)
    for environment in (WITHOUT_ADBC, {}, WITHOUT_ADBC):
        site.finish(turns=ONE_TURN, environment=environment)
        site.check()
        site.world.stir(rng)


def test_the_second_of_two_runs_leaves_and_names_the_first(site: Site) -> None:
    site.server.settings.latency_seconds = 0.3
    first = site.start()
    wait_until(lambda: len(site.server.log) > 0)
    mark = len(site.server.log)
    with Runner() as other:
        second = other.run(site.copy.machine("other"), site.server, tables=TABLES)
    assert second.code == 75
    assert f"process {first.pid} on" in second.problem
    first.kill()
    assert all(record.path != "/me" for record in site.server.log[mark:])
    site.server.settings.latency_seconds = 0.0
    site.finish()
    site.check()


def test_another_dataset_in_the_same_database_is_another_copy(site: Site) -> None:
    site.finish(turns=ONE_TURN)
    before = site.copy.read()
    site.world.stir(Random(1))
    site.finish(turns=ONE_TURN, machine=site.copy.machine("other"), dataset="elsewhere")
    assert site.copy.read() == before


@pytest.mark.dear
def test_the_zone_of_a_database_and_the_edges_of_the_calendar_change_nothing(
    site: Site, postgres: Postgres
) -> None:
    postgres.execute(f"ALTER DATABASE {site.copy.name} SET timezone = 'Asia/Tokyo'")
    first, last, *_ = site.world.issue_ids()
    site.world.touch_silently(
        first, updated_at="0001-01-01T00:00:00Z", resolution_time="0001-01-01T00:00:00Z"
    )
    site.world.touch_silently(
        last, updated_at="9999-12-31T23:59:59.999999Z", resolution_time="9999-12-31T23:59:59Z"
    )
    compared = {"reconcile_hours": 1e-9, "refresh_hours": {"*": 0}}
    for _ in range(2):
        site.finish(turns=ONE_TURN, settings=compared)
        site.check()


@pytest.mark.dear
def test_the_state_of_a_load_of_the_future_hides_no_later_one(site: Site, postgres: Postgres) -> None:
    """dlt takes the state with the highest load id, which is when the load began by that machine's clock."""
    site.finish(turns=ONE_TURN)
    newest = max(row["load_id"] for row in site.copy.read()["_dlt_loads"])
    future = str(float(newest) + 365 * 86_400)
    for place in ("issue_sync SET load_id", "_dlt_pipeline_state SET _dlt_load_id", "_dlt_loads SET load_id"):
        column = place.split()[-1]
        postgres.execute(f"UPDATE pylon.{place} = '{future}' WHERE {column} = '{newest}'", site.copy.name)
    site.world.advance(5)
    with site.audited():
        site.finish(turns=ONE_TURN)
    site.check()
    assert all(float(row["load_id"]) < time.time() for row in site.copy.read()["_dlt_loads"])
