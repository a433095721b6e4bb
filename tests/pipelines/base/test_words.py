"""What was typed and means nothing is told by a word; hints keep what was typed; machines read each line."""

from __future__ import annotations

from typing import Any

import pytest
from support.commands import Commands
from support.workplaces import Desk

from pylon_elt.pipelines.base import exits

pytestmark = pytest.mark.dear


@pytest.mark.parametrize("program", ["pylon", "zaia"])
@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("run", "--dataset", ""), "--dataset"),
        (("status", "--dataset", " "), "--dataset"),
        (("run", "--select", ""), "--select names no table."),
        (("run", "--exclude", ","), "--exclude names no table."),
        (("transform", "--select", ""), "--select names no table."),
    ],
)
def test_an_empty_name_is_not_the_usual_one(
    program: str, arguments: tuple[str, ...], word: str, commands: Commands, tmp_path: Any
) -> None:
    keys = {"PYLON_API_KEY": "x", "ZAIA_API_KEY": "x", "DLT_DATA_DIR": str(tmp_path / "dlt")}
    result = commands.run(*arguments, program=program, folder=tmp_path, environment=keys)
    assert (result.code, word in result.text) == (exits.USAGE, True), result.text
    assert not list(tmp_path.glob("*.duckdb"))


def test_what_runs_write_by_themselves_cannot_be_selected(desk: Desk) -> None:
    result = desk.pylon("run", "-s", "deletions")
    assert result.code == exits.USAGE
    assert "runs write deletions by themselves" in result.text


def test_a_start_that_is_still_to_come_is_refused(desk: Desk) -> None:
    result = desk.pylon("run", "--start-date", "2999-01-31")
    assert result.code == exits.CONFIGURATION
    assert "start_date is 2999-01-31 00:00 UTC, which is still to come" in result.text
    assert desk.server.counts() == {}


def test_another_dataset_than_the_copys_is_told(desk: Desk) -> None:
    assert desk.pylon("run", "--select", "teams").code == 0
    told = desk.pylon("status", "--dataset", "nosuch").text
    assert "There is no copy in the dataset nosuch; there is one in pylon." in told
    assert "Make it with: pylon run --dataset nosuch" in told


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (("query", "select 1", "--dataset", "other one"), "pylon run --dataset 'other one'"),
        (("query", "select 1"), "with: pylon run"),
        (("transform", "--schema", "built", "-d", "duckdb"), "pylon run --destination duckdb"),
        (("verify", "--dataset", "other"), "pylon run --dataset other"),
    ],
)
def test_hints_keep_what_was_typed(desk: Desk, arguments: tuple[str, ...], hint: str) -> None:
    result = desk.pylon(*arguments)
    assert result.code != exits.DONE
    assert result.text.endswith(hint), result.text


@pytest.mark.parametrize("program", ["pylon", "zaia"])
def test_the_help_of_a_question_shows_its_own_options(
    program: str, commands: Commands, tmp_path: Any
) -> None:
    result = commands.run("ask", "backlog", "--help", program=program, folder=tmp_path)
    assert result.code == exits.DONE
    assert result.out.startswith(f"Usage: {program} ask backlog [OPTIONS]")
    for option in (
        "--by team|account|",
        "--desk NAME",
        "--team NAME",
        "--top 1 to 1000",
        "--format",
        "--output",
    ):
        assert option in result.out
    plain = commands.run("ask", "-h", program=program, folder=tmp_path).out
    assert plain.startswith(f"Usage: {program} ask [OPTIONS] [name]")
    wrong = commands.run("ask", "backlgo", "--help", program=program, folder=tmp_path)
    assert (wrong.code, "Did you mean backlog?" in wrong.text) == (exits.USAGE, True)


def test_every_verb_that_looks_gives_machines_an_object_a_line(desk: Desk) -> None:
    (failure,) = desk.pylon("reconcile", "--format", "json", env={"PYLON_API_KEY": None}).events
    assert (failure["event"], failure["exit"]) == ("failure", exits.CONFIGURATION)
    assert desk.pylon("run", "--select", "issues,teams").code == 0
    desk.server.world.delete_issue(1)
    found = desk.pylon("reconcile", "--format", "json").event("reconciled")
    assert (found["exit"], found["removed"], found["complete"]) == (0, 1, True)
    checked = desk.pylon("check", "--select", "teams", "--format", "json")
    assert [one["what"] for one in checked.events[:-1]] == ["token", "region", "teams", "destination"]
    assert (checked.events[-1]["event"], checked.events[-1]["exit"]) == ("check_finished", 0)
    (shown,) = desk.pylon("status", "--format", "json").events
    assert shown["tables"]["issues"]["rows"] == len(desk.server.world)
    (plan,) = desk.pylon("run", "--dry-run", "--log-format", "json").events
    assert plan["event"] == "plan"
