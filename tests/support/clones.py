"""A clone of the repository, and commands as a user of ``dlt init`` types them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from pylon_elt import emulator
from pylon_elt.sources.pylon.catalog import USUAL, with_ledgers

from .compare import assert_equal_copy, read_duckdb
from .repository import ROOT
from .worlds import truth

DLT = (sys.executable, "-m", "dlt", "--non-interactive")


def call(folder: Path, *command: str, code: int = 0, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a command as a user would, without this test's own dlt settings and without the repository's packages."""
    kept = {name: value for name, value in os.environ.items() if "__" not in name and name != "PYTHONPATH"}
    own = {"HOME": str(folder.parent), "DLT_DATA_DIR": str(folder.parent / "dlt")}
    environment = kept | own | {"RUNTIME__DLTHUB_TELEMETRY": "false"} | variables
    result = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert result.returncode == code, result.stdout + result.stderr
    return result


def make_clone(place: Path) -> Path:
    """Make what a clone of the repository holds once everything here is committed."""
    ignored = shutil.ignore_patterns("__pycache__", "*.pyc", ".*")
    shutil.copytree(ROOT / "sources", place / "sources", ignore=ignored)
    author = ("-c", "user.name=Test", "-c", "user.email=test@example.com")
    for command in (("init", "--quiet"), ("add", "."), (*author, "commit", "--quiet", "--message", "All")):
        call(place, "git", *command)
    return place


def assert_script_copied(folder: Path, server: emulator.Server) -> None:
    """Compare what the script that ``dlt init pylon duckdb`` leaves has copied in a folder with what a server has."""
    assert_equal_copy(
        truth(server.world),
        read_duckdb(folder / "pylon_support.duckdb"),
        set(with_ledgers(USUAL)) - {"custom_objects"},
    )
