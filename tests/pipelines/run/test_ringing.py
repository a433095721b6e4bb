"""What rang is read by any run, once, by its id; what the search says of it meanwhile does not count."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest
from support.compare import ISSUE_CHILDREN, assert_equal_copy, read_duckdb
from support.workplaces import Desk
from support.worlds import truth, with_messages

from pylon_elt.pipelines.copy.destinations import folder_of
from pylon_elt.pipelines.copy.rung import Rung

pytestmark = pytest.mark.dear

TABLES = ("issues", *ISSUE_CHILDREN)
SELECT = ("--select", ",".join(TABLES))


@pytest.fixture
def rung_at(monkeypatch: pytest.MonkeyPatch) -> Any:
    def of(desk: Desk) -> Rung:
        monkeypatch.setenv("DLT_DATA_DIR", desk.environment["DLT_DATA_DIR"])
        found = Rung(folder_of(desk.database, "pylon"))
        found.make(desk.database)
        return found

    return of


def title(database: Path, issue: str) -> str:
    with duckdb.connect(str(database), read_only=True) as connection:
        ((found,),) = connection.execute("SELECT title FROM pylon.issues WHERE id = ?", [issue]).fetchall()
    return str(found)


def test_what_the_search_still_shows_does_not_undo_what_was_read(open_copy: Any, rung_at: Any) -> None:
    desk = open_copy(",".join(TABLES))
    world, rung = desk.server.world, rung_at(desk)
    issue = world.issue_ids()[4]
    world.edit_issue(issue, title="First")
    assert desk.pylon("run", *SELECT).code == 0
    desk.server.settings.index_lag_seconds = 3600.0
    world.edit_issue(issue, title="Second")
    rung.add(issue)
    ran = desk.pylon("run", *SELECT, "--log-format", "json")
    assert ran.code == 0, ran.text
    assert title(desk.database, issue) == "Second"
    assert rung.waiting() == {}
    again = desk.pylon("run", *SELECT, "--log-format", "json").event("run_finished")
    assert again["rows"].get("issues", 0) == 0
    assert "GET /issues/{issue_id}" not in again["requests"], "a ring is read once"
    assert title(desk.database, issue) == "Second"
    desk.server.settings.index_lag_seconds = 0.0
    assert desk.pylon("run", *SELECT).code == 0
    assert_equal_copy(truth(world), read_duckdb(desk.database), [*TABLES, "issue_sync"])


def test_what_cannot_be_read_now_waits_and_keeps_nothing_else_from_being_read(
    open_copy: Any, rung_at: Any
) -> None:
    desk = open_copy(",".join(TABLES))
    world, rung = desk.server.world, rung_at(desk)
    ill, well = with_messages(world, 1), with_messages(world, 1, skip=1)
    for issue in (ill, well):
        world.redact_message(world.messages(issue)[0]["id"])
        rung.add(issue)
    fault = desk.server.faults.add("not_json", "GET /issues/{id}", id=ill)
    ran = desk.pylon("run", *SELECT, "--log-format", "json")
    assert ran.code == 0, ran.text
    assert list(rung.waiting()) == [ill]
    (warning,) = ran.event("run_finished")["warnings"]
    assert "It is asked for again by the next run." in warning
    desk.server.faults.remove(fault)
    assert desk.pylon("run", *SELECT).code == 0
    assert rung.waiting() == {}
    assert_equal_copy(truth(world), read_duckdb(desk.database), [*TABLES, "issue_sync"])


def test_a_run_without_issues_leaves_the_rings_alone(open_copy: Any, rung_at: Any) -> None:
    desk = open_copy(",".join(TABLES))
    rung = rung_at(desk)
    rung.add(desk.server.world.issue_ids()[0])
    assert desk.pylon("run", "--select", "tags").code == 0
    assert len(rung.waiting()) == 1


def test_a_file_that_is_something_else_fails_no_run(open_copy: Any, rung_at: Any) -> None:
    desk = open_copy(",".join(TABLES))
    rung = rung_at(desk)
    rung.file.write_text("something else, and longer than a header would be" * 10)
    ran = desk.pylon("run", *SELECT)
    assert ran.code == 0
    assert "which holds what webhooks rang for, cannot be read" in ran.text
