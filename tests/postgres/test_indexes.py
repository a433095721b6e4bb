"""Indexes on a copy, where they are asked for: they are there, loads go on as before, and a new table gets its own."""

from __future__ import annotations

from pathlib import Path

import dlt
import pytest
from support.ordeal import ONE_TURN
from support.postgres import OLDEST, Postgres, running_postgres
from support.runner import Runner
from support.site import PostgresCopy, Site, site_of
from support.zaia import QUICK

from pylon_elt.emulator import zaia
from pylon_elt.pipelines.zaia import job
from pylon_elt.pipelines.zaia.settings import usual
from pylon_elt.sources.zaia.settings import Settings

pytestmark = pytest.mark.dear

WANTED = {"POSTGRES__INDEXES": "true"}
MADE = (
    "SELECT relname, pg_class.oid::text FROM pg_class JOIN pg_am ON relam = pg_am.oid"
    " WHERE amname = 'hash' AND relnamespace IN (SELECT oid FROM pg_namespace WHERE nspname IN ('pylon', 'zaia'))"
)


def _found(site: Site) -> dict[str, str]:
    assert isinstance(site.copy, PostgresCopy)
    return dict(site.copy.postgres.execute(MADE, site.copy.name))


def test_ids_have_indexes_that_loads_keep_up_to_date(site: Site) -> None:
    site.finish(turns=ONE_TURN)
    assert _found(site) == {}
    site.finish(turns=ONE_TURN, environment=WANTED)
    made = _found(site)
    expected = {"issues_id_index", "issue_messages_id_index", "issue_messages_issue_id_index"}
    assert expected | {"issue_sync_issue_id_index", "teams_id_index"} <= made.keys()
    site.world.edit_issue(site.world.issue_ids()[0], title="x" * 5000)
    site.finish(turns=ONE_TURN, environment=WANTED)
    site.check()
    assert _found(site) == made, "they are made once"
    site.finish(turns=ONE_TURN, full_refresh=True, environment=WANTED)
    site.check()
    anew = _found(site)
    assert anew.keys() == made.keys()
    assert anew["issues_id_index"] != made["issues_id_index"]


@pytest.mark.skipif(not OLDEST.exists(), reason="Postgres 15, which has pg_trgm, is not here")
def test_texts_have_an_index_of_trigrams_where_the_database_has_the_extension(
    runner: Runner, tmp_path: Path
) -> None:
    with running_postgres(OLDEST) as server:
        server.create("words")
        server.execute("CREATE SCHEMA ours; CREATE EXTENSION pg_trgm SCHEMA ours", "words")
        with site_of(PostgresCopy(server, "words", tmp_path / "site"), runner, 1, 10) as site:
            site.finish(turns=ONE_TURN, environment=WANTED)
            made = server.execute(MADE.replace("'hash'", "'gin'"), "words")
            assert {name for name, _ in made} == {
                "issues_title_trigrams", "issues_body_html_trigrams", "issue_messages_message_html_trigrams",
            }  # fmt: skip
            site.world.edit_issue(site.world.issue_ids()[0], title="x" * 500_000)
            site.finish(turns=ONE_TURN, environment=WANTED)
            site.check()
            assert server.execute(MADE.replace("'hash'", "'gin'"), "words") == made


def test_the_second_desk_has_them_too(
    postgres: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POSTGRES__INDEXES", "true")
    url = postgres.create("zaia_indexed")
    world = zaia.World.seeded(seed=4, tickets=3)
    with zaia.running(world, zaia.Settings()) as server:
        pipeline = dlt.pipeline(
            "zaia",
            destination=dlt.destinations.postgres(url),
            dataset_name="zaia",
            pipelines_dir=str(tmp_path / "machine"),
        )
        settings = Settings(**(usual() | QUICK | {"api_key": server.key, "base_url": server.url}))
        assert job.Job(pipeline, settings).run() == 0
    assert dict(postgres.execute(MADE, "zaia_indexed")).keys() >= {
        "tickets_id_index", "tickets_chat_id_index", "chat_messages_ticket_id_index", "chats_id_index",
    }  # fmt: skip
