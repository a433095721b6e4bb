"""Two at once, and files that somebody else has open."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from signal import SIGKILL, SIGTERM
from typing import Any

import duckdb
import pytest
from support.commands import wait_until
from support.workplaces import Desk

from pylon_elt.pipelines.base import exits
from pylon_elt.pipelines.copy import lock


def test_the_second_run_says_who_holds_the_lock_and_leaves(open_desk: Any) -> None:
    desk = open_desk(issues=60, tier={"GET /issues/{id}/messages": 1, "*": 1000}, window_seconds=1)
    first = desk.start("run", "--select", "issues,issue_messages")
    wait_until(lambda: desk.server.count("GET /issues/{id}/messages") > 0)
    for arguments in (["run"], ["reconcile"], ["run", "--dry-run"], ["status"]):
        second = desk.pylon(*arguments)
        assert second.code == 75, arguments
        assert f"Another run is at work: process {first.process} on" in second.text
        assert len(second.err.splitlines()) <= 24
    asked = desk.pylon("check", "--select", "teams")
    assert asked.code == 0
    assert "is being written: Another run is at work" in asked.text
    first.signal(SIGTERM)
    assert first.wait().code == 0


def test_the_lock_ends_with_its_process(desk: Desk) -> None:
    desk.server.settings.latency_seconds = 0.5
    first = desk.start("run", "--select", "issues,teams")
    wait_until(lambda: desk.server.count("GET /teams") > 0)
    first.signal(SIGKILL)
    assert first.wait().code == -SIGKILL
    assert desk.pylon("run", "--select", "issues,teams").code == 0
    assert desk.rows("issues") == len(desk.server.world)


@pytest.mark.parametrize("read_only", [True, False], ids=["reader", "writer"])
def test_a_file_that_another_program_has_open_is_told_with_its_process(desk: Desk, read_only: bool) -> None:
    assert desk.pylon("run", "--select", "teams").code == 0
    with opened(desk.database, read_only=read_only) as process:
        result = desk.pylon("run", "--select", "teams,tags")
        assert result.code == 75
        assert f"{desk.database} is in use by" in result.text
        assert f"(process {process})" in result.text
        assert "Traceback" not in result.err
        assert ("is being written to" in desk.pylon("status").out) is not read_only
        assert desk.pylon("check", "--select", "teams").code == 3
    assert desk.pylon("run", "--select", "teams,tags").code == 0
    assert desk.rows("tags") == len(desk.server.world.rows("tags"))


def test_a_file_that_is_asked_for_in_the_middle_of_a_run_is_refused_and_costs_no_row(open_desk: Any) -> None:
    """A run has the file open from its beginning to its end. It used to fail if a reader came between two steps."""
    desk = open_desk(issues=20)
    assert desk.pylon("run", "--select", "teams").code == 0
    desk.server.settings.latency_seconds = 0.4
    run = desk.start("run", "--select", "issues,issue_messages,issue_threads")
    wait_until(lambda: desk.server.count("GET /issues/{id}/messages") > 2)
    with pytest.raises(duckdb.IOException, match="Could not set lock"):
        duckdb.connect(str(desk.database), read_only=True)
    assert (
        desk.pylon("query", "SELECT COUNT(*) FROM teams", env={}).code == 0
    )  # the snapshot is there for that
    assert run.wait().code == 0
    assert desk.rows("issue_messages") == len(desk.server.world.snapshot()["issue_messages"])


@contextmanager
def opened(file: Path, *, read_only: bool) -> Iterator[int]:
    """Let another program have the database open; gives its process id."""
    script = (
        "import duckdb, sys\n"
        f"connection = duckdb.connect({str(file)!r}, read_only={read_only})\n"
        "print('open', flush=True)\nsys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as program:
        assert program.stdout is not None
        assert program.stdout.readline() == "open\n"
        yield program.pid
        program.communicate("")


def test_a_second_way_to_the_file_is_no_way_past_the_lock(tmp_path: Path) -> None:
    folder, other = tmp_path / "copies", tmp_path / "elsewhere"
    folder.mkdir()
    other.symlink_to(folder)
    file, link = folder / "support.duckdb", tmp_path / "linked.duckdb"
    file.touch()
    link.symlink_to(file)
    with lock.hold(lock.lock_file(file)):
        for path in (file, link, other / "support.duckdb"):
            with pytest.raises(exits.Problem) as caught, lock.hold(lock.lock_file(path)):
                pass
            assert caught.value.code == exits.LOCKED
