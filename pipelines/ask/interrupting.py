"""Ctrl-C while a database is at work: Python's own handler runs only once its call has come back, be it in an hour."""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

AGAIN = 0.2
"""Seconds until it is stopped once more: one that had not quite begun does not notice the first time."""


@contextmanager
def interruptible(stop: Callable[[], None]) -> Iterator[None]:
    """Let Ctrl-C call ``stop``, from another thread; then it is raised here as always.

    Where somebody handles Ctrl-C in another way, or in another thread than the first, to which signals go, nothing is
    done.

    Raises:
        KeyboardInterrupt: Ctrl-C was pressed, also where the database made an error of its own of it.
    """
    usual = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if not usual or threading.current_thread() is not threading.main_thread():
        yield
        return
    pressed = threading.Event()
    try:
        with _heard(pressed, stop):
            yield
    except Exception as error:
        if pressed.is_set():
            raise KeyboardInterrupt from error
        raise


@contextmanager
def _heard(pressed: threading.Event, stop: Callable[[], None]) -> Iterator[None]:
    hears, told = socket.socketpair()
    told.setblocking(False)
    before = signal.set_wakeup_fd(told.fileno(), warn_on_full_buffer=False)
    watching = threading.Thread(target=_watch, args=(hears, pressed, stop), daemon=True)
    watching.start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        told.close()
        watching.join()
        hears.close()


def _watch(hears: socket.socket, pressed: threading.Event, stop: Callable[[], None]) -> None:
    while True:
        try:
            signals = hears.recv(64)
        except TimeoutError:
            signals = bytes([signal.SIGINT])
        if not signals:
            return
        if signal.SIGINT in signals:
            pressed.set()
            hears.settimeout(AGAIN)
            with suppress(Exception):  # it may have ended just now
                stop()
