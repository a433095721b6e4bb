"""What a database cannot break off is ended all the same, with the process that answers, and another one answers next."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path
from typing import Any, Self

import pytest
from support import assistant, sample
from support.assistant import HELLO, calls
from support.commands import wait_until
from support.workplaces import CopyDesk

pytestmark = [
    pytest.mark.dear,
    pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at processes in /proc"),
]

DEAF = "select levenshtein(repeat('a', 2000000), repeat('b', 2000000))"
"""One step of work, of hours."""
LARGE = "select length(repeat('x', 4000000000))"
COUNT = "select count(*) from issues"


def scratch(desk: CopyDesk) -> Path:
    folder = desk.folder / "scratch"
    folder.mkdir()
    return folder


def descendants(process: int) -> list[int]:
    """Return the processes that a process has begun, and those that they have."""
    found: list[int] = []
    for place in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = place.read_text().rpartition(")")[2].split()[:2]
        except OSError:  # it has just ended
            continue
        if int(parent) == process and state != "Z":
            number = int(place.parent.name)
            found += [number, *descendants(number)]
    return found


def test_a_function_that_hears_nothing_is_ended_and_the_next_call_is_answered(desk: CopyDesk) -> None:
    folder = scratch(desk)
    endless, after = calls(
        desk,
        ("select", {"sql": DEAF}),
        ("select", {"sql": COUNT}),
        options=("--seconds", "1"),
        env={"TMPDIR": str(folder)},
    )
    assert "no answer within 1 s" in endless.error
    assert after.data["rows"] == [[sample.ISSUES]]
    assert list(folder.iterdir()) == []


def test_a_value_of_gigabytes_is_refused_and_the_next_call_is_answered(desk: CopyDesk) -> None:
    large, after = calls(desk, ("select", {"sql": LARGE}), ("select", {"sql": COUNT}))
    assert "memory" in large.error
    assert after.data["rows"] == [[sample.ISSUES]]


class Wire:
    """A server, and its two pipes."""

    def __init__(self, desk: CopyDesk, folder: Path) -> None:
        self._process = subprocess.Popen(
            assistant.COMMAND, cwd=desk.folder, env=assistant.environment(desk.folder, {"TMPDIR": str(folder)}),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        self.server = self._process.pid
        self._say(HELLO)
        self.heard()
        self._say({"jsonrpc": "2.0", "method": "notifications/initialized"})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()

    def ask(self, sql: str) -> None:
        asked = {"name": "select", "arguments": {"sql": sql}}
        self._say({"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": asked})

    def heard(self) -> dict[str, Any]:
        assert self._process.stdout
        return json.loads(self._process.stdout.readline())["result"]  # type: ignore[no-any-return]

    def _say(self, message: dict[str, Any]) -> None:
        assert self._process.stdin
        self._process.stdin.write(json.dumps(message) + "\n")
        self._process.stdin.flush()


def test_where_what_answers_is_killed_the_call_says_so_and_the_next_is_answered(desk: CopyDesk) -> None:
    folder = scratch(desk)
    with Wire(desk, folder) as wire:
        wire.ask(DEAF)
        wait_until(lambda: any(folder.glob("*/pylon-read-*")))
        _, answering = descendants(wire.server)
        os.kill(answering, signal.SIGKILL)
        broken = wire.heard()
        assert broken["isError"]
        assert "come to an end" in broken["content"][0]["text"]
        wire.ask(COUNT)
        assert wire.heard()["structuredContent"]["rows"] == [[sample.ISSUES]]


def test_a_server_that_is_killed_amid_a_call_leaves_nothing(desk: CopyDesk) -> None:
    folder = scratch(desk)
    with Wire(desk, folder) as wire:
        wire.ask(DEAF)
        wait_until(lambda: any(folder.glob("*/pylon-read-*")))
        left = descendants(wire.server)
        assert len(left) == 2
        os.kill(wire.server, signal.SIGKILL)
        wait_until(lambda: not [number for number in left if Path(f"/proc/{number}/cwd").exists()])
    assert list(folder.iterdir()) == []
