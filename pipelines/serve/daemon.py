"""All workspaces of one daemon: their runs, what is served of them, and how it ends."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial, wraps
from typing import ParamSpec

import uvicorn

from ..base import exits, screens
from ..base.wording import duration
from ..copy.rung import Rung
from ..many import lines, means
from .doorbell import Doorbell
from .errand import Done, Event
from .keeper import Keeper
from .lanes import Lane, Slots
from .site import UNNAMED, Served, application

STOPPING = "Stopping: what runs have read is being saved. Once more, and it ends at once, which loses nothing either."
SIGNALS = (signal.SIGINT, signal.SIGTERM)
KILL = getattr(signal, "SIGKILL", signal.SIGTERM)
QUIET = ("turn", "progress", "run_started")
"""What is said of no run."""

P = ParamSpec("P")
Bells = Mapping[str, tuple[Sequence[str], Rung | None]]


def _unless_full(tell: Callable[P, None]) -> Callable[P, None]:
    """Let what a full disk does not take be unsaid; where nobody reads any more, that ends the daemon."""

    @wraps(tell)
    def told(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            tell(*args, **kwargs)
        except BrokenPipeError:
            raise
        except OSError:
            return

    return told


class Daemon:
    """A process that serves.

    Args:
        every: Seconds between two whole runs of a workspace.
        options: What each run is told besides.
        lanes: The workspaces; those of one lane share a file, and are run one after the other.
        bells: The secrets of each that has a doorbell, and where its rings are kept.
        as_json: Whether to write for machines.
    """

    def __init__(
        self,
        every: float,
        options: tuple[str, ...],
        lanes: Sequence[Sequence[str]],
        bells: Bells,
        *,
        as_json: bool,
    ) -> None:
        self._every, self._options, self._lanes, self._bells = every, options, lanes, bells
        self._as_json = as_json
        self._served: dict[str, Served] = {}

    async def serve(self, listening: socket.socket, host: str) -> int:
        """Serve until a signal comes, and return the exit code.

        Raises:
            Problem: The first run of each workspace found that it is configured so that none can succeed.
        """
        self._make()
        server = _Server(
            uvicorn.Config(
                application(self._served),
                lifespan="off",
                log_level="critical",
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=1,
            )
        )
        with self._signals():
            serving = asyncio.create_task(server.serve(sockets=[listening]))
            keepers = [asyncio.create_task(one.keeper.keep()) for one in self._served.values()]
            self._tell_where(listening, host)
            judging = asyncio.create_task(self._judge_first_runs())
            try:
                await asyncio.gather(*keepers)
            except BaseException:
                self._end(signal.SIGTERM)  # else it would wait for runs that know of no end
                raise
            server.should_exit = True
            await serving
            if judging.done() and (problem := judging.result()):
                raise problem
            judging.cancel()
        return exits.DONE

    def _make(self) -> None:
        names = [name for lane in self._lanes for name in lane]
        loop = asyncio.get_running_loop()
        # each run and each look waits in a thread, and what rings is written from one
        loop.set_default_executor(ThreadPoolExecutor(2 * len(names) + 4))
        slots = Slots(means.side_by_side("run", len(self._lanes), means.cpus(), means.memory()))
        for together in self._lanes:
            lane = Lane(slots)
            for name in together:
                label = name or UNNAMED
                keeper = Keeper(
                    name,
                    self._options,
                    self._every,
                    lane,
                    partial(self._hear, label),
                    partial(self._close, label),
                )
                secrets, rung = self._bells.get(name, ((), None))
                bell = Doorbell(secrets, rung, keeper.ring) if rung else None
                self._served[label] = Served(keeper, bell)

    async def _judge_first_runs(self) -> exits.Problem | None:
        """End all where the first run of every workspace found it misconfigured; return what is to be told."""
        first = await asyncio.gather(*(one.keeper.first for one in self._served.values()))
        if not all(map(_is_for_good, first)):
            return None
        self._end(signal.SIGTERM)
        return _misconfigured(first[0])

    @_unless_full
    def _tell_where(self, listening: socket.socket, host: str) -> None:
        url = f"http://{f'[{host}]' if ':' in host else host}:{listening.getsockname()[1]}"
        bells = {label: one.path for label, one in self._served.items() if one.doorbell}
        if self._as_json:
            facts = {"workspaces": list(self._served), "doorbells": bells, "every_seconds": self._every}
            screens.event("serving", url=url, **facts)
            return
        screens.tell(f"Serving at {url}: {', '.join(['/healthz', '/readyz', '/metrics', *bells.values()])}")
        screens.tell(f"A run every {duration(self._every)} of {', '.join(self._served)}. Ctrl-C ends it.")

    def _hear(self, label: str, line: str, event: Event | None) -> None:
        if event is None:
            if line.strip():
                screens.say(f"{label} | {line}")
        elif event["event"] in QUIET:
            return
        elif self._as_json:
            screens.tell(line)
        elif event["event"] != "failure" and (text := lines.said(event)):
            screens.say(f"{label} | {text}")

    @_unless_full
    def _close(self, label: str, done: Done) -> None:
        if self._as_json:
            seconds = round(done.seconds, 1)
            screens.event("workspace_finished", workspace=label, exit=done.code, seconds=seconds)
            return
        if len(self._served) == 1 and _is_for_good(done) and not self._served[label].keeper.first.done():
            return  # which ends the daemon, with a screen of its own
        if failure := done.last.get("failure"):
            screens.say(f"{label} | {lines.said(failure)}")
        last = done.last.get("run_finished")
        screens.tell(lines.result(label, "run", done.code, last, done.seconds, datetime.now(UTC)))

    @_unless_full
    def _stop(self, number: int) -> None:
        self._end(number)
        for each in SIGNALS:
            signal.signal(each, self._at_once)
        screens.say(STOPPING)

    def _end(self, number: int) -> None:
        for one in self._served.values():
            one.keeper.stop(number)

    def _at_once(self, number: int, _frame: object) -> None:
        """End at the second signal, and the runs too: one that has not yet seen the first would take both for one."""
        self._end(KILL)
        signal.signal(number, signal.SIG_DFL)
        signal.raise_signal(number)

    @contextmanager
    def _signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for number in SIGNALS:
            signal.signal(number, lambda which, _frame: loop.call_soon_threadsafe(self._stop, which))
        yield


def _is_for_good(done: Done) -> bool:
    """Whether no run can succeed until somebody has set something else; a database that is not up yet may come."""
    return done.code == exits.CONFIGURATION and not done.last.get("failure", {}).get("passing")


def _misconfigured(done: Done) -> exits.Problem:
    failure = done.last.get("failure", {})
    what = failure.get("what", "No run can succeed as it is configured.")
    return exits.Problem(what, failure.get("remedy", ""), exits.CONFIGURATION)


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to the daemon: its runs end first."""
        yield
