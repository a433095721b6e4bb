"""Ctrl-C breaks off what a database is doing, however long that would take."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator

import duckdb
import pytest

from pylon_elt.pipelines.ask.interrupting import interruptible

ENDLESS = "SELECT count(*) FROM range(10000000000) AS a, range(100000) AS b"


@pytest.fixture(autouse=True)
def usual() -> Iterator[None]:
    """Handle Ctrl-C as Python does unless it is told otherwise."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_a_statement_without_end_is_broken_off() -> None:
    connection = duckdb.connect()
    pressed = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
    late = threading.Timer(20, connection.interrupt)
    late.start()
    began = time.monotonic()
    pressed.start()
    with pytest.raises(KeyboardInterrupt), interruptible(connection.interrupt):
        connection.sql(ENDLESS).fetchall()
        pytest.fail("it came to an end")
    late.cancel()
    assert time.monotonic() - began < 15


def test_nothing_is_left_behind() -> None:
    threads, handler = threading.active_count(), signal.getsignal(signal.SIGINT)
    with interruptible(lambda: None):
        assert threading.active_count() == threads + 1
    assert threading.active_count() == threads
    assert signal.getsignal(signal.SIGINT) is handler
    assert signal.set_wakeup_fd(-1) == -1


def test_who_handles_ctrl_c_otherwise_is_not_disturbed() -> None:
    signal.signal(signal.SIGINT, lambda *_: None)
    threads = threading.active_count()
    with interruptible(lambda: None):
        assert threading.active_count() == threads
