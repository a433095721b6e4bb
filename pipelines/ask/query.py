"""``pylon query``: one statement that reads, answered as a table, CSV, JSON or Parquet."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..base import exits, screens
from ..base.options import Format
from ..base.wording import count
from . import formats, reading
from .interrupting import interruptible
from .query_errors import explained
from .reader import Reader
from .roles import refuse
from .statement import require_reading


@dataclass(frozen=True)
class Options:
    """The part of a command line that says where to read and how to write."""

    destination: str
    dataset: str
    schema: str
    format: Format | None
    output: Path | None
    limit: int
    safe_cells: bool = False


def run(sql: str, options: Options) -> int:
    """Answer a statement; ``-`` reads it from stdin.

    Raises:
        Problem: The statement does more than read, or is wrong (exit code 2); the role at the destination may do too
            much (3); or the copy cannot be read.
    """
    sql = sys.stdin.read() if sql == "-" else sql
    with reading.opened(options.destination, options.dataset, options.schema) as reader:
        if too_much := reader.powers():
            raise refuse(too_much, reader.schemas)
        answer(reader, sql, options)
    return exits.DONE


def answer(reader: Reader, sql: str, options: Options, values: Mapping[str, Any] | None = None) -> None:
    """Ask, and write the answer.

    Raises:
        Problem: As :func:`run`.
    """
    chosen = formats.choose(options.format, options.output)
    output = None if options.output is None or formats.is_stdout(options.output) else options.output
    with interruptible(reader.stop), telling_errors(reader, sql):
        require_reading(sql, reader.dialect)
        rows = formats.write(
            reader.ask(sql, values), chosen, output, options.limit, safe_cells=options.safe_cells
        )
    if reader.note:
        screens.say(reader.note)
    if output is not None:
        screens.tell(f"{count(rows, 'row')} in {output}.")


@contextmanager
def telling_errors(reader: Reader, sql: str) -> Iterator[None]:
    """Turn what a database says about a statement into one screen."""
    try:
        yield
    except exits.Problem:
        raise
    except Exception as error:
        problem = explained(error, sql, reader)
        if problem is None:
            raise
        raise problem from error
