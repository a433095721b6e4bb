"""What a plain dlt pipeline prints where an extract fails: its one error, and nothing else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest
from support import worlds

pytestmark = pytest.mark.dear

SCRIPT = """
import os, signal, sys, threading, time
import dlt
from pylon_elt.sources.pylon import pylon_source
from pylon_elt.sources.pylon.api import sending

sending.LONGEST_BACKOFF = 0.05
folder, base_url, token, low, how = sys.argv[1:]
limits = {"rate_limits": dict.fromkeys(("low", "medium", "high"), int(low)), "timeout_seconds": 5.0}
read = pylon_source(api_key=token, base_url=base_url, **limits)
if how == "a step":
    def broken(batch):
        raise ValueError("the user's own")
    read.resources["issues"].add_map(broken)
if how == "an interrupt":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # who starts us in the background has it ignored
    def interrupt():
        while not os.path.exists(folder + "/asked"):
            time.sleep(0.05)
        time.sleep(0.3)
        os.kill(os.getpid(), signal.SIGINT)
    threading.Thread(target=interrupt, daemon=True).start()
pipeline = dlt.pipeline(
    "by_hand",
    destination=dlt.destinations.duckdb(folder + "/copy.duckdb"),
    dataset_name="desk",
    pipelines_dir=folder + "/machine",
)
try:
    pipeline.extract(read)
except BaseException as error:
    while error.__cause__ or error.__context__:
        error = error.__cause__ or error.__context__
    print(type(error).__name__)
"""
"""Where it fails: in a request, in a step that the user has added, by Ctrl-C, or in opening the database."""


@pytest.mark.parametrize(
    ("how", "error", "low"),
    [
        ("a request", "Transient", 100_000),
        ("a step", "ValueError", 100_000),
        ("an interrupt", "KeyboardInterrupt", 2),  # while most lanes wait for their turn
        ("a database", "IOException", 100_000),
    ],
)
def test_a_failed_extract_prints_its_one_error(
    how: str, error: str, low: int, serve: Any, tmp_path: Path
) -> None:
    server = serve(worlds.bump_all(worlds.quiet(issues=25)))
    if how == "a request":
        server.faults.add("status", "GET /tags")
    server.on_request(lambda record: (tmp_path / "asked").touch() if record.endpoint == "GET /tags" else None)
    with duckdb.connect(tmp_path / ("copy.duckdb" if how == "a database" else "another.duckdb")):
        command = [sys.executable, "-c", SCRIPT, str(tmp_path), server.base_url, server.token, str(low), how]
        ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (ended.stdout.strip(), ended.stderr) == (error, "")
