"""Ctrl-C while a database is at work: Python's own handler runs only once its call has come back, be it in an hour."""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress


@contextmanager
def interruptible(stop: Callable[[], None]) -> Iterator[None]:
    """Let Ctrl-C call ``stop``, from another thread; then it is raised here as always.

    Where somebody handles Ctrl-C in another way, or in another thread than the first, to which signals go, nothing is
    done.
    """
    usual = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if not usual or threading.current_thread() is not threading.main_thread():
        yield
        return
    hears, told = socket.socketpair()
    told.setblocking(False)
    before = signal.set_wakeup_fd(told.fileno(), warn_on_full_buffer=False)
    watching = threading.Thread(target=_watch, args=(hears, stop), daemon=True)
    watching.start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        told.close()
        watching.join()
        hears.close()


def _watch(hears: socket.socket, stop: Callable[[], None]) -> None:
    while signals := hears.recv(64):
        if signal.SIGINT in signals:
            with suppress(Exception):  # it may have ended just now
                stop()
