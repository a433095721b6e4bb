"""A verb of ours, in a process of its own."""

from __future__ import annotations

import gc
import importlib
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from pylon_elt.pipelines.base.memory import COLLECTIONS

from .stopwatch import Stopwatch

_IO = Path("/proc/self/io")


def verb(watch: Stopwatch, _folder: Path, *, arguments: Sequence[str]) -> dict[str, Any]:
    """Run the command in the working folder; what it prints comes first."""
    sys.modules["httpx._main"] = None  # type: ignore[assignment] # as the command does, and the next line too
    gc.set_threshold(*COLLECTIONS)
    sys.argv = ["pylon", *arguments]
    code: Any = 0
    with watch:
        try:
            importlib.import_module("pylon_elt.pipelines.cli").app(prog_name="pylon")
        except SystemExit as ended:
            code = ended.code
    return {"exit": code, "written": written()}


def written() -> int:
    """Return how many bytes this process has given to disks so far; 0 where the system does not tell."""
    with suppress(OSError):
        told = dict(line.split(": ") for line in _IO.read_text(encoding="ascii").splitlines())
        return int(told["write_bytes"]) - int(told["cancelled_write_bytes"])
    return 0
