"""A command ends at once, with all that was to be done at its end, and with its exit code."""

from __future__ import annotations

import subprocess
import sys

import pytest

BEGIN = """
import atexit, sys, threading, time
from pylon_elt.pipelines.base.leaving import leave
atexit.register(lambda: print("registered"))
print("printed", end=" ")
"""
SLOW = "threading.Thread(target=lambda: (time.sleep(0.3), print('waited for', end=' '))).start()\n"


@pytest.mark.parametrize(
    ("program", "code", "out"),
    [
        ("leave(5)\nprint('not reached')", 5, "printed registered\n"),
        ("leave(None)\nprint('not reached')", 0, "printed registered\n"),
        ("leave('a text')\nsys.exit(3)", 3, "printed registered\n"),
        (f"{SLOW}leave(5)\nsys.exit(5)", 5, "printed waited for registered\n"),
    ],
    ids=["a code", "none", "a text", "beside a thread"],
)
def test_it_ends_as_python_would_have_ended_it(program: str, code: int, out: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", BEGIN + program], check=False, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout, done.stderr) == (code, out, "")


def test_where_nobody_reads_any_more_python_itself_says_so() -> None:
    program = f"{BEGIN}sys.stdout.close()\nleave(5)\nsys.exit(5)"
    done = subprocess.run([sys.executable, "-c", program], check=False, capture_output=True, text=True)
    assert done.returncode == 5
