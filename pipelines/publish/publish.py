"""``pylon publish``: the tables of a copy as Iceberg tables, of which only what changed is written anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from ..ask import reading
from ..ask.choosing import chosen
from ..ask.reader_duckdb import DuckDbReader
from ..base import exits, screens
from ..base.desk import name
from ..base.installing import require

MEMORY = "128MB"
"""What DuckDB may keep of a file that is read once, from its beginning to its end."""


@dataclass(frozen=True)
class Options:
    """The command line of ``pylon publish``."""

    to: str
    catalog: str
    namespace: str
    select: tuple[str, ...]
    marts: bool
    keep_days: float
    adopt: bool
    destination: str
    dataset: str
    schema: str
    tables: Sequence[str]
    as_json: bool


def run(options: Options) -> int:
    """Publish each table, say what was done, and return the exit code.

    Raises:
        Problem: Something is missing or wrong; a table that was published before that stays published.
    """
    if not options.to and not options.catalog:
        raise exits.Problem(
            "Nothing says where to publish.",
            "Name a folder with --to, or a catalogue with --catalog.",
            exits.USAGE,
        )
    require("publish", f"{name()} publish")
    from . import lake, work  # which need what the extra brings

    place = (options.destination, options.dataset, options.schema)
    with reading.opened(*place, still=True, prepare=_in_little_memory) as reader:
        wanted = chosen(reader, options.tables, options.select, marts=options.marts)
        namespace = options.namespace or reader.schemas[0]
        with lake.opened(options.to, options.catalog, namespace) as its:
            work.publish_all(
                reader,
                wanted,
                its,
                keep=timedelta(days=options.keep_days),
                adopt=options.adopt,
                as_json=options.as_json,
            )
        if reader.note and not options.as_json:
            screens.say(reader.note)
    return exits.DONE


def _in_little_memory(reader: DuckDbReader) -> None:
    reader.connection.execute(f"SET memory_limit = '{MEMORY}'")
