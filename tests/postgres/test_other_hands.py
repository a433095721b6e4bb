"""What others do in the database of a copy, on a real Postgres."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from support.ordeal import ONE_TURN
from support.site import PostgresCopy, Site

from pylon_elt.sources.pylon.catalog import TABLES as ALL

pytestmark = pytest.mark.dear

EVERYTHING = tuple(name for name in ALL if name != "deletions")
TYPES = {"custom_object_types": ["companies", "work-orders"]}
CHILD = "GET /issues/{id}/messages"


def by_hand(site: Site, statement: str) -> list[tuple[Any, ...]]:
    """Run a statement in the copy as somebody would with a client of his own."""
    assert isinstance(site.copy, PostgresCopy)
    return site.copy.postgres.execute(statement, site.copy.name)


@pytest.mark.parametrize("table", ["issues", "issue_messages", "issue_sync", "teams"])
def test_a_table_that_was_dropped_is_made_again_and_read_anew(site: Site, table: str) -> None:
    site.finish(turns=ONE_TURN)
    by_hand(site, f"DROP TABLE pylon.{table}")
    site.finish(turns=ONE_TURN)
    site.check()


def test_rows_that_were_deleted_by_hand_come_back_and_nothing_else_is_read(site: Site) -> None:
    options: dict[str, Any] = {"tables": EVERYTHING, "turns": ONE_TURN}
    daily = {"settings": TYPES | {"reconcile_hours": 1e-9}}
    site.finish(**options, settings=TYPES)
    mark = len(site.server.log)
    site.finish(**options, **daily)
    assert not [record for record in site.server.log[mark:] if record.endpoint == CHILD]
    ((ref,),) = by_hand(site, "SELECT MIN(issue_id) FROM pylon.issue_messages")
    by_hand(site, f"DELETE FROM pylon.issue_messages WHERE issue_id = '{ref}'")
    mark = len(site.server.log)
    site.finish(**options, **daily)
    asked = [record.path for record in site.server.log[mark:] if record.endpoint == CHILD]
    assert asked == [f"/issues/{ref}/messages"]
    site.check(EVERYTHING)


def test_a_full_refresh_empties_tables_that_views_read_and_the_views_stay(site: Site) -> None:
    site.finish(turns=ONE_TURN)
    by_hand(site, "CREATE VIEW public.names AS SELECT name FROM pylon.teams")
    by_hand(site, "CREATE MATERIALIZED VIEW public.numbers AS SELECT number FROM pylon.issues")
    by_hand(site, "UPDATE pylon.issues SET title = 'by hand'")
    by_hand(
        site, "INSERT INTO pylon.issue_messages (id, issue_id) SELECT 'by hand', MIN(id) FROM pylon.issues"
    )
    mark = len(site.server.log)
    site.finish(turns=ONE_TURN, full_refresh=True)
    site.check()
    asked = site.asked_since(mark)
    assert len(set(asked)) == 3 * len(site.world.issue_ids())
    assert len(asked) == len(set(asked)) + 3, "each endpoint is asked once before its table is emptied"
    assert by_hand(site, "SELECT COUNT(*) FROM public.names") == [(len(site.copy.read()["teams"]),)]
    site.finish(turns=ONE_TURN)


def test_a_full_refresh_under_views_that_is_killed_is_finished_by_a_plain_run(site: Site) -> None:
    site.finish(turns=ONE_TURN)
    by_hand(site, "CREATE VIEW public.texts AS SELECT issue_id FROM pylon.issue_messages")
    site.killed("after sql .*TRUNCATE TABLE .*issue_messages", turns=ONE_TURN, full_refresh=True)
    site.machine.replace()
    site.finish(turns=ONE_TURN)
    site.check()


def test_a_package_that_would_drop_what_a_view_reads_stops_no_later_run(site: Site) -> None:
    site.finish(turns=ONE_TURN)
    site.killed("before sql .*DROP TABLE", turns=ONE_TURN, full_refresh=True)
    by_hand(site, "CREATE VIEW public.names AS SELECT name FROM pylon.teams")
    site.finish(turns=ONE_TURN)
    assert list((site.machine.folder / "pylon.set_aside").iterdir())
    site.check()


@pytest.mark.parametrize(
    "statement",
    ["DROP TABLE pylon_dlt_staging.issue_messages", "ALTER TABLE pylon.issues DROP COLUMN title"],
)
def test_columns_and_the_tables_through_which_dlt_loads_may_be_dropped(site: Site, statement: str) -> None:
    site.finish(turns=ONE_TURN)
    by_hand(site, statement)
    site.world.stir(Random(1), 10)
    site.finish(turns=ONE_TURN)
    site.check()
    # dlt keeps a schema's version until it is made to look again
    sql = "SELECT MIN(inserted_at) FROM pylon_dlt_staging._dlt_version"
    before = by_hand(site, sql)
    site.finish(turns=ONE_TURN)
    assert by_hand(site, sql) == before


def test_a_foreign_key_that_takes_rows_along_is_refused_until_it_is_gone(site: Site) -> None:
    site.finish(turns=ONE_TURN)
    by_hand(site, "ALTER TABLE pylon.issues ADD PRIMARY KEY (id)")
    refers = "FOREIGN KEY (issue_id) REFERENCES pylon.issues (id)"
    by_hand(site, f"ALTER TABLE pylon.issue_messages ADD CONSTRAINT theirs {refers} ON DELETE CASCADE")
    for id_ in site.server.world.issue_ids():
        site.server.world.edit_issue(id_, title="edited")
    refused = site.start(turns=ONE_TURN).wait()
    assert refused.code == 3
    assert "The foreign key theirs takes rows of issue_messages" in refused.problem
    by_hand(site, "ALTER TABLE pylon.issue_messages DROP CONSTRAINT theirs")
    site.finish(turns=ONE_TURN)
    site.check()


@pytest.mark.parametrize(
    ("made", "mended"),
    [
        (
            (
                "CREATE FUNCTION pylon.none() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
                "CREATE TRIGGER theirs BEFORE INSERT ON pylon.issue_messages FOR EACH ROW EXECUTE FUNCTION pylon.none()",
            ),
            "DROP TRIGGER theirs ON pylon.issue_messages",
        ),
        (
            ("CREATE RULE theirs AS ON DELETE TO pylon.issue_messages DO INSTEAD NOTHING",),
            "DROP RULE theirs ON pylon.issue_messages",
        ),
    ],
    ids=["a trigger", "a rule"],
)
def test_what_may_keep_rows_from_being_written_is_refused_until_it_is_gone(
    site: Site, made: tuple[str, ...], mended: str
) -> None:
    site.finish(turns=ONE_TURN)
    before = by_hand(site, "SELECT COUNT(*), MIN(_synced_at), MAX(_synced_at) FROM pylon.issue_messages")
    for statement in made:
        by_hand(site, statement)
    site.world.stir(Random(1), 10)
    refused = site.start(turns=ONE_TURN).wait()
    assert refused.code == 3
    assert "theirs on pylon.issue_messages may keep rows from being written" in refused.problem
    assert before == by_hand(
        site, "SELECT COUNT(*), MIN(_synced_at), MAX(_synced_at) FROM pylon.issue_messages"
    )
    by_hand(site, mended)
    site.finish(turns=ONE_TURN)
    site.check()


def test_triggers_that_lose_nothing_and_tables_of_others_are_left_alone(site: Site) -> None:
    site.finish(turns=ONE_TURN)
    for statement in (
        "CREATE FUNCTION pylon.none() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
        "CREATE TRIGGER after AFTER INSERT ON pylon.issues FOR EACH ROW EXECUTE FUNCTION pylon.none()",
        "CREATE TRIGGER once BEFORE INSERT ON pylon.issues FOR EACH STATEMENT EXECUTE FUNCTION pylon.none()",
        "CREATE TRIGGER off BEFORE INSERT ON pylon.issues FOR EACH ROW EXECUTE FUNCTION pylon.none()",
        "ALTER TABLE pylon.issues DISABLE TRIGGER off",
        "CREATE TABLE pylon.own (id text)",
        "CREATE TRIGGER own BEFORE INSERT ON pylon.own FOR EACH ROW EXECUTE FUNCTION pylon.none()",
    ):
        by_hand(site, statement)
    site.world.stir(Random(1), 10)
    site.finish(turns=ONE_TURN)
    site.check()
