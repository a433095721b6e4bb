"""``pylon report`` and what it shares with ``pylon dashboard``: the marts of a copy, read into memory."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ..base import exits, installing, screens
from ..base.desk import command
from . import formats, query_errors, reading
from .ask import no_marts, require_marts

if TYPE_CHECKING:
    import pyarrow as pa

    from pylon_elt.analytics.dashboard.marts import Marts

    from .reader import Reader


@dataclass(frozen=True)
class Options:
    """The command line of ``pylon report``."""

    file: Path
    days: int
    team: str
    account: str
    destination: str
    dataset: str
    schema: str
    desk: str = ""
    agent: str = ""
    priority: str = ""
    tag: str = ""
    field: str = ""
    working_hours: bool = False


def run(options: Options) -> int:
    """Write the page.

    Raises:
        Problem: There is nothing to show, a name is unknown, or the page cannot be drawn or written.
    """
    installing.require("report", command("report"))
    from pylon_elt.analytics.dashboard.marts import WORKING, Filters
    from pylon_elt.analytics.dashboard.page import render

    marts = read(options.destination, options.dataset, options.schema)
    kinds = ("desk", "team", "account", "agent", "priority", "tag", "field")
    chosen = {kind: _known(kind, getattr(options, kind), marts.names(kind)) for kind in kinds}
    hours = WORKING if options.working_hours else ""
    page = render(marts, Filters(options.days, hours=hours, **chosen), datetime.now(UTC))
    if not options.file.parent.is_dir():
        raise exits.Problem(f"There is no folder {options.file.parent}.", "Make it first.", exits.USAGE)
    with formats.whole(options.file) as new:
        new.write_text(page, encoding="utf-8")
    screens.tell(f"The report is in {options.file.absolute()}.")
    return exits.DONE


def read(destination: str, dataset: str, schema: str) -> Marts:
    """Read the marts into memory; a note on where they come from goes to stderr.

    Raises:
        Problem: They are not there, or locked.
    """
    from pylon_elt.analytics.dashboard.marts import Marts

    with reading.opened(destination, dataset, schema) as reader:
        require_marts(reader)
        if reader.note:
            screens.say(reader.note)
        return Marts(partial(_asked, reader))


def _asked(reader: Reader, sql: str) -> pa.Table:
    """Answer a statement of ours: where a table or column is missing, it is the marts that are old."""
    try:
        return reader.ask(sql).table()
    except Exception as error:
        if query_errors.explained(error, sql, reader) is None:
            raise
        raise no_marts(reader) from error


def _known(option: str, given: str, names: list[str]) -> str:
    folded = {name.casefold(): name for name in names}
    if not given or given.casefold() in folded:
        return folded.get(given.casefold(), "")
    near = get_close_matches(given.casefold(), folded, n=1)
    raise exits.Problem(
        f"--{option}: no issue has the {option} {given!r}.",
        f"Did you mean {folded[near[0]]}?" if near else f"There are {', '.join(names[:12]) or 'none'}.",
        exits.USAGE,
    )
