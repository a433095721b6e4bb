"""Whether a DuckDB file is open in some process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SCRIPT = "import duckdb, sys; duckdb.connect(sys.argv[1], read_only=True)"


def is_taken(database: Path) -> bool:
    """Whether another process is refused, if only for reading; it has to be another one, since locks are each process's."""
    command = [sys.executable, "-c", SCRIPT, str(database)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    refused = "Could not set lock" in ended.stderr
    assert refused or ended.returncode == 0, ended.stderr
    return refused
