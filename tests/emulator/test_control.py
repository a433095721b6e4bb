"""The control routes, and the emulator as a process of its own."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from pylon_elt import emulator
from pylon_elt.emulator.__main__ import main


@pytest.fixture
def server(serve: Any, world: emulator.World) -> emulator.Server:
    started: emulator.Server = serve(world)
    return started


@pytest.fixture
def control(server: emulator.Server) -> Any:
    with httpx.Client(base_url=server.base_url + "/_emulator/") as client:
        yield client


def test_the_snapshot_is_the_worlds(control: Any, world: emulator.World) -> None:
    assert control.get("snapshot").json() == world.snapshot()


def test_mutations_by_name(control: Any, world: emulator.World) -> None:
    row = control.post("mutate", json={"do": "add_message", "args": {"ref": 17, "message_html": "x"}}).json()
    assert world.messages(17)[-1] == row
    assert control.post("mutate", json={"do": "delete_issue", "args": {"ref": 17}}).json() is None
    assert len(world) == 119


def test_random_mutations_repeat_with_their_seed(control: Any, now: Any) -> None:
    from random import Random

    twin = emulator.World.seeded(seed=7, issues=120, now=now, years=0.5, clock=lambda: now)
    rng = Random(4)
    expected = [twin.random_mutation(rng) for _ in range(30)]
    answer = control.post("mutate", json={"do": "random", "args": {"seed": 4, "count": 30}}).json()
    assert answer == expected
    assert control.get("snapshot").json() == twin.snapshot()


def test_every_collection_can_be_changed(control: Any, world: emulator.World) -> None:
    def do(name: str, **args: Any) -> Any:
        answer = control.post("mutate", json={"do": name, "args": args})
        assert answer.is_success, answer.text
        return answer.json()

    task = do("create", collection="tasks", title="New")
    assert do("edit", collection="tasks", key=task["id"], status="completed") == world.row(
        "tasks", task["id"]
    )
    comment = do("add_comment", task_id=task["id"])
    assert do("edit_comment", comment_id=comment["id"], body_html="x")["body_html"] == "x"
    do("delete_comment", comment_id=comment["id"])
    issue = do("create_issue", source="phone")["number"]
    call = do("add_voice_call", ref=issue)
    assert len(do("finish_transcript", call_id=call["id"])["recordings"]) == 1
    field = next(row for row in world.rows("custom_fields") if row["slug"] == "priority")["id"]
    assert do("rename_option", field_id=field, option="low", label="Low!")["id"] == field
    do("drop", collection="tasks", key=task["id"])
    done = do("random", seed=1, count=200, others=True)
    assert {"create", "edit", "add_comment"} < {one["do"] for one in done}
    assert control.get("snapshot").json() == world.snapshot()


def test_settings_take_effect(control: Any, server: emulator.Server, connect: Any) -> None:
    assert control.post("settings", json={"tier": {"GET /me": 0}, "rate_headers": "none"}).is_success
    assert connect(server).get("/me").status_code == 429
    assert control.get("settings").json()["tier"] == {"GET /me": 0}


@pytest.mark.parametrize(
    ("route", "body"),
    [
        ("settings", {"teir": "july"}), ("settings", {"tier": "december"}), ("settings", {"bounds": "<>"}),
        ("settings", {"window_seconds": 0}), ("settings", {"latency_seconds": "1"}), ("settings", []),
        ("mutate", {}), ("mutate", {"do": "advance"}), ("mutate", {"do": "delete_issue", "args": {"ref": 999}}),
        ("mutate", {"do": "edit_issue", "args": {}}), ("mutate", {"do": "edit_issue", "args": {"ref": 1, "number": 2}}),
        ("mutate", {"do": "edit_issue", "args": {"ref": 1, "updated_at": "soon"}}), ("mutate", {"do": "add_message", "args": {"ref": 1, "timestamp": "x"}}),
        ("faults", {"kind": "gremlins"}), ("faults", {"kind": "reset", "colour": "red"}), ("advance", {}),
    ],
    ids=str,
)  # fmt: skip
def test_what_is_wrong_is_told_and_changes_nothing(
    control: Any, world: emulator.World, route: str, body: Any
) -> None:
    before = world.snapshot()
    answer = control.post(route, json=body)
    assert answer.status_code == 400
    assert answer.json()["error"]
    assert world.snapshot() == before


def test_unknown_control_routes_list_the_known_ones(control: Any) -> None:
    answer = control.get("mutate")
    assert answer.status_code == 404
    assert "POST mutate" in answer.json()["error"]


def test_faults_come_and_go(control: Any, server: emulator.Server, connect: Any) -> None:
    client = connect(server)
    control.post("faults", json={"kind": "status", "endpoint": "GET /me", "status": 503})
    assert client.get("/me").status_code == 503
    both = [{"kind": "status", "status": 502}, {"kind": "trickle", "seconds": 0.01}]
    assert len(control.post("faults", json={"clear": True, "add": both}).json()) == 2
    assert client.get("/me").status_code == 502
    assert control.post("faults", json={"clear": True}).json() == []
    assert client.get("/me").is_success


def test_time_advances(control: Any) -> None:
    assert control.post("advance", json={"seconds": 90}).json() == {"now": "2026-07-01T12:01:30+00:00"}


def test_the_log_has_the_api_requests_only(control: Any, server: emulator.Server, connect: Any) -> None:
    client = connect(server)
    client.get("/me")
    client.get("/users")
    records = control.get("log").json()
    assert [record["endpoint"] for record in records] == ["GET /me", "GET /users"]
    assert control.get("log", params={"since": records[0]["n"]}).json() == records[1:]
    assert control.get("log", params={"endpoint": "GET /me"}).json() == records[:1]
    assert control.get("counts").json()["GET /me"]["served"] == 1
    control.post("clear")
    assert (control.get("log").json(), control.get("counts").json()) == ([], {})


def test_control_routes_are_never_limited_or_delayed(control: Any, server: emulator.Server) -> None:
    server.settings.update({"tier": {"*": 0}, "suspended": True, "latency_seconds": 60})
    server.faults.add("reset")
    assert control.get("counts").is_success


def test_nothing_is_left_when_the_block_ends(world: emulator.World) -> None:
    threads = threading.active_count()
    with emulator.running(world) as server:
        client = httpx.Client(base_url=server.base_url)
        client.get("/me")
    with pytest.raises(httpx.TransportError):
        client.get("/me")
    client.close()
    assert threading.active_count() == threads
    with emulator.running(world, port=server.port) as again:
        assert again.port == server.port


def spawn(*options: str) -> subprocess.Popen[str]:
    root = Path(emulator.__file__).parents[1]
    command = [sys.executable, "-m", "pylon_elt.emulator", "--port", "0", "--issues", "50", *options]
    return subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_process_says_where_it_is_and_ends_cleanly(number: signal.Signals) -> None:
    options = ("--seed", "1", "--tier", "july", "--latency", "0.01", "--token", "pyl_mine")
    options += ("--lacking", "/tags", "--lacking", "GET /teams")
    with spawn(*options, "--set", "bounds=[)", "--set", "window_cap_days=365") as process:
        assert process.stdout is not None
        url, token = process.stdout.readline().split()
        headers = {"Authorization": "Bearer " + token.removeprefix("token=")}
        assert token == "token=pyl_mine"
        asked = {path: httpx.get(url + path, headers=headers) for path in ("/me", "/tags", "/teams")}
        assert [answer.status_code for answer in asked.values()] == [200, 404, 404]
        settings = httpx.get(url + "/_emulator/settings").json()
        assert (settings["tier"], settings["bounds"], settings["window_cap_days"]) == ("july", "[)", 365)
        process.send_signal(number)
        out, err = process.communicate(timeout=10)
    assert (process.returncode, out, err) == (0, "", "")


def test_a_port_that_is_taken_is_an_error_of_one_line(
    server: emulator.Server, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--port", str(server.port), "--issues", "5"]) == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_the_workspace_can_be_kept_alive() -> None:
    with spawn("--changes-per-minute", "6000") as process:
        assert process.stdout is not None
        url = process.stdout.readline().split()[0]
        before = httpx.get(url + "/_emulator/snapshot").json()
        time.sleep(0.3)
        assert httpx.get(url + "/_emulator/snapshot").json() != before
        process.terminate()
        assert process.wait(timeout=10) == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["--tier", "december"],
        ["--now", "2026-07-01"],
        ["--set", "bounds"],
        ["--set", "bounds=<>"],
        ["--set", "x=1"],
    ],
)
def test_the_command_line_explains_itself(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == (0 if arguments == ["--help"] else 2)
    assert "usage: pylon emulator" in "".join(capsys.readouterr())
