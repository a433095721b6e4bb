"""Runs that are killed at any moment, and go on on the same machine or on a fresh one."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from support.repository import ROOT
from support.zaia import Desk

pytestmark = pytest.mark.dear

Open = Callable[..., Desk]
KILLS = 4
SCRIPT = """
import json, sys
import dlt
from pylon_elt.sources.zaia import zaia_source
file, folder, given = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
destination = dlt.destinations.duckdb(file)
pipeline = dlt.pipeline("zaia_inbox", destination=destination, dataset_name="zaia", pipelines_dir=folder)
pipeline.run(zaia_source(**given))
"""


@pytest.mark.slow
def test_a_copy_is_the_truth_after_kills_on_machines_that_know_nothing_of_each_other(
    open_desk: Open, tmp_path: Path, seed: int
) -> None:
    rng = Random(seed)
    desk = open_desk()
    world = desk.server.world
    took = 4.0
    for kill in range(KILLS):
        machine = tmp_path / f"machine{kill // 2}"
        started, before = time.monotonic(), len(desk.server.log)
        run = _start(desk, tmp_path / "inbox.duckdb", machine, hours=0 if kill % 2 else 24)
        _until(lambda: len(desk.server.log) > before or run.poll() is not None)  # noqa: B023
        began = time.monotonic()
        try:
            run.wait(rng.uniform(0, took))
            took = time.monotonic() - began
        except subprocess.TimeoutExpired:
            os.kill(run.pid, signal.SIGKILL)
            run.wait()
        assert time.monotonic() - started < 300
        world.stir(rng)
    desk.pipeline = desk.machine("fresh")
    desk.run(full_read_hours=0, confirm_removals=True)
    desk.check()
    desk.run()
    desk.check()


def _start(desk: Desk, file: Path, folder: Path, hours: float) -> subprocess.Popen[bytes]:
    given = {
        "api_key": desk.server.key,
        "base_url": desk.server.url,
        **desk.settings,
        "full_read_hours": hours,
    }
    command = [sys.executable, "-c", SCRIPT, str(file), str(folder), json.dumps(given)]
    return subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(ROOT)}, stderr=subprocess.DEVNULL)


def _until(condition: Callable[[], bool], seconds: float = 120.0) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.01)
