"""``pylon export``: the tables of a copy as Parquet files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pylon_elt.sources.pylon.catalog import ALL_TABLES

from ..base import exits, screens
from ..base.wording import bytes_of, count
from ..transform import package
from . import formats, reading
from .choosing import chosen
from .reader import Reader


@dataclass(frozen=True)
class Options:
    """The command line of ``pylon export``."""

    folder: Path
    select: tuple[str, ...]
    marts: bool
    force: bool
    destination: str
    dataset: str
    schema: str
    tables: tuple[str, ...] = tuple(ALL_TABLES)
    """The tables that a copy may have."""


def run(options: Options) -> int:
    """Write each table to a file of its name, and say how large it became.

    Raises:
        Problem: A table is unknown, the folder holds other things, or the copy cannot be read.
    """
    with reading.opened(options.destination, options.dataset, options.schema) as reader:
        wanted = chosen(reader, options.tables, options.select, marts=options.marts)
        _prepare(options, {f"{table}.parquet" for _, table in wanted})
        total = 0
        for schema, table in wanted:
            rows, size = _write(reader, schema, table, options.folder)
            total += size
            screens.tell(f"{table:<28} {count(rows, 'row'):>16} {bytes_of(size):>10}")
        if reader.note:
            screens.say(reader.note)
    screens.tell(f"{count(len(wanted), 'table')}, {bytes_of(total)}, in {options.folder}.")
    return exits.DONE


def _prepare(options: Options, files: set[str]) -> None:
    """Make the folder, or make sure that nothing else is in it."""
    folder = options.folder
    if folder.exists() and not folder.is_dir():
        raise exits.Problem(f"{folder} is no folder.", "Name another.", exits.USAGE)
    ours = files | {f"{name}.parquet" for name in (*options.tables, *package.marts())}
    others = (
        sorted(path.name for path in folder.iterdir() if path.name not in ours) if folder.exists() else []
    )
    if others and not options.force:
        raise exits.Problem(
            f"{folder} holds other things, such as {others[0]}.",
            "Name another folder, or put the files among them with --force.",
            exits.USAGE,
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileNotFoundError as error:  # although its parents were made: the file system makes none, as /proc
        raise exits.Problem(f"{folder} cannot be made.", "Name another.", exits.USAGE) from error


def _write(reader: Reader, schema: str, table: str, folder: Path) -> tuple[int, int]:
    target = folder / f"{table}.parquet"
    answer = reader.ask(f"SELECT * FROM {reader.name(schema, table)}")
    with formats.whole(target) as new, new.open("wb") as stream:
        rows = formats.parquet(answer, stream)
    return rows, target.stat().st_size
