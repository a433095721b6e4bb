"""The control routes and the command line, by which another process has the emulator."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from support.repository import ROOT

from pylon_elt.emulator import zaia
from pylon_elt.emulator.zaia.control import CHANGES

from .conftest import Client


@pytest.fixture
def control(world: zaia.World, serve: Any) -> Iterator[httpx.Client]:
    server = serve(world)
    with httpx.Client(base_url=server.url + "/_emulator", headers={"X-Key": server.key}) as client:
        yield client


def post(control: httpx.Client, action: str, **body: Any) -> Any:
    return control.post(f"/{action}", json=body).raise_for_status().json()


def ask(control: httpx.Client, path: str, **query: Any) -> httpx.Response:
    url = str(control.base_url).removesuffix("/_emulator/") + "/api/v1" + path
    return httpx.get(url, params=query, headers={"Authorization": control.headers["X-Key"]})


def test_the_snapshot_is_the_truth(control: httpx.Client, world: zaia.World) -> None:
    assert control.get("/snapshot").json() == world.snapshot()


def test_the_world_can_be_changed(control: httpx.Client, world: zaia.World) -> None:
    ident = post(control, "change", do="new_ticket")
    assert world.row("tickets", ident)["status"] == "pending"
    assert post(control, "change", do="take_over", args={"ident": ident}) == ident
    assert world.row("tickets", ident)["status"] == "ongoing"
    done = post(control, "change", do="random", args={"seed": 3, "count": 5})
    assert len(done) == 5
    moment = world.now()
    post(control, "advance", seconds=90)
    assert (world.now() - moment).total_seconds() == 90


def test_every_change_can_be_made(world: zaia.World) -> None:
    assert all(callable(getattr(world, name)) for name in CHANGES)
    public = {name for name in dir(world) if not name.startswith("_") and callable(getattr(world, name))}
    reading = {
        "advance",
        "change",
        "ids",
        "is_gone",
        "now",
        "responder",
        "row",
        "rows",
        "seeded",
        "snapshot",
        "stir",
    }
    assert public == CHANGES | reading


@pytest.mark.parametrize(
    ("action", "body"),
    [
        ("change", {"do": "rows"}), ("change", {}), ("change", {"do": "complete", "args": {"ident": "nobody"}}),
        ("settings", {"shape": "xml"}), ("faults", {"kind": "explosion"}), ("advance", {}),
    ],
)  # fmt: skip
def test_mistakes_are_told(control: httpx.Client, action: str, body: Any) -> None:
    answer = control.post(f"/{action}", json=body)
    assert answer.status_code == 400
    assert answer.json()["error"]
    assert control.get("/nothing").status_code == 404


def test_settings_faults_and_the_log(control: httpx.Client) -> None:
    post(control, "settings", shape="data")
    assert control.get("/settings").json()["shape"] == "data"
    post(control, "faults", kind="status", endpoint="tags", status=503, count=1)
    assert [ask(control, "/tags").status_code for _ in range(2)] == [503, 200]
    assert post(control, "faults", clear=True) == []
    assert ask(control, "/tags").json()["total"] == 16
    log = control.get("/log", params={"since": 1}).json()
    assert [(record["n"], record["name"], record["status"]) for record in log] == [
        (2, "tags", 200),
        (3, "tags", 200),
    ]
    post(control, "settings", requests_per_minute=3)
    codes = [ask(control, "/chats").status_code for _ in range(4)]
    assert codes == [200, 200, 200, 429]
    assert control.get("/counts").json() == {
        "chats": {"served": 3, "refused": 1}, "tags": {"served": 3, "refused": 0}
    }  # fmt: skip
    post(control, "clear")
    assert control.get("/log").json() == []


@contextmanager
def process(*options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run the command until the block ends; yield it and its first line."""
    command = [sys.executable, "-m", "pylon_elt.emulator", *options]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as running:
        try:
            yield running, running.stdout.readline().strip()  # type: ignore[union-attr]
        finally:
            running.terminate()


def refused(options: Sequence[str]) -> tuple[int, str]:
    with process(*options) as (running, line):
        assert line == ""
        return running.wait(20), running.stderr.read()  # type: ignore[union-attr]


def test_the_command_serves_until_it_is_told_to_stop() -> None:
    options = (
        "--api",
        "zaia",
        "--port",
        "0",
        "--seed",
        "1",
        "--tickets",
        "20",
        "--shape",
        "items",
        "--set",
        "most=7",
    )
    with process(*options, "--now", "2026-07-01T12:00:00Z", "--lacking", "tags") as (running, line):
        url, _, key = line.partition(" key=")
        with Client(base_url=url + "/api/v1", headers={"Authorization": key}) as client:
            found = {row["id"]: row for status in ("pending", "ongoing", "completed")
                     for page in client.walk("/tickets/details", 7, status=status) for row in page}  # fmt: skip
            assert client.get("/tags").status_code == 404
            assert client.get("/agents", params={"pageSize": 8}).status_code == 400
        expected = zaia.World.seeded(seed=1, tickets=20).rows("tickets")
        assert found.keys() == {row["id"] for row in expected}
        running.send_signal(signal.SIGTERM)
        assert running.wait(20) == 0


def test_the_command_keeps_its_workspace_alive() -> None:
    with process("--api=zaia", "--port=0", "--tickets=5", "--changes-per-minute=6000") as (_, line):
        url = line.partition(" ")[0] + "/_emulator/snapshot"
        before = httpx.get(url).json()
        until = time.monotonic() + 20
        while httpx.get(url).json() == before:
            assert time.monotonic() < until
            time.sleep(0.02)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--api", "zaya"), "invalid choice"),
        (("--api", "zaia", "--issues", "5"), "unrecognized arguments"),
        (("--api", "zaia", "--set", "most=none"), "most must be a whole number"),
        (("--api", "pylon", "--tickets", "5"), "unrecognized arguments"),
    ],
)
def test_the_command_refuses_what_it_does_not_know(options: tuple[str, ...], said: str) -> None:
    code, told = refused(options)
    assert code == 2
    assert said in told
