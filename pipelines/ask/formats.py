"""How the rows of an answer are written: a table for people; CSV, JSON and Parquet for programs."""

from __future__ import annotations

import csv
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import IO, Any

import orjson
import pyarrow as pa

from ..base import exits, screens
from ..base.options import Format
from ..base.printable import printable
from . import drawing
from .reader import Result

FORMULAS = ("=", "+", "-", "@", "\t", "\r")
"""What a cell of a spreadsheet begins with that is no text to it (OWASP on CSV injection)."""
CELL = 60
"""A longer text is cut in the table for people."""
SMALL = 0.01
"""A number below it is shown with its first two digits that are not 0: with two decimals it would seem to be none."""
LONG = 1000
"""And on a screen where each value has a line of its own."""
TEXT = ("", ".txt", ".log", ".dat")
"""Files that are CSV unless it is said otherwise."""
SHEETS = (".xlsx", ".xlsm", ".xls", ".ods")
"""Files of spreadsheets, which open none of our formats under these names."""


def choose(wanted: Format | None, output: Path | None) -> Format:
    """Return the format: as asked for, else by the file's name, else a table.

    Raises:
        Problem: Parquet is to go to a terminal, or the file's name belongs to another format.
    """
    suffix = output.suffix.lower() if output else ""
    by_name = {f".{one}": one for one in (Format.CSV, Format.JSON, Format.PARQUET)}.get(suffix)
    if suffix in SHEETS or not (wanted or by_name or suffix in TEXT):
        raise exits.Problem(
            f"{output} cannot be written: {suffix} is none of the formats.",
            f"Name it {output.with_suffix('.csv') if output else ''}, which spreadsheets open too,"
            " or end it with .json or .parquet.",
            exits.USAGE,
        )
    chosen = wanted or by_name or (Format.CSV if output else Format.TABLE)
    if chosen is Format.PARQUET and output is None and sys.stdout.isatty():
        raise exits.Problem("Parquet is not for a screen.", "Name a file: --output rows.parquet", exits.USAGE)
    return chosen


def write(
    result: Result, chosen: Format, output: Path | None, limit: int = 0, *, safe_cells: bool = False
) -> int:
    """Write an answer, to a file or to stdout, and return how many rows were written.

    Args:
        result: What to write.
        chosen: How.
        output: The file, which is there only when it is complete; ``None`` for stdout.
        limit: The most rows of a table for people; 0 for all.
        safe_cells: Let spreadsheets take no text of a CSV for a formula.
    """
    result.schema = distinct(result.schema)
    with _target(output) as stream:
        if chosen in (Format.TABLE, Format.VERTICAL):
            return _table(result, stream, limit, vertical=chosen is Format.VERTICAL)
        if chosen is Format.CSV:
            return _csv(result, stream, _safe if safe_cells else _csv_cell)
        if chosen is Format.JSON:
            return _json(result, stream)
        return parquet(result, stream)


def parquet(result: Result, stream: IO[bytes]) -> int:
    """Write Parquet, a batch of rows at a time."""
    from pyarrow import parquet as pq

    count = 0
    with pq.ParquetWriter(stream, result.schema, compression="zstd") as writer:
        for batch in result.batches:
            writer.write_batch(pa.RecordBatch.from_arrays(batch.columns, schema=result.schema))
            count += batch.num_rows
    return count


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Give a name to write under beside ``path``; the file gets its own name when it is complete.

    A pipe or a device is written to as it is, and a link goes on to be one: no file may take their place.

    Raises:
        Problem: It is a folder.
    """
    if path.is_dir():
        raise exits.Problem(f"{path} is a folder.", "Name a file.", exits.USAGE)
    if path.exists() and not path.is_file():
        yield path
        return
    target = path.resolve()
    new = target.with_name(f".{target.name}.{os.getpid()}.new")
    try:
        yield new
        new.replace(target)
    except OSError as error:
        if error.filename == str(new):
            error.filename = str(path)
        raise
    finally:
        with suppress(FileNotFoundError):
            new.unlink()


def is_stdout(path: Path) -> bool:
    """Whether a file is that to which stdout goes, by whatever name, such as ``/dev/stdout``."""
    with suppress(OSError, ValueError):  # there is no such file, or stdout is none
        return os.path.samestat(path.stat(), os.fstat(sys.stdout.fileno()))
    return False


@contextmanager
def _target(output: Path | None) -> Iterator[IO[bytes]]:
    if output is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    try:
        with whole(output) as new, new.open("wb") as stream:
            yield stream
    except FileNotFoundError as error:
        raise exits.Problem(f"There is no folder {output.parent}.", "Make it first.", exits.USAGE) from error


def distinct(schema: pa.Schema) -> pa.Schema:
    """Give columns of one name different ones: JSON and Parquet could not keep them apart."""
    names: list[str] = []
    for name in schema.names:
        fresh, number = name, 1
        while fresh in names:
            fresh, number = f"{name}_{number}", number + 1
        names.append(fresh)
    fields = [field.with_name(name) for field, name in zip(schema, names, strict=True)]
    return pa.schema(fields)


def _rows(result: Result) -> Iterator[list[Any]]:
    for batch in result.batches:
        columns = [column.to_pylist() for column in batch.columns]
        yield from (list(row) for row in zip(*columns, strict=True))


def _csv(result: Result, stream: IO[bytes], written: Callable[[Any], Any]) -> int:
    import io

    text = io.TextIOWrapper(stream, encoding="utf-8", newline="", write_through=True)
    usual = csv.writer(text, lineterminator="\n")
    # before Python 3.13, a carriage return alone is not quoted, and many readers take it for the end of a row
    quoting = csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)
    usual.writerow(map(written, result.schema.names))
    count = 0
    for row in _rows(result):
        cells = [written(value) for value in row]
        (quoting if any(isinstance(one, str) and "\r" in one for one in cells) else usual).writerow(cells)
        count += 1
    text.flush()
    text.detach()
    return count


def _json(result: Result, stream: IO[bytes]) -> int:
    """Write one array, a row a line."""
    count = 0
    for row in _rows(result):
        line = dumped(dict(zip(result.schema.names, row, strict=True)))
        stream.write((b",\n" if count else b"[\n") + line)
        count += 1
    stream.write(b"\n]\n" if count else b"[]\n")
    return count


def _table(result: Result, stream: IO[bytes], limit: int, *, vertical: bool) -> int:
    import io

    rows = list(islice(_rows(result), limit + 1 if limit else None))
    more = bool(limit) and len(rows) > limit
    text = io.TextIOWrapper(stream, encoding="utf-8", write_through=True)
    if result.schema.names == ["explain_key", "explain_value"]:
        text.writelines(row[1] for row in rows)  # DuckDB has drawn it
        rows = []
    else:
        draw(result.schema, rows[:limit] if more else rows, text, vertical=vertical)
    if more:
        text.write(
            f"The first {limit:,} rows; --limit 0 shows all, --format csv writes them for a program.\n"
        )
    text.flush()
    text.detach()
    return limit if more else len(rows)


def draw(
    schema: pa.Schema,
    rows: Sequence[Sequence[Any]],
    stream: Any,
    width: int | None = None,
    *,
    vertical: bool = False,
) -> None:
    """Draw rows as a table, where it is no terminal as wide as it needs to be; or one value a line.

    Args:
        schema: The columns.
        rows: Their values.
        stream: Where to write.
        width: How wide a line may be; ``None`` for what the stream says.
        vertical: One value a line, which a few rows that do not fit are without being asked for.
    """
    width = width or screens.room(stream)
    what = drawing.drawn(schema, rows, cell)
    if not vertical and (len(rows) > drawing.FEW or not rows or drawing.fits(what, width)):
        drawing.table(what, stream, width)
        return
    long = drawing.drawn(schema, rows, lambda value: cell(value, LONG if width < screens.ENDLESS else None))
    drawing.vertical(long, stream, width)


def cell(value: Any, most: int | None = CELL) -> str:
    """Write one value for people; of a longer text, so many characters."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float | Decimal):
        is_small = 0 < abs(float(value)) < SMALL
        return f"{value:.2g}" if is_small else f"{value:,.2f}".rstrip("0").rstrip(".")
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    text = printable(" ".join(str(_csv_cell(value)).split()))
    return text if most is None or len(text) <= most else text[: most - 1] + "…"


def _csv_cell(value: Any) -> Any:
    if isinstance(value, list | dict):
        return dumped(value).decode()
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, bytes):
        return value.hex()
    return str(value).lower() if isinstance(value, bool) else value


def _safe(value: Any) -> Any:
    """Put an apostrophe before a text that spreadsheets would calculate, or whose first character they pass over."""
    found = _csv_cell(value)
    return f"'{found}" if isinstance(found, str) and found.startswith(FORMULAS) else found


def dumped(value: Any) -> bytes:
    """Return a value, or a row of them, as JSON in UTF-8; nothing is rounded."""
    return orjson.dumps(value, default=_plain, option=orjson.OPT_UTC_Z)


def _plain(value: Any) -> Any:
    """Return something that JSON has for a value that it has not; nothing is rounded."""
    if isinstance(value, Decimal):
        return _number(value)
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, int | date | time):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON")


def _number(value: Decimal) -> Any:
    number = int(value) if value == value.to_integral_value() else float(value)
    exact = Decimal(repr(number)) == value and abs(number) < 2**63
    return number if exact else str(value)
