"""A copy holds the workspace of one organisation: a token of another one does not write to it."""

from __future__ import annotations

from typing import Any

import duckdb
import pytest
from support import worlds
from support.workplaces import Desk

from pylon_elt import emulator
from pylon_elt.pipelines.base import exits

pytestmark = pytest.mark.dear

CHOSEN = ("run", "--select", "issues")


@pytest.fixture
def elsewhere() -> Any:
    """Another workspace: the variables that lead to it, and its server."""
    world = worlds.quiet(seed=9, issues=5)
    with emulator.running(world, emulator.Settings()) as server:
        yield {"PYLON_API_KEY": server.token, "SOURCES__PYLON__BASE_URL": server.base_url}, server


@pytest.mark.parametrize("tables", [("issues",), ("issues", "organization")], ids=["by the state", "by both"])
def test_a_token_of_another_workspace_is_refused(desk: Desk, elsewhere: Any, tables: tuple[str, ...]) -> None:
    environment, server = elsewhere
    select = ("--select", ",".join(tables))
    assert desk.pylon("run", *select).code == exits.DONE
    for verb in (("run", *select), ("reconcile",), ("verify",)):
        server.clear_log()
        refused = desk.pylon(*verb, env=environment)
        assert refused.code == exits.CONFIGURATION, refused.text
        assert f"holds the workspace of the organisation {_told(desk.server)}" in refused.text
        assert f"but the token belongs to {_told(server)}." in refused.text
        assert "--adopt" in refused.text
        assert [record.endpoint for record in server.log] == ["GET /me"], "nothing else was asked"
    assert desk.rows("issues") == 30
    assert desk.pylon("run", *select).code == exits.DONE


def test_a_copy_can_change_hands(desk: Desk, elsewhere: Any) -> None:
    environment, server = elsewhere
    assert desk.pylon(*CHOSEN).code == exits.DONE
    assert desk.pylon(*CHOSEN, "--adopt", env=environment).code == exits.DONE
    assert desk.pylon(*CHOSEN, env=environment).code == exits.DONE
    back = desk.pylon(*CHOSEN)
    assert back.code == exits.CONFIGURATION
    assert f"holds the workspace of the organisation {_told(server)}" in back.text


def test_a_run_asks_whose_workspace_it_is_once_and_first(desk: Desk) -> None:
    for arguments in (("--exclude", "custom_objects"), CHOSEN[1:]):
        desk.server.clear_log()
        ran = desk.pylon("run", *arguments)
        assert ran.code == exits.DONE, ran.text
        assert desk.server.log[0].endpoint == "GET /me"
        assert desk.server.count("GET /me") == 1
    assert desk.rows("organization") == 1


@pytest.mark.parametrize("verb", ["run", "reconcile"])
def test_a_comparison_does_not_ask_for_the_servers_time_again(desk: Desk, verb: str) -> None:
    assert desk.pylon(*CHOSEN).code == exits.DONE
    desk.server.clear_log()
    arguments = CHOSEN if verb == "run" else (verb,)
    ran = desk.pylon(*arguments, env={"SOURCES__PYLON__RECONCILE_HOURS": "0.0001"})
    assert ran.code == exits.DONE, ran.text
    assert desk.server.count("GET /issues") > 0, "it did compare"
    assert desk.server.count("GET /me") == 1


def test_where_it_cannot_be_asked_the_run_goes_on_and_says_so(open_desk: Any) -> None:
    desk = open_desk(denied=["GET /me"])
    for _ in range(2):
        ran = desk.pylon("run", "--select", "tags")
        assert ran.code == exits.DONE, ran.text
        assert "Whether the token belongs to the workspace of the copy is not known" in ran.text
    assert desk.rows("tags") == 32


def test_a_copy_that_was_begun_before_the_state_kept_it_goes_by_its_table(desk: Desk) -> None:
    tags = ("run", "--select", "tags")
    desk.server.settings.denied = ["GET /me"]
    assert desk.pylon(*tags).code == exits.DONE, "nobody has said whose it is"
    desk.server.settings.denied = []
    with duckdb.connect(str(desk.database)) as connection:
        connection.execute("CREATE TABLE pylon.organization AS SELECT 'of-1' AS id, 'Somebody' AS name")
    refused = desk.pylon(*tags)
    assert refused.code == exits.CONFIGURATION
    assert "organisation Somebody (of-1)" in refused.text


def _told(server: emulator.Server) -> str:
    (organization,) = server.world.rows("organization")
    return f"{organization['name']} ({organization['id']})"
