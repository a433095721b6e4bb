"""Jobs in processes of their own: start one, kill it, see how it ended."""

from __future__ import annotations

import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from pylon_elt import emulator

SCRIPT = Path(__file__).with_name("run_job.py")
SMALL_TURNS = {"TURN_ROWS": 30, "BATCH_ROWS": 10, "BATCH_SECONDS": 0.05, "AHEAD_PARENTS": 10}
"""Values for constants of ``pipelines.job`` and ``sources.pylon.children`` that make many turns of a small workspace."""
PATIENCE = 120.0


@dataclass
class Machine:
    """A machine with a working folder of its own, and a destination that others may share."""

    folder: Path
    credentials: str
    destination: str = "duckdb"

    def environment(self) -> dict[str, str]:
        """Return what a run on this machine finds in its environment."""
        return {
            f"DESTINATION__{self.destination.upper()}__CREDENTIALS": self.credentials,
            "LOAD__WORKERS": "1",
        }

    def replace(self) -> None:
        """Lose everything but the destination, as with a fresh machine."""
        shutil.rmtree(self.folder, ignore_errors=True)


@dataclass
class Outcome:
    """How a run ended; ``code`` is negative where a signal ended it."""

    code: int
    turns: int = 0
    problem: str = ""
    failures: list[str] = field(default_factory=list)
    seconds: float = 0.0
    cpu: float = 0.0

    @property
    def killed(self) -> bool:
        """Whether it was killed."""
        return self.code == -signal.SIGKILL


class Run:
    """A run under way."""

    def __init__(self, events: queue.Queue[dict[str, Any]]) -> None:
        self._events = events
        self._outcome = Outcome(0)
        self._started = time.monotonic()
        self.pid: int = self._next(PATIENCE)["pid"]

    def kill_after(self, seconds: float) -> Outcome:
        """Kill it that long after it began, unless it has ended before."""
        ended = self._collect(time.monotonic() + seconds)
        if not ended:
            os.kill(self.pid, signal.SIGKILL)
        return self.wait()

    def kill(self) -> Outcome:
        """Kill it now."""
        return self.kill_after(0.0)

    def wait_stopped(self) -> None:
        """Wait until it has stopped itself at the point where it was to."""
        while True:
            event = self._next(PATIENCE)
            assert "exit" not in event, f"it ended before it was to stop: {event}"
            if "stopped" in event:
                return
            self._note(event)

    def go_on(self) -> Outcome:
        """Let it go on, and wait for its end."""
        os.kill(self.pid, signal.SIGCONT)
        return self.wait()

    def wait(self) -> Outcome:
        """Wait for its end."""
        if not self._collect(time.monotonic() + PATIENCE):
            os.kill(self.pid, signal.SIGKILL)
            self._collect(time.monotonic() + PATIENCE)
            raise TimeoutError(f"the run did not end within {PATIENCE:g} s")
        return self._outcome

    def _collect(self, until: float) -> bool:
        """Take events until the last one, or until a moment; say whether it was the last one."""
        ended = bool(self._outcome.seconds)
        while not ended:
            try:
                event = self._next(max(0.0, until - time.monotonic()))
            except queue.Empty:
                return False
            self._note(event)
            if "exit" in event:
                self._outcome.code, self._outcome.cpu = event["exit"], event["cpu"]
                self._outcome.seconds = time.monotonic() - self._started
                ended = True
        return True

    def _note(self, event: dict[str, Any]) -> None:
        self._outcome.turns += "turn" in event
        self._outcome.problem += event.get("problem", "")
        self._outcome.failures += event.get("failures", [])

    def _next(self, seconds: float) -> dict[str, Any]:
        return self._events.get(timeout=seconds) if seconds else self._events.get_nowait()


class Runner:
    """A process that forks one job after the other; what it takes to import them is paid once."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="pylon-runner-"))
        self.log = self.folder / "stderr.log"
        environment = {
            **os.environ,
            "DLT_DATA_DIR": str(self.folder),
            # what macOS looks up in its frameworks after a fork would end the process
            "OBJC_DISABLE_INITIALIZE_FORK_SAFETY": "YES",
            "no_proxy": "*",
            "PYTHONPATH": os.pathsep.join([*map(str, SCRIPT.parents[1:3]), os.environ.get("PYTHONPATH", "")]),
            "RUNTIME__DLTHUB_TELEMETRY": "false",
        }
        self._process = subprocess.Popen(
            [sys.executable, str(SCRIPT)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        self._events: queue.Queue[dict[str, Any]] = queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(
        self,
        machine: Machine,
        server: emulator.Server,
        *,
        kill: str | None = None,
        stop: str | None = None,
        nth: int = 1,
        lease: dict[str, float] | None = None,
        first: Sequence[str] = (),
        last: Sequence[str] = (),
        trace: Path | None = None,
        turns: dict[str, float] | None = None,
        environment: dict[str, str] | None = None,
        settings: dict[str, Any] | None = None,
        dataset: str = "pylon",
        **job: Any,
    ) -> Run:
        """Start a run on a machine.

        Args:
            machine: Where.
            server: What to read.
            kill: A pattern; the run ends itself at the ``nth`` point that matches.
            stop: A pattern; the run suspends itself there, as a machine that sleeps.
            nth: See ``kill`` and ``stop``.
            lease: The constants of ``pipelines.copy.lease``, for a run that knows no locks of its database.
            first: The tables of a package to load before the others.
            last: The tables to load after them.
            trace: A file into which the run writes the points it passes.
            turns: Values for the constants of ``pipelines.job``.
            environment: Further variables.
            settings: Settings of the source.
            dataset: Where in the database the copy is.
            job: Arguments of ``Job``.
        """
        spec = {
            "environment": machine.environment() | (environment or {}),
            "destination": machine.destination,
            "dataset": dataset,
            "pipelines_dir": str(machine.folder),
            "base_url": server.base_url,
            "token": server.token,
            "settings": {"rate_window_seconds": 1.0, "timeout_seconds": 10.0} | (settings or {}),
            "turns": SMALL_TURNS if turns is None else turns,
            "kill": {"pattern": kill or stop, "nth": nth, "stops": bool(stop)} if kill or stop else None,
            "lease": lease,
            "first": list(first),
            "last": list(last),
            "trace": str(trace) if trace else None,
            "job": job,
            "log": str(self.log),
        }
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(spec) + "\n")
        self._process.stdin.flush()
        return Run(self._events)

    def run(self, machine: Machine, server: emulator.Server, **options: Any) -> Outcome:
        """Start a run and wait for its end."""
        return self.start(machine, server, **options).wait()

    def finish(self, machine: Machine, server: emulator.Server, **options: Any) -> Outcome:
        """Run undisturbed, and expect success."""
        outcome = self.run(machine, server, **options)
        assert outcome.code == 0, f"{outcome}\n{self.tail()}"
        return outcome

    def tail(self, lines: int = 40) -> str:
        """Return the last lines of what the runs wrote to their standard error."""
        if not self.log.exists():
            return ""
        return "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith("{"):
                self._events.put(json.loads(line))


def wait_until(condition: Callable[[], bool], seconds: float = PATIENCE) -> None:
    """Wait until something holds."""
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            raise TimeoutError(f"not within {seconds:g} s")
        time.sleep(0.01)
