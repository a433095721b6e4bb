"""Ctrl-C breaks off what a database is doing, however long that would take."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import suppress

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


@pytest.mark.parametrize("after", [0.0, 0.01, 0.3])
def test_a_statement_without_end_is_broken_off(after: float) -> None:
    connection, given_up = duckdb.connect(), threading.Event()

    def give_up() -> None:
        given_up.set()
        connection.interrupt()

    pressed = threading.Timer(after, os.kill, (os.getpid(), signal.SIGINT))
    late = threading.Timer(60, give_up)
    late.start()
    with pytest.raises(KeyboardInterrupt), interruptible(connection.interrupt):
        pressed.start()
        connection.sql(ENDLESS).fetchall()
        pytest.fail("it came to an end")
    late.cancel()
    assert not given_up.is_set()


def test_what_a_database_makes_of_it_is_ctrl_c_all_the_same() -> None:
    stopped = threading.Event()
    with pytest.raises(KeyboardInterrupt), interruptible(stopped.set):
        with suppress(KeyboardInterrupt):  # as one does that looks for signals by itself
            os.kill(os.getpid(), signal.SIGINT)
            stopped.wait(60)
        raise RuntimeError("Query interrupted")


def test_an_error_of_its_own_stays_one() -> None:
    with pytest.raises(ValueError, match="its own"), interruptible(lambda: None):
        raise ValueError("its own")


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
