"""Calls are answered in a process of its own, which can be ended whatever it does.

A database breaks a statement off between two steps of its work, but a function that is at one value of a thousand
megabytes is one step: it neither hears that its time is up, nor keeps to a limit of memory. A process does.

A nursery makes it, and another one each time that one was ended. It is a copy of this process from before there were
threads, so that what answers has the same settings, of the same workspace.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from multiprocessing.connection import Connection
from typing import Any, NoReturn

from ..base import exits
from .access import Access, busy, too_long
from .limits import Limits
from .tools import Tools

GRACE_SECONDS = 5.0
"""How long a call whose time is up has to break off what it does, before its process is ended."""
END_SECONDS = 2.0
"""How long it has so when the server ends."""
LOOK_SECONDS = 0.02
MEMORY = 3 * 1024**3
"""How much a call may take, in bytes: DuckDB keeps to 2 GB of it, but for the values that a function makes."""

Answerer = tuple[int, Connection]
"""The id of a process that answers, and the connection to it."""


def can_fork() -> bool:
    """Whether a process can be copied here; on Windows it cannot."""
    return hasattr(os, "fork")


class Apart:
    """Has the methods of :class:`tools.Tools`, which are called in a process of its own, one at a time.

    To be made before there are threads.

    Args:
        tools: Answers there.
        access: What ``tools`` opens the copy by.
        limits: How long a call may take.
        explained: Makes a problem of an error that is none.
    """

    def __init__(
        self, tools: Tools, access: Access, limits: Limits, explained: Callable[[Exception], exits.Problem]
    ) -> None:
        self._limits = limits
        self._turn = threading.Lock()
        self._answerer: Answerer | None = None
        self._control, theirs = socket.socketpair()
        self._nursery = os.fork()
        if not self._nursery:
            self._control.close()
            _nurse(theirs, partial(_answer, tools=tools, access=access, explained=explained))
        theirs.close()

    def __getattr__(self, name: str) -> Callable[..., Any]:
        return partial(self._call, name)

    def end(self) -> None:
        """End the call under way, and wait until what it has made is put away."""
        self._control.close()
        with suppress(OSError):
            os.waitpid(self._nursery, 0)

    def _call(self, name: str, *given: Any) -> Any:
        if not self._turn.acquire(timeout=self._limits.seconds):
            raise busy()
        try:
            said = self._asked(name, given)
        finally:
            self._turn.release()
        if isinstance(said, _Told):
            raise exits.Problem(said.what, said.remedy, said.code)
        return said

    def _asked(self, name: str, given: tuple[Any, ...]) -> Any:
        told = _broken()
        with suppress(EOFError, OSError):
            connection = self._begun()[1]
            connection.send((name, given))
            if connection.poll(self._limits.seconds + GRACE_SECONDS):
                return connection.recv()
            told = too_long(self._limits.seconds)
        self._end_answerer()
        raise told

    def _end_answerer(self) -> None:
        if self._answerer is not None:
            number, connection = self._answerer
            self._answerer = None
            connection.close()
            with suppress(OSError):
                os.kill(number, signal.SIGKILL)

    def _begun(self) -> Answerer:
        """Return what answers; one that has ended meanwhile is followed by another."""
        if self._answerer is not None and self._answerer[1].poll():  # unasked: this is its end
            self._end_answerer()
        if self._answerer is None:
            self._control.sendall(b"?")
            told, handles, *_ = socket.recv_fds(self._control, 32, 1)
            if not handles:
                raise EOFError
            self._answerer = int(told), Connection(handles[0])
        return self._answerer


class _Told:
    """A problem on its way between two processes."""

    def __init__(self, problem: exits.Problem) -> None:
        self.what, self.remedy, self.code = problem.what, problem.remedy, problem.code


def _broken() -> exits.Problem:
    return exits.Problem(
        "What answers has come to an end, as where a statement takes more memory than it may have.",
        "Ask for less: shorter values, a condition, an aggregate, a smaller table.",
        exits.FAILED,
    )


def _nurse(control: socket.socket, answer: Callable[[Connection], None]) -> NoReturn:
    """Make one process after the other, and end with who asks for them; nothing is left of what they have made."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to all; who asks decides
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)  # stdout is for the protocol
    last, folder = 0, ""
    with suppress(Exception):
        while control.recv(1):
            _put_away(last, folder, 0)
            folder = tempfile.mkdtemp(prefix="pylon-mcp-")
            last = _make(control, folder, answer)
    with suppress(Exception):
        _put_away(last, folder, END_SECONDS)
    os._exit(exits.DONE)


def _make(control: socket.socket, folder: str, answer: Callable[[Connection], None]) -> int:
    """Make a process that answers, say so, and return its id."""
    ours, theirs = socket.socketpair()
    made = os.fork()
    if not made:
        control.close()
        ours.close()
        tempfile.tempdir = folder
        with suppress(Exception):
            answer(Connection(theirs.detach()))
        os._exit(exits.DONE)
    socket.send_fds(control, [str(made).encode()], [ours.fileno()])
    ours.close()
    theirs.close()
    return made


def _put_away(process: int, folder: str, seconds: float) -> None:
    """End a process that answers, after so many seconds without mercy, and remove its folder."""
    if not process:
        return
    os.kill(process, signal.SIGTERM if seconds else signal.SIGKILL)
    until = time.monotonic() + seconds
    while os.waitpid(process, os.WNOHANG) == (0, 0):
        if time.monotonic() > until:
            os.kill(process, signal.SIGKILL)
        time.sleep(LOOK_SECONDS)
    shutil.rmtree(folder, ignore_errors=True)


def _answer(
    connection: Connection, tools: Tools, access: Access, explained: Callable[[Exception], exits.Problem]
) -> None:
    """Answer calls until whoever asks is gone."""
    with suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    signal.signal(signal.SIGTERM, lambda *_: _leave(access))
    while True:
        name, given = connection.recv()
        # in a thread, so that a signal is heard meanwhile
        called = threading.Thread(
            target=_call, args=(connection, partial(getattr(tools, name), *given), explained)
        )
        called.start()
        called.join()


def _call(
    connection: Connection, asked: Callable[[], Any], explained: Callable[[Exception], exits.Problem]
) -> None:
    said: Any
    try:
        said = asked()
    except exits.Problem as problem:
        said = _Told(problem)
    except Exception as error:  # noqa: BLE001 - the next call may be answered
        said = _Told(explained(error))
    with suppress(OSError):  # whoever asked is gone
        connection.send(said)


def _leave(access: Access) -> NoReturn:
    access.end(END_SECONDS)
    os._exit(exits.DONE)
