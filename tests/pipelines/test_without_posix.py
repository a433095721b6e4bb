"""What Windows lacks, taken away: modules of POSIX, and the replacing of a file that somebody has open.

Nothing here is Windows. It is known from this that no module which is missing there is asked for, and that a reader
keeps neither a run from its end nor the next reader from what is new.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest
from support.workplaces import Desk

pytestmark = pytest.mark.dear

COMMAND = """
import builtins, os, pathlib, sys

REFUSED = {"crypt", "fcntl", "grp", "posix", "pty", "pwd", "readline", "resource", "syslog", "termios", "tty"}
importing, replacing, removing = builtins.__import__, pathlib.Path.replace, pathlib.Path.unlink

def refuse(name, globals=None, *rest, **named):
    if name in REFUSED and str((globals or {}).get("__name__")).startswith("pylon_elt"):
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)
    return importing(name, globals, *rest, **named)

def open_anywhere(path):
    path = str(path.resolve())
    for process in pathlib.Path("/proc").glob("[0-9]*/fd"):
        try:
            links = [os.readlink(link) for link in process.iterdir()]
        except OSError:
            continue
        if path in links:
            return True
    return False

def required_closed(path):
    if open_anywhere(path):
        raise PermissionError(13, "The process cannot access the file because it is being used by another process")

def replace(self, target):
    required_closed(pathlib.Path(target))
    required_closed(self)
    return replacing(self, target)

def unlink(self, *rest, **named):
    required_closed(self)
    return removing(self, *rest, **named)

builtins.__import__, pathlib.Path.replace, pathlib.Path.unlink = refuse, replace, unlink
from pylon_elt.pipelines.cli import main
main()
"""


def _pylon(desk: Desk, *arguments: str) -> str:
    environment = {**os.environ, **desk.environment, "PYTHONIOENCODING": "cp1252", "LC_ALL": "C"}
    command = [sys.executable, "-c", COMMAND, *arguments]
    ended = subprocess.run(
        command, cwd=desk.folder, env=environment, capture_output=True, timeout=300, check=False
    )
    told = (ended.stdout + ended.stderr).decode("utf-8")
    assert ended.returncode == 0, told
    assert "Traceback" not in told
    assert "could not be written" not in told
    return told


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="who has a file open is asked of /proc")
def test_every_verb_works_and_a_reader_is_in_nobodys_way(desk: Any) -> None:
    world = desk.server.world
    number = len(list(world.issues()))
    _pylon(desk, "run")
    count = ("query", "--format", "csv", "select count(*) as n from issues where title = '☃'")
    assert _pylon(desk, *count).split() == ["n", "0"]
    first = desk.folder / "support.snapshot.duckdb"
    second = desk.folder / "support.snapshot-2.duckdb"
    with duckdb.connect(str(first), read_only=True) as reader:
        issue = next(iter(world.issues()))["id"]
        world.edit_issue(issue, title="☃")
        _pylon(desk, "run")
        assert second.exists()
        assert _pylon(desk, *count).split() == ["n", "1"]
        assert reader.execute("select count(*) from pylon.issues").fetchone() == (number,)
        assert "☃" in _pylon(desk, "query", "select title from issues where title = '☃'")
    world.edit_issue(issue, title="☀")
    _pylon(desk, "run")
    assert not second.exists(), "once nobody reads it, there is one snapshot again"
    assert _pylon(desk, *count).split() == ["n", "0"]
    _pylon(desk, "transform")
    _pylon(desk, "report", "--html", "report.html")
    _pylon(desk, "status")
