"""How large an answer may be and how long it may take, and what of a larger one is given. Pure."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from typing import Any

import orjson
from typing_extensions import TypedDict

from ..ask import formats
from ..ask.reader import Most, Result
from ..base.wording import count
from .text import visible

ROWS, SIZE, SECONDS = 500, 100_000, 20.0
COUNT_SECONDS = 2.0
"""So long the rows are counted that an answer leaves out."""


@dataclass(frozen=True)
class Limits:
    """What one answer may be at most.

    Args:
        rows: Its rows.
        size: Its bytes, as JSON in UTF-8, but for a few that name its columns and say what was cut.
        seconds: How long it may take.
    """

    rows: int = ROWS
    size: int = SIZE
    seconds: float = SECONDS

    @property
    def most(self) -> Most:
        """How much is to be read: a little more than is given, to know that there is more."""
        return Most(self.rows + 1, 4 * self.size)

    @property
    def cell(self) -> int:
        """How many characters of one value are given at most."""
        return max(20, self.size // 4)


class Rows(TypedDict):
    """The answer to a statement."""

    columns: list[str]
    rows: list[list[Any]]
    cut: str
    """What was left out, and how to get it; "" for nothing."""
    note: str
    """Where the answer comes from, if that matters."""


def cut(result: Result, limits: Limits, note: str = "", clock: Callable[[], float] = time.monotonic) -> Rows:
    """Return as much of an answer as its limits allow, and what was left out.

    Args:
        result: The answer.
        limits: How much of it is given.
        note: Where it comes from.
        clock: Tells seconds.
    """
    columns = [visible(name) for name in formats.distinct(result.schema).names]
    taken: list[list[Any]] = []
    shortened: set[str] = set()
    size = 0
    rows = _rows(result)
    for row in rows:
        plain = [_short(value, limits.cell) for value in row]
        names = {name for name, (_, is_cut) in zip(columns, plain, strict=True) if is_cut}
        values = [value for value, _ in plain]
        size += len(orjson.dumps(values)) + 1
        if len(taken) == limits.rows or (size > limits.size and taken):
            left = _rest(rows, result, clock)
            return Rows(
                columns=columns, rows=taken, cut=_told(len(taken), left, shortened, limits), note=note
            )
        taken.append(values)
        shortened |= names
    return Rows(columns=columns, rows=taken, cut=_told(len(taken), (0, True), shortened, limits), note=note)


def without(result: Result, columns: Collection[str]) -> Result:
    """Return an answer without some of its columns; its names are different ones."""
    import pyarrow as pa

    left = [name for name in result.schema.names if name not in columns]
    schema = pa.schema([result.schema.field(name) for name in left])
    return replace(result, schema=schema, batches=(batch.select(left) for batch in result.batches))


def _rows(result: Result) -> Iterator[list[Any]]:
    for batch in result.batches:
        columns = [column.to_pylist() for column in batch.columns]
        yield from (list(row) for row in zip(*columns, strict=True))


def _short(value: Any, most: int) -> tuple[Any, bool]:
    """Return a value as JSON has it, and whether it was cut."""
    plain = orjson.loads(formats.dumped(value))
    if isinstance(plain, list | dict):
        text = formats.dumped(value).decode()
        return (visible(text[:most]) + "…", True) if len(text) > most else (_visible(plain), False)
    if isinstance(plain, str) and len(plain) > most:
        return visible(plain[:most]) + "…", True
    return _visible(plain), False


def _visible(value: Any) -> Any:
    if isinstance(value, str):
        return visible(value)
    if isinstance(value, list):
        return [_visible(one) for one in value]
    if isinstance(value, dict):
        return {visible(name): _visible(one) for name, one in value.items()}
    return value


def _rest(rows: Iterator[list[Any]], result: Result, clock: Callable[[], float]) -> tuple[int, bool]:
    """Return how many rows are left out, the one at hand included, and whether that is all of them."""
    until, found = clock() + COUNT_SECONDS, 1
    try:
        for _ in rows:
            found += 1
            if clock() > until:
                return found, False
    except Exception:  # noqa: BLE001 - the time was up, or a row further down is wrong: what is given, is right
        return found, False
    return found + (result.left_out or 0), result.left_out is not None


def _told(given: int, left: tuple[int, bool], shortened: set[str], limits: Limits) -> str:
    lines = []
    number, is_all = left
    if number:
        there = f"{given + number:,}" if is_all else f"more than {given + number:,}"
        lines.append(
            f"These are the first {count(given, 'row')} of {there}; {number:,}{'' if is_all else ' or more'} are"
            f" left out (at most {limits.rows:,} rows and {limits.size:,} bytes). Get them with ORDER BY and"
            " LIMIT … OFFSET …, or ask for less: fewer columns, a condition, an aggregate."
        )
    if shortened:
        lines.append(
            f"Long values of {', '.join(sorted(shortened))} end with … after {limits.cell:,} characters;"
            f" substr(column, {limits.cell + 1}) has the rest."
        )
    return " ".join(lines)
