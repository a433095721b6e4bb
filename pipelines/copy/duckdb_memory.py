"""How much memory DuckDB may use, and more of it for one piece of work that needs more.

Left alone, it would keep the file in up to 80 % of the machine's memory. Beyond its limit it works on disk, where it
can; where it cannot, as with a conversation of a hundred megabytes or a join of millions of ids, it gives up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, suppress
from threading import Lock
from typing import Any, TypeVar

from ..base.causes import chain

LIMIT = "memory_limit"
"""DuckDB's name of the setting; one is valid for all connections of a process to one file."""
USUAL = 64
"""The limit in MB; with half of it, reads go through the file again and again where a copy is large."""
STEPS = (128, 256, 512, 2048, 8192)
"""What is given instead, in MB, one after the other, as far as the machine has it."""
_UNITS = {"KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}

T = TypeVar("T")

_granted: list[int] = []
"""What pieces of work that are under way have been given, in MB."""
_granting = Lock()


class Limit(str):
    """A limit that was set here: dlt keeps it with what users have set, which stays as it is."""

    __slots__ = ()


def limit() -> Limit:
    """Return the limit that a connection is to set, such as ``64MB``."""
    return Limit(f"{max(_granted, default=USUAL)}MB")


def limited(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return DuckDB's settings with the limit that is valid now, unless users have set one."""
    return {LIMIT: limit()} | {
        name: value for name, value in settings.items() if not isinstance(value, Limit)
    }


def is_ours(settings: Mapping[str, Any] | None) -> bool:
    """Whether the limit among some settings was set here."""
    return isinstance((settings or {}).get(LIMIT), Limit)


def again(work: Callable[[], T], error: Exception, tell: Callable[[str], Any]) -> T:
    """Do once more what DuckDB had too little memory for, with more, and with more again.

    Args:
        work: What is to be done.
        error: How it failed.
        tell: Runs a statement on the connection that it uses, or on one beside it to the same file.

    Raises:
        Exception: It failed for another reason, or with all the memory that there is.
    """
    with ExitStack() as grants:
        for step in _steps():
            grants.enter_context(_more(step, tell))
            try:
                return work()
            except Exception as another:
                if not is_short(another):
                    raise
                error = another
        raise error


@contextmanager
def _more(step: int, tell: Callable[[str], Any]) -> Iterator[None]:
    with _granting:
        _granted.append(step)
        _apply(tell)
    try:
        yield
    finally:
        with _granting:
            _granted.remove(step)
            # it may be in use still, or the connection lost: then the next one sets it
            with suppress(Exception):
                _apply(tell)


def _apply(tell: Callable[[str], Any]) -> None:
    tell(f"SET {LIMIT} = '{limit()}'")


def is_short(error: BaseException) -> bool:
    """Whether DuckDB had too little memory."""
    return any(type(cause).__name__ == "OutOfMemoryException" for cause in chain(error))


def _steps() -> Iterator[int]:
    """Return the steps that do not exceed what DuckDB would use by itself, on this machine or in this container."""
    import duckdb

    with closing(duckdb.connect()) as fresh:
        number, unit = fresh.execute(f"SELECT current_setting('{LIMIT}')").fetchall()[0][0].split()
    return (step for step in STEPS if step * 1e6 <= float(number) * _UNITS.get(unit, 0))
