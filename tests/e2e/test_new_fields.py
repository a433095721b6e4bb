"""A field that the catalogue does not know is kept, remembered by name, and becomes a column by one line."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from typing import Any

import pytest
from support import runs

from pylon_elt.sources.pylon.catalog import ALL_TABLES, TABLES, Column
from pylon_elt.sources.pylon.copy.state import SourceState
from pylon_elt.sources.pylon.rows import extras

NOW = datetime(2026, 11, 21, tzinfo=UTC)


@pytest.fixture
def promote(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Add columns to a table of the catalogue, as a line there would."""

    def add(table: str, *columns: Column) -> None:
        known = TABLES[table]
        wider = dataclasses.replace(known, columns=(*known.columns[:-2], *columns, *known.columns[-2:]))
        for tables in (TABLES, ALL_TABLES):
            monkeypatch.setitem(tables, table, wider)

    return add


def remembered(copy: runs.Copy) -> dict[str, set[str]]:
    """Return the names that are remembered, without those that the emulator gives to some rows of its own accord."""
    found = extras.current(SourceState(runs.state_of(copy.folder)).extra_fields)
    own = {table: {name for name in names if not name.endswith("_beta")} for table, names in found.items()}
    return {table: names for table, names in own.items() if names}


def test_a_new_field_is_remembered_and_becomes_a_column(loaded: Any, promote: Any) -> None:
    copy = loaded()
    world = copy.world
    first, second, third = world.issue_ids()[3:6]
    world.edit_issue(first, sentiment="good", weather=[1], title=5)
    world.add_message(first, mood="calm")
    world.advance(30)
    copy.run(lookback_seconds=1.0)
    assert remembered(copy) == {"issues": {"sentiment", "weather", "title"}, "issue_messages": {"mood"}}
    known = runs.state_of(copy.folder)["extra_fields"]

    promote("issues", Column("sentiment", "text", "How the customer feels."))
    promote("issue_messages", Column("mood", "text", "How the author feels."))
    assert remembered(copy) == {"issues": {"weather", "title"}}
    world.edit_issue(second, sentiment="bad")
    world.add_message(second, mood="wild")
    world.edit_issue(third, title="No such field")
    world.advance(30)
    copy.run(lookback_seconds=1.0)
    rows = copy.by_id("issues")
    assert (rows[second]["sentiment"], rows[third]["sentiment"]) == ("bad", None)
    assert "sentiment" not in (rows[second]["_extra"] or {})
    assert {row["mood"] for row in copy.rows()["issue_messages"] if row["issue_id"] == second} == {
        None,
        "wild",
    }
    assert remembered(copy) == {"issues": {"weather", "title"}}, "what became a column is forgotten"
    assert runs.state_of(copy.folder)["extra_fields"]["issues"]["weather"] == known["issues"]["weather"]

    outcome = copy.job().reconcile()
    assert outcome.mended == 1, "a complete listing fills the column of older rows too"
    assert copy.by_id("issues")[first]["sentiment"] == "good"
    copy.assert_equal(["issues"])


def test_a_type_that_changes_and_changes_back_never_fails_a_run(loaded: Any) -> None:
    copy = loaded(
        options={
            "tables": ("issues", "issue_messages", "issue_threads", "issue_followers", "issue_sync", "teams"),
            "refresh_hours": {"*": 0.0},
        }
    )
    world = copy.world
    ref, team = world.issue_ids()[2], world.rows("teams")[0]["id"]
    for title, touches, name, private in (
        (17, "12", ["a"], "no"),
        ({"text": "x"}, 1.5, None, 0),
        ("A title again", 3, "A name again", True),
    ):
        world.edit_issue(ref, title=title, resolution_seconds=touches)
        world.add_message(ref, is_private=private)
        world.edit("teams", team, name=name)
        world.advance(30)
        copy.run()
        copy.assert_equal()
    assert {"title", "resolution_seconds"} <= remembered(copy)["issues"]
    assert remembered(copy)["teams"] == {"name"}
    assert copy.by_id("issues")[ref]["title"] == "A title again"


def test_names_without_end_are_not_all_remembered() -> None:
    known: extras.Extras = {}
    for number in range(3):
        found = {"issues": {f"field_{number}_{each}" for each in range(40)}, "teams": {"x" * 500}}
        known = extras.added(known, found, NOW)
    assert len(extras.current(known)["issues"]) == extras.MOST
    assert "teams" not in extras.current(known)
    assert {name.split("_")[1] for name in extras.current(known)["issues"]} == {"0", "1"}, (
        "the first ones stay"
    )
