"""One verb for one workspace, in a process of its own: dlt's state is global, and what fails there fails alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import IO

BEGIN = (
    "import json, sys; sys.path[:] = json.loads(sys.argv.pop(1));"
    " from pylon_elt.pipelines.cli import main; main()"
)
"""Runs ``pylon`` as this process would, from the same folders, whatever Python itself would find first."""

Told = Callable[[str, str], None]
"""Called with the stream, ``out`` or ``err``, and each line; from a thread of each stream."""


class Child:
    """A command under way.

    Args:
        arguments: The command line, without the program.
        told: Takes what it prints.
    """

    def __init__(self, arguments: Sequence[str], told: Told) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-c", BEGIN, json.dumps(sys.path), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
            env={**os.environ, "PYTHONIOENCODING": "utf-8"},
            # a terminal sends Ctrl-C to all of a group at once; whoever counts signals would get two
            start_new_session=True,
        )
        streams = (("out", self._process.stdout), ("err", self._process.stderr))
        self._readers = [
            threading.Thread(target=_read, args=(stream, name, told), daemon=True) for name, stream in streams
        ]
        for reader in self._readers:
            reader.start()

    def signal(self, number: int) -> None:
        """Pass a signal on; one that has ended already needs none."""
        self._process.send_signal(number)

    def wait(self) -> int:
        """Wait for its end, and return its exit code; below 0 it is that of the signal which ended it."""
        code = self._process.wait()
        for reader in self._readers:
            reader.join()
        return code


def _read(stream: IO[str] | None, name: str, told: Told) -> None:
    for line in stream or ():
        # what cannot be passed on, as to a full disk, is read all the same: the command would stand still for ever
        with suppress(OSError):
            told(name, line.rstrip("\n"))
