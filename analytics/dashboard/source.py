"""Where the app gets the marts: whoever serves it says so, before the first browser comes."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock

from .marts import Marts


class NothingToShow(Exception):
    """There are no marts; the text says what to do, in Markdown."""


_lock = Lock()
_state: dict[str, Marts] = {}
_reads: list[Callable[[], Marts]] = []


def use(reads: Callable[[], Marts], first: Marts | None = None) -> None:
    """Let every session read with ``reads``; ``first`` is what it has just returned."""
    _reads[:] = [reads]
    _state.clear()
    if first is not None:
        _state["marts"] = first


def read(*, again: bool = False) -> tuple[Marts | None, str]:
    """Return the marts, or why there are none. Sessions share them until one reads again."""
    with _lock:
        if "marts" in _state and not again:
            return _state["marts"], ""
        try:
            _state["marts"] = _reads[0]()
        except NothingToShow as problem:
            return None, str(problem)
        return _state["marts"], ""
