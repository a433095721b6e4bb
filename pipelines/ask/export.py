"""``pylon export``: the tables of a copy as Parquet files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from pylon_elt.sources.pylon.catalog import ALL_TABLES

from ..base import exits, screens
from ..base.desk import command
from ..base.wording import count
from ..transform import package
from . import formats, reading
from .ask import require_marts
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
        chosen = _chosen(reader, options)
        _prepare(options, {f"{table}.parquet" for _, table in chosen})
        total = 0
        for schema, table in chosen:
            rows, size = _write(reader, schema, table, options.folder)
            total += size
            screens.tell(f"{table:<28} {count(rows, 'row'):>16} {_bytes(size):>10}")
        if reader.note:
            screens.say(reader.note)
    screens.tell(f"{count(len(chosen), 'table')}, {_bytes(total)}, in {options.folder}.")
    return exits.DONE


def _chosen(reader: Reader, options: Options) -> list[tuple[str, str]]:
    """Return the schema and the name of each table that is wanted."""
    there = reader.tables()
    copy, built = reader.schemas[:2]
    raw = [(copy, name) for name in options.tables if name in there[copy]]
    marts = [(built, name) for name in package.marts() if name in there[built]]
    if not raw:
        raise reading.no_copy()
    names = [name.strip() for text in options.select for name in text.split(",") if name.strip()]
    if options.marts or any(name in package.marts() for name in names):
        require_marts(reader)
    if not names:
        return raw + (marts if options.marts else [])
    known = {name: (schema, name) for schema, name in (*raw, *marts)}
    for name in names:
        if name not in known:
            raise _unknown(name, list(known), options.tables)
    return [known[name] for name in dict.fromkeys(names)]


def _unknown(name: str, known: Sequence[str], tables: Sequence[str]) -> exits.Problem:
    near = get_close_matches(name, known, n=1)
    if name in tables:
        return exits.Problem(
            f"The copy has no table {name} yet.", f"Fill it, with: {command('run')}", exits.USAGE
        )
    remedy = f"Did you mean {near[0]}?" if near else f"There are {', '.join(known)}."
    return exits.Problem(f"--select: there is no table {name!r}.", remedy, exits.USAGE)


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
    folder.mkdir(parents=True, exist_ok=True)


def _write(reader: Reader, schema: str, table: str, folder: Path) -> tuple[int, int]:
    target = folder / f"{table}.parquet"
    answer = reader.ask(f"SELECT * FROM {reader.name(schema, table)}")
    with formats.whole(target) as new, new.open("wb") as stream:
        rows = formats.parquet(answer, stream)
    return rows, target.stat().st_size


def _bytes(size: int) -> str:
    amount, unit = float(size), "B"
    for larger in ("kB", "MB", "GB"):
        if amount < 1000:
            break
        amount, unit = amount / 1000, larger
    return f"{amount:.0f} {unit}" if amount >= 10 or unit == "B" else f"{amount:.1f} {unit}"
