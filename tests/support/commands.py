"""The commands ``pylon`` and ``zaia``, as their users meet them: arguments, environment, folder; two streams and an exit code."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

FORKS = Path(__file__).with_name("command_forks.py")
PATIENCE = 120.0
KEPT = ("PATH", "HOME", "LANG", "TMPDIR", "LD_LIBRARY_PATH", "COLUMNS")
"""What a command's environment takes over from ours; everything else is given."""


@dataclass
class Result:
    """How a command ended; ``code`` is negative where a signal ended it."""

    code: int
    out: str
    err: str

    @property
    def events(self) -> list[dict[str, Any]]:
        """The JSON lines on stdout, where nothing else is."""
        return [json.loads(line) for line in self.out.splitlines()]

    def event(self, name: str) -> dict[str, Any]:
        """The only event of a name."""
        (found,) = (event for event in self.events if event["event"] == name)
        return found

    @property
    def text(self) -> str:
        """Both streams, lines joined, so that a phrase is found wherever it was wrapped."""
        return " ".join((self.out + " " + self.err).split())


@dataclass
class Command:
    """A command under way."""

    process: int
    stdout: Path
    stderr: Path
    ended: threading.Event = field(default_factory=threading.Event)
    code: int = 0

    def signal(self, number: signal.Signals) -> None:
        """Send a signal."""
        os.kill(self.process, number)

    def told(self) -> str:
        """Return what is on its stdout so far."""
        return self.stdout.read_text() if self.stdout.exists() else ""

    def wait(self, seconds: float = PATIENCE) -> Result:
        """Wait for its end."""
        if not self.ended.wait(seconds):
            os.kill(self.process, signal.SIGKILL)
            self.ended.wait(10)
            raise TimeoutError(f"no end within {seconds:g} s: {self.stderr.read_text()[-2000:]}")
        out, err = (path.read_text() if path.exists() else "" for path in (self.stdout, self.stderr))
        return Result(self.code, out, err)


class Commands:
    """Starts commands, each in a process of its own."""

    def __init__(self) -> None:
        self._numbers = itertools.count()
        self._commands: dict[int, Command] = {}
        self._started: dict[int, threading.Event] = {}
        self._processes: dict[int, int] = {}
        self._forks = subprocess.Popen(
            [sys.executable, str(FORKS)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        threading.Thread(target=self._listen, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._forks.stdin is not None
        self._forks.stdin.close()
        self._forks.wait(10)

    def start(
        self,
        *arguments: str,
        folder: Path,
        environment: Mapping[str, str] | None = None,
        stdin: Path | None = None,
        stdout: Path | None = None,
        terminal: str | None = None,
        largest_file: int | None = None,
        program: str = "pylon",
    ) -> Command:
        """Start a command in a folder, with this environment and nothing of ours that matters."""
        number = next(self._numbers)
        streams = folder / f".streams-{number}"
        streams.mkdir()
        spec = {
            "number": number,
            "program": program,
            "arguments": arguments,
            "folder": str(folder),
            "environment": {name: os.environ[name] for name in KEPT if name in os.environ}
            | dict(environment or {}),
            "stdin": str(stdin or os.devnull),
            "stdout": terminal or str(stdout or streams / "out"),
            "stderr": terminal or str(streams / "err"),
            "largest_file": largest_file,
        }
        known = self._started[number] = threading.Event()
        self._commands[number] = command = Command(0, streams / "out", streams / "err")
        assert self._forks.stdin is not None
        self._forks.stdin.write(json.dumps(spec) + "\n")
        self._forks.stdin.flush()
        assert known.wait(PATIENCE), "the forks do not answer"
        command.process = self._processes[number]
        return command

    def run(self, *arguments: str, **options: Any) -> Result:
        """Start a command and wait for its end."""
        return self.start(*arguments, **options).wait()

    def _listen(self) -> None:
        assert self._forks.stdout is not None
        for line in self._forks.stdout:
            told = json.loads(line)
            if "process" in told:
                self._processes[told["number"]] = told["process"]
                self._started[told["number"]].set()
            else:
                command = self._commands[told["number"]]
                command.code = told["exit"]
                command.ended.set()


def wait_until(condition: Callable[[], object], seconds: float = 60.0) -> None:
    """Wait until something holds."""
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, f"not within {seconds:g} s"
        time.sleep(0.02)
