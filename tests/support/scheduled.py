"""Places in which schedulers keep a copy, as the files in deploy/ expect it, and the server of its workspace."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
from support import worlds
from support.repository import ROOT

from pylon_elt import emulator

COMMAND = Path(sys.executable).with_name("pylon")
PATIENCE = 300.0
ENVIRONMENTS = Path(os.environ.get("PYLON_SCHEDULERS", ROOT / ".venv-schedulers"))
"""Where ``make schedulers`` installed them."""
DEPLOY = ROOT / "deploy"


@dataclass
class Place:
    """A working folder, in which the copy is, and the server of its workspace."""

    folder: Path
    server: emulator.Server

    @property
    def file(self) -> Path:
        """The copy."""
        return self.folder / "support.duckdb"

    @property
    def environment(self) -> dict[str, str]:
        """What the scheduler finds in its environment."""
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "DLT_DATA_DIR": str(self.folder / "dlt"),
            "RUNTIME__DLTHUB_TELEMETRY": "false",
            "PYLON_FOLDER": str(self.folder),
            "PYLON_COMMAND": str(COMMAND),
            "PYLON_API_KEY": self.server.token,
            "SOURCES__PYLON__BASE_URL": self.server.base_url,
        }

    def call(
        self, command: Sequence[str | Path], *, also: dict[str, str] | None = None, code: int = 0
    ) -> str:
        """Call a command in the folder, and return what it said on stdout."""
        done = subprocess.run(
            [str(part) for part in command],
            cwd=self.folder,
            env={**self.environment, **(also or {})},
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert done.returncode == code, f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        return done.stdout

    def assert_copied_and_analysed(self) -> None:
        """Compare the issues with the workspace, and with a table for analysis."""
        truth = {row["id"]: row["title"] for row in worlds.truth(self.server.world)["issues"]}
        with duckdb.connect(str(self.file), read_only=True) as copy:
            assert dict(copy.sql("SELECT id, title FROM pylon.issues").fetchall()) == truth
            analysed = copy.sql("SELECT issue_id FROM pylon_analytics.pylon__issues").fetchall()
        assert {id_ for (id_,) in analysed} == set(truth)


@contextmanager
def serving(folder: Path) -> Iterator[Place]:
    """Serve a small workspace for a new folder."""
    folder.mkdir()
    with emulator.running(worlds.quiet(issues=12), emulator.Settings(tier="none")) as server:
        yield Place(folder, server)
