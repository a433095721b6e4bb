"""The parts of the app: numbers, charts, tables, and their data to download."""

from __future__ import annotations

from typing import Any

import marimo as mo
import pyarrow as pa
from pyarrow import csv

from . import sections as told
from .data import Filters, Marts

PERIODS = {"30 days": 30, "90 days": 90, "180 days": 180, "365 days": 365, "All": 0}


def choices(marts: Marts, column: str) -> dict[str, str]:
    """Return the names of a column for a menu."""
    return {name: name for name in marts.names(column)}


def heading(marts: Marts) -> mo.Html:
    """Return the title, and how fresh the numbers are."""
    read = f"{marts.last_load:%Y-%m-%d %H:%M} UTC" if marts.last_load else "unknown"
    return mo.md(f"# Support dashboard\nRead from Pylon {read}. Days up to {marts.today}.")


def tiles(marts: Marts, filters: Filters) -> mo.Html:
    """Return the numbers at the top."""
    cards = [
        mo.stat(number, label=label, caption=about, bordered=True)
        for label, number, about in told.tiles(marts, filters)
    ]
    return mo.hstack(cards, widths="equal", wrap=True, gap=0.75)


def sections(marts: Marts, filters: Filters) -> mo.Html:
    """Return all charts and tables, two side by side where they are not wide."""
    cells = []
    for section in told.SECTIONS:
        part = _section(section, section.table(marts, filters))
        style = "min-width:0;" + ("grid-column:1/-1" if section.wide else "")
        cells.append(f'<div data-section="{section.name}" style="{style}">{part.text}</div>')
    grid = "display:grid;gap:1rem;grid-template-columns:repeat(auto-fit,minmax(min(100%,30rem),1fr))"
    return mo.Html(f'<div style="{grid}">{"".join(cells)}</div>')


def _section(section: told.Section, table: pa.Table) -> mo.Html:
    head = mo.md(f"### {section.title}\n{section.says}")
    if not table.num_rows:
        return _card([head, mo.md("Nothing in this period.")])
    body: Any = section.chart(table) if section.chart else _rows(table)
    saved = mo.download(
        lambda: as_csv(table), filename=f"{section.name}.csv", mimetype="text/csv", label="CSV"
    )
    return _card([head, body, mo.hstack([saved], justify="end")])


def as_csv(table: pa.Table) -> bytes:
    """Return a table as CSV."""
    sink = pa.BufferOutputStream()
    csv.write_csv(table, sink)
    return bytes(sink.getvalue())


def _rows(table: pa.Table) -> mo.Html:
    return mo.ui.table(table.to_pylist(), selection=None, pagination=False, show_download=False)


def _card(parts: list[Any]) -> mo.Html:
    return mo.vstack(parts, gap=0.25).style(
        {"border": "1px solid var(--gray-6)", "border-radius": "8px", "padding": "1rem"}
    )
