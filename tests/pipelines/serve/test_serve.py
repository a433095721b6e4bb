"""``pylon serve`` as a process: on a schedule and when a webhook rings, until a signal comes."""

from __future__ import annotations

import os
import re
import signal
import socket
from collections import Counter
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any

import duckdb
import pytest
from support.commands import wait_until
from support.compare import ISSUE_CHILDREN, assert_equal_copy, read_duckdb
from support.daemon import SECRET, Daemon, serving
from support.workplaces import Desk
from support.worlds import bump_all, truth, with_messages

from pylon_elt.emulator import webhooks
from pylon_elt.pipelines.base import exits
from pylon_elt.pipelines.copy.destinations import folder_of
from pylon_elt.pipelines.copy.rung import Rung

pytestmark = pytest.mark.dear

TABLES = ("issues", *ISSUE_CHILDREN)
FIRST = ",".join(TABLES)
FULL = Path("/dev/full")


def bell(daemon: Daemon, **how: Any) -> webhooks.Webhook:
    return webhooks.Webhook(f"{daemon.url}/hooks/pylon", SECRET, **how)


def equal(desk: Desk) -> None:
    assert_equal_copy(truth(desk.server.world), read_duckdb(desk.database), [*TABLES, "issue_sync"])


def asked(server: Any) -> Counter[tuple[str, str]]:
    """Return what the emulator answered, by endpoint and status, placeholders without their names."""
    return Counter((re.sub(r"{\w+}", "{}", one.endpoint), str(one.status)) for one in list(server.log))


def counted(daemon: Daemon) -> Counter[tuple[str, str]]:
    found: Counter[tuple[str, str]] = Counter()
    for (name, pairs), value in daemon.metrics().items():
        if name == "pylon_requests_total":
            labels = dict(pairs)
            found[re.sub(r"{\w+}", "{}", labels["endpoint"]), labels["status"]] += int(value)
    return found


def test_what_rings_is_in_the_copy_and_the_metrics_are_what_pylon_was_asked(open_copy: Any) -> None:
    desk = open_copy(FIRST)
    world = desk.server.world
    with serving(desk, "--hooks", "--every", "1h") as daemon:
        assert daemon.get("/healthz")[0] == 200
        daemon.wait_until_idle()
        assert daemon.ready()[0] == 200
        desk.server.webhooks.start(bell(daemon, form="older", forged=1.0))
        issue = with_messages(world, 2)
        gone = world.messages(issue)[0]["id"]
        assert not world.bumps["delete_message"]
        world.delete_message(gone)  # no time moves: nothing but the ring tells it
        other = world.create_issue(title="Rang")["id"]
        wait_until(lambda: desk.server.webhooks.idle and daemon.figure("rings_total", status="202") == 2)
        wait_until(lambda: daemon.figure("rings_waiting") == 0)
        wait_until(lambda: asked(desk.server) == counted(daemon) and daemon.figure("runs_total") >= 2)
        assert daemon.figure("rings_total", status="401") == 2
        assert daemon.figure("rows_read_total", table="issues") >= 1
        wait_until(lambda: daemon.figure("lag_seconds") > 0)
        assert daemon.figure("rows", table="issues") in (30, 31), "before the ring, or after it"
        ended = daemon.end()
    assert ended.code == 0, ended.text
    assert "Traceback" not in ended.text
    assert SECRET not in ended.text
    held = read_duckdb(desk.database)
    assert gone not in {row["id"] for row in held["issue_messages"]}
    assert other in {row["id"] for row in held["issues"]}
    equal(desk)


def test_whatever_becomes_of_the_webhooks_the_copy_is_the_workspace(open_copy: Any) -> None:
    """Shuffled, doubled, one in five lost, some forged: what no ring told, the next run at the interval finds."""
    desk = open_copy(FIRST)
    world, rng = bump_all(desk.server.world), Random(5)
    with serving(desk, "--hooks", "--every", "8s") as daemon:
        daemon.wait_until_idle()
        poor = {"lost": 0.2, "doubled": 0.3, "forged": 0.2, "shuffled": True, "gathered_seconds": 0.3}
        desk.server.webhooks.start(bell(daemon, seed=3, **poor))
        for number in range(24):
            some = rng.choice(world.issue_ids())
            if number % 3 == 0:
                world.add_message(some)
            elif number % 3 == 1:
                world.edit_issue(some, title=f"Edited {number}")
            else:
                world.follow(some, world.rows("users")[number % 5]["id"])
        wait_until(lambda: desk.server.webhooks.idle)
        told = desk.server.webhooks.counts()
        assert told["lost"] > 0
        assert set(told["answers"]) == {"202"}
        assert set(told["forged"]) == {"401"}
        daemon.wait_until_idle()
        searched = desk.server.count("POST /tasks/search")
        wait_until(lambda: desk.server.count("POST /tasks/search") >= searched + 2)  # whole runs
        assert daemon.end().code == 0
    equal(desk)


def test_a_storm_is_one_reading_and_a_kill_after_202_loses_nothing(open_copy: Any) -> None:
    desk = open_copy(FIRST)
    world = desk.server.world
    issue = with_messages(world, 2)
    rung = Rung(_folder(desk))
    with duckdb.connect(str(desk.database)):  # somebody else has the file: no run can begin
        with serving(desk, "--hooks", "--every", "1h") as daemon:
            wait_until(lambda: daemon.figure("runs_total", exit="75") > 0)
            assert daemon.ready()[0] == 503
            world.redact_message(world.messages(issue)[0]["id"])
            sent = [webhooks.send(bell(daemon), issue) for _ in range(100)]
            assert {one.status for one in sent} == {202}
            daemon.command.signal(signal.SIGKILL)
            daemon.command.wait()
        assert list(rung.waiting()) == [issue]
        assert desk.server.count("GET /issues/{id}") == 0
    with serving(desk, "--hooks", "--every", "1h") as daemon:
        daemon.wait_until_idle()
        assert daemon.end().code == 0
    assert rung.waiting() == {}
    assert desk.server.count("GET /issues/{id}") in (1, 2)
    equal(desk)


def _folder(desk: Desk) -> Any:
    before = os.environ.get("DLT_DATA_DIR")
    os.environ["DLT_DATA_DIR"] = desk.environment["DLT_DATA_DIR"]
    try:
        return folder_of(desk.database, "pylon")
    finally:
        os.environ.pop("DLT_DATA_DIR") if before is None else os.environ.update(DLT_DATA_DIR=before)


def test_what_is_not_there_when_it_rings_takes_nothing_away(open_copy: Any) -> None:
    desk = open_copy(FIRST)
    issue = with_messages(desk.server.world, 1)
    desk.server.faults.add("status", "GET /issues/{id}", id=issue, status=404)
    with serving(desk, "--hooks", "--every", "1h") as daemon:
        daemon.wait_until_idle()
        for id_ in (issue, "no-such-issue", "../accounts"):
            assert webhooks.send(bell(daemon), id_).status == 202
        wait_until(lambda: desk.server.count("GET /issues/{id}") >= 2)
        daemon.wait_until_idle()
        assert daemon.end().code == 0
    equal(desk)


def test_conversations_are_verified_in_the_time_until_the_next_run(open_copy: Any) -> None:
    desk = open_copy(FIRST)
    world = desk.server.world
    gone = world.messages(with_messages(world, 2))[0]["id"]
    world.delete_message(gone)  # no time moves, and nothing rings
    with serving(desk, "--every", "1h", env={"SOURCES__PYLON__SWEEP_DAYS": "0.00001"}) as daemon:
        wait_until(lambda: daemon.figure("runs_total", exit="0") == 2)
        assert daemon.end().code == 0
    assert gone not in {row["id"] for row in read_duckdb(desk.database)["issue_messages"]}
    equal(desk)


def test_a_ring_does_not_wait_for_the_sweep(open_copy: Any) -> None:
    desk = open_copy(FIRST)
    server = desk.server
    with serving(desk, "--hooks", "--every", "1h", env={"SOURCES__PYLON__SWEEP_DAYS": "0.00001"}) as daemon:
        server.faults.add("hang", "GET /issues/{id}/threads", seconds=1.0)
        wait_until(lambda: server.count("GET /issues/{id}/threads") > 0)
        issue = server.world.create_issue(title="Rang")["id"]
        assert webhooks.send(bell(daemon), issue).status == 202
        wait_until(lambda: daemon.figure("rings_waiting") == 0)
        assert server.count("GET /issues/{id}/threads") < 30, "the sweep had more to read"
        ended = daemon.end()
    assert ended.code == 0, ended.text
    assert {event["exit"] for event in ended.events if event["event"] == "workspace_finished"} == {0}


def test_sigterm_lets_a_run_save_what_it_has_read(open_desk: Any) -> None:
    desk = open_desk(issues=60, tier={"GET /issues/{id}/messages": 5, "*": 1000}, window_seconds=1)
    with serving(desk, "--every", "1h") as daemon:
        wait_until(lambda: desk.server.count("GET /issues/{id}/messages") > 8)
        assert daemon.get("/hooks/pylon")[0] == 404, "no doorbell was asked for"
        ended = daemon.end()
    assert ended.code == 0, ended.text
    assert "Stopping: what runs have read is being saved." in ended.err
    finished = ended.event("run_finished")
    assert finished["ended_early"] == "a signal (SIGTERM) asked for it"
    assert 0 < desk.rows("issue_sync") < 240
    desk.server.settings.tier = "none"
    assert desk.pylon("run", "--select", FIRST).code == 0
    equal(desk)


def test_the_second_signal_ends_it_at_once(open_desk: Any) -> None:
    desk = open_desk(issues=60, tier={"GET /issues/{id}/messages": 5, "*": 1000}, window_seconds=1)
    with serving(desk, "--every", "1h") as daemon:
        wait_until(lambda: desk.server.count("GET /issues/{id}/messages") > 8)
        daemon.command.signal(signal.SIGTERM)
        wait_until(lambda: "Stopping" in daemon.command.stderr.read_text())
        daemon.command.signal(signal.SIGTERM)
        assert daemon.command.wait(20).code == -signal.SIGTERM
    desk.server.settings.tier = "none"
    assert desk.pylon("run", "--select", FIRST).code == 0
    equal(desk)


def test_a_run_that_fails_does_not_end_it(open_copy: Any) -> None:
    desk = open_copy(FIRST)
    with serving(desk, "--every", "2s") as daemon:
        daemon.wait_until_idle()
        fault = desk.server.faults.add("status", "GET /me", status=401)
        wait_until(lambda: daemon.figure("runs_total", exit="3") > 0)
        wait_until(lambda: daemon.ready()[0] == 503)
        assert "The last one ended with 3" in daemon.ready()[1]["workspaces"]["pylon"]["why"]
        desk.server.faults.remove(fault)
        wait_until(lambda: daemon.ready()[0] == 200)
        ended = daemon.end()
    assert ended.code == 0
    assert [event["exit"] for event in ended.events if event["event"] == "workspace_finished"].count(3) >= 1


def test_a_ring_does_not_wait_for_an_endpoint_that_fails(open_copy: Any) -> None:
    desk = open_copy(FIRST)
    desk.server.faults.add("status", "GET /surveys", status=500)
    with serving(desk, "--hooks", "--every", "1h", env={"SOURCES__PYLON__TIMEOUT_SECONDS": "1"}) as daemon:
        wait_until(lambda: daemon.figure("runs_total", exit="4") > 0)
        assert webhooks.send(bell(daemon), desk.server.world.create_issue(title="Rang")["id"]).status == 202
        wait_until(lambda: daemon.figure("runs_total", exit="0") > 0)
        assert daemon.figure("runs_total", exit="4") == 1, "and the whole run is not yet tried again"
        assert daemon.end().code == 0
    equal(desk)


@pytest.mark.skipif(not FULL.exists(), reason="there is no /dev/full")
def test_it_goes_on_where_nothing_can_be_written_of_it(open_copy: Any) -> None:
    desk = open_copy(FIRST)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = desk.start("serve", "--port", str(port), "--every", "1h", "--log-format", "json", stdout=FULL)
    daemon = Daemon(command, f"http://127.0.0.1:{port}")

    def is_ready() -> bool:
        with suppress(ConnectionError):
            return daemon.ready()[0] == 200
        return False

    wait_until(lambda: command.ended.is_set() or is_ready())
    assert not command.ended.is_set(), command.stderr.read_text()
    command.signal(signal.SIGTERM)
    assert command.ended.wait(60)
    assert command.code == 0
    equal(desk)


def test_what_no_run_could_begin_with_ends_it_with_one_screen(open_desk: Any) -> None:
    desk = open_desk()
    served = desk.pylon("serve", "--port", "0", env={"PYLON_API_KEY": "pyl_wrong"})
    assert served.code == exits.CONFIGURATION
    assert served.err.count("Error: ") == 1, served.err
    assert "Next: " in served.err
    assert "Traceback" not in served.text
    assert "pyl_wrong" not in served.text


def test_a_database_that_is_not_up_yet_is_waited_for(desk: Desk) -> None:
    away = {"DESTINATION__POSTGRES__CREDENTIALS": "postgresql://loader:secret@127.0.0.1:1/support"}
    with serving(desk, "--destination", "postgres", env=away) as daemon:
        wait_until(lambda: daemon.figure("runs_total", exit="3") == 1)
        assert daemon.ready()[0] == 503
        ended = daemon.end()
    assert ended.code == 0, ended.text
    assert "Postgres cannot be reached" in ended.event("failure")["what"]


@pytest.mark.parametrize(
    ("arguments", "env", "code", "told"),
    [
        (("--every", "soon"), {}, exits.USAGE, "--every soon is no interval"),
        (("--hooks",), {}, exits.CONFIGURATION, "PYLON_WEBHOOK_SECRET is not set"),
        (("--hooks", "--host", "0.0.0.0"), {}, exits.CONFIGURATION, "PYLON_WEBHOOK_SECRET is not set"),
        (("--hooks",), {"PYLON_WEBHOOK_SECRET": "short"}, exits.CONFIGURATION, "could be guessed"),
        (("--host", "192.0.2.1"), {}, exits.CONFIGURATION, "192.0.2.1 port 2720 cannot be listened on"),
        (("--all",), {}, exits.CONFIGURATION, "No workspaces are configured."),
        (("--all", "-w", "acme"), {}, exits.USAGE, "--all means all workspaces"),
        (("-w", "acme"), {}, exits.USAGE, "There is no workspace 'acme'."),
    ],
)
def test_what_does_not_go_is_told_before_anything_is_served(
    desk: Desk, arguments: tuple[str, ...], env: dict[str, str | None], code: int, told: str
) -> None:
    served = desk.pylon("serve", *arguments, env=env)
    assert served.code == code, served.text
    assert told in served.text
    assert "Traceback" not in served.text
    assert not desk.server.log, "and nothing was asked"
