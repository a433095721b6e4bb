"""``--all``: every workspace, side by side, one failing alone."""

from __future__ import annotations

import signal
from typing import Any

import duckdb
import pytest
from support.commands import wait_until

from pylon_elt.pipelines.base import exits

pytestmark = pytest.mark.dear

SELECT = ("--select", "issues,issue_messages,organization")


def issues(house: Any, name: str) -> int:
    with duckdb.connect(str(house.file(name)), read_only=True) as connection:
        ((found,),) = connection.execute("SELECT count(*) FROM pylon.issues").fetchall()
    return int(found)


def lines(text: str) -> dict[str, str]:
    """Return the lines on stdout by the name that each begins with."""
    return dict(line.split(": ", 1) for line in text.splitlines())


def test_each_is_copied_and_every_verb_says_one_line_of_each(open_house: Any) -> None:
    house = open_house("acme", "beta", "gamma")
    ran = house.desk.pylon("run", "--all", *SELECT)
    assert ran.code == exits.DONE, ran.text
    told = lines(ran.out)
    assert sorted(told) == ["acme", "beta", "gamma"]
    assert all(line.startswith("done, ") and "request" in line for line in told.values())
    assert {name: issues(house, name) for name in told} == {"acme": 12, "beta": 7, "gamma": 5}
    assert "acme | " in ran.err
    for verb, expected in (
        (("status",), "0 conversations due"),
        (("verify", "--sample", "1"), "done, no difference, "),
        (("reconcile",), "done, gone and removed: 0, missing or different, and mended: 0"),
        (("check", "--select", "teams"), "done, a run would work"),
    ):
        done = house.desk.pylon(*verb, "--all")
        assert done.code == exits.DONE, done.text
        assert {name: expected in line for name, line in lines(done.out).items()} == dict.fromkeys(
            told, True
        ), done.out


def test_one_fails_alone_and_the_worst_exit_code_is_that_of_all(open_house: Any) -> None:
    house = open_house("acme", "beta", "gamma")
    env = {
        "WORKSPACES__ACME__API_KEY": "pyl_wrong",
        "WORKSPACES__GAMMA__PAGE_SIZE": "many",
        "WORKSPACES__DELTA__API_KEY": "pyl_delta",
        "WORKSPACES__DELTA__BASE_URL": "http://127.0.0.1:9",
    }
    ran = house.desk.pylon("run", "--all", *SELECT, env=env)
    assert ran.code == exits.CONFIGURATION, ran.text
    told = lines(ran.out)
    assert told["acme"].startswith("credentials, permissions or configuration")
    assert told["beta"].startswith("done, ")
    assert told["gamma"].startswith("credentials, permissions or configuration")
    assert told["delta"].startswith("the api stayed unavailable")
    assert "gamma | Error: page_size is 'many'." in ran.err
    assert issues(house, "beta") == 7
    assert "pyl_wrong" not in ran.text


def test_for_machines_each_line_says_whose_it_is(open_house: Any) -> None:
    house = open_house("acme", "beta")
    ran = house.desk.pylon("run", "--all", *SELECT, "--log-format", "json", "--at-once", "1")
    assert ran.code == exits.DONE
    *each, last = ran.events
    assert {event["workspace"] for event in each} == {"acme", "beta"}
    finished = [event for event in each if event["event"] == "run_finished"]
    assert {event["workspace"]: event["rows"]["issues"] for event in finished} == {"acme": 12, "beta": 7}
    order = [event["workspace"] for event in each]
    assert order == sorted(order), "one at a time"
    assert (last["event"], last["exit"], last["exits"]) == ("all_finished", 0, {"acme": 0, "beta": 0})


def test_copies_in_one_file_go_one_after_the_other(open_house: Any) -> None:
    house = open_house("acme", "beta", each='file = "both.duckdb"\n')
    ran = house.desk.pylon(
        "run", "--all", *SELECT, "--at-once", "4", env={"WORKSPACES__BETA__DATASET": "pylon_b"}
    )
    assert ran.code == exits.DONE, ran.text
    with duckdb.connect(str(house.desk.folder / "both.duckdb"), read_only=True) as connection:
        assert connection.execute("SELECT count(*) FROM pylon_b.issues").fetchall() == [(7,)]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_each_at_the_end_of_its_turn(open_house: Any, number: signal.Signals) -> None:
    house = open_house("acme", "beta", "gamma", latency_seconds=0.3)
    under_way = house.desk.start("run", "--all", "--at-once", "2", *SELECT)
    wait_until(lambda: all(house.servers[name].count("GET /issues") for name in ("acme", "beta")))
    under_way.signal(number)
    ended = under_way.wait()
    assert ended.code == (exits.INTERRUPTED if number == signal.SIGINT else exits.DONE), ended.text
    told = lines(ended.out)
    assert all("ended early: a signal" in told[name] for name in ("acme", "beta")), ended.text
    assert told["gamma"] == "not begun, since a signal came before"
    assert not house.servers["gamma"].log
    for server in house.servers.values():
        server.settings.latency_seconds = 0.0
    after = house.desk.pylon("run", "--all", *SELECT)
    assert after.code == exits.DONE, after.text
    assert {name: issues(house, name) for name in told} == {"acme": 12, "beta": 7, "gamma": 5}


def test_a_child_that_is_killed_costs_itself() -> None:
    from pylon_elt.pipelines.many.command import _code
    from pylon_elt.pipelines.many.crew import Ended

    assert _code(Ended("acme", -9)) == exits.FAILED
    assert _code(Ended("acme", -9, signal.SIGINT)) == exits.INTERRUPTED
    assert _code(Ended("acme", None, signal.SIGTERM)) == exits.DONE


def test_options_that_do_not_go_together_are_usage(open_house: Any) -> None:
    house = open_house("acme", "beta")
    for arguments, what in (
        (("run", "--all", "--workspace", "acme"), "--workspace names one, --all means all of them."),
        (("run", "--at-once", "2"), "--at-once is about --all."),
        (("run", "--all", "--dataset", "pylon"), "--dataset can be about one workspace only"),
        (("transform", "--all", "--schema", "x"), "--schema can be about one workspace only"),
    ):
        refused = house.desk.pylon(*arguments)
        assert refused.code == exits.USAGE, refused.text
        assert what in refused.text
    assert not any(server.log for server in house.servers.values())


def test_without_workspaces_it_says_how_to_configure_them(desk: Any) -> None:
    refused = desk.pylon("run", "--all")
    assert refused.code == exits.CONFIGURATION
    assert (
        "No workspaces are configured. Next: Give each a section, such as [workspaces.acme]" in refused.text
    )
