"""The parts of the app: numbers, charts, tables, and their data to download."""

from __future__ import annotations

from html import escape
from types import ModuleType
from typing import Any

import marimo as mo
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from . import sections as told
from .data import Filters, Marts

ALL = "All"
PERIODS = {"7 days": 7, "14 days": 14, "30 days": 30, "90 days": 90, "180 days": 180, "365 days": 365, ALL: 0}
USUAL = next(label for label, days in PERIODS.items() if days == Filters().days)
"""The period that is shown until another is chosen."""


def choices(source: ModuleType, column: str) -> dict[str, str]:
    """Return what a menu of the names of a column offers, all of them first."""
    marts, _ = source.read()
    return {ALL: ""} | ({name: name for name in marts.names(column)} if marts else {})


def desks(source: ModuleType) -> dict[str, str]:
    """Return what the menu of desks offers, all of them first."""
    return {ALL: ""} | {name.title(): name for name in choices(source, "desk").values() if name}


def heading(marts: Marts) -> mo.Html:
    """Return the title, and how fresh the numbers are."""
    read = told.read_from(marts, Filters()) or "nowhere yet"
    return mo.Html(
        '<div style="font-size:1.9rem;font-weight:600">Support dashboard</div>'
        f'<div style="opacity:.75">Read from {read}. Days up to {marts.today}.</div>'
    )


def tiles(marts: Marts, filters: Filters) -> mo.Html:
    """Return the numbers at the top."""
    card = "border:1px solid var(--gray-6);border-radius:8px;padding:.6rem 1rem"
    cards = [
        f'<div style="{card}"><div style="font-size:.85rem">{escape(label)}</div>'
        f'<div data-tile="{escape(label)}" style="font-size:1.6rem;font-weight:600">{escape(number)}</div>'
        f'<div style="font-size:.8rem;opacity:.75">{escape(about)}</div></div>'
        for label, number, about in told.tiles(marts, filters)
    ]
    grid = "display:grid;gap:.75rem;grid-template-columns:repeat(auto-fit,minmax(9.5rem,1fr))"
    return mo.Html(f'<div style="{grid}">{"".join(cards)}</div>')


def first(source: ModuleType) -> str:
    """Return what the page shows until it can do more, as HTML: the title, and the numbers for the usual period."""
    marts, _ = source.read()
    if marts is None:
        return ""
    # where the app will put them
    style = "font-family:PT Sans,sans-serif;padding:2.9rem clamp(1.5rem,7.9vw,6.3rem);display:grid;gap:1rem"
    wait = '<div style="line-height:1.6rem">Filters and charts are on their way …</div>'
    return f'<div style="{style}">{heading(marts).text}{wait}{tiles(marts, Filters()).text}</div>'


def sections(marts: Marts, filters: Filters) -> mo.Html:
    """Return all charts and tables, two side by side where they are not wide."""
    cells = []
    for section in told.SECTIONS:
        part = _section(section, marts, filters)
        style = "min-width:0;" + ("grid-column:1/-1" if section.wide else "")
        cells.append(f'<div data-section="{section.name}" style="{style}">{part.text}</div>')
    grid = "display:grid;gap:1rem;grid-template-columns:repeat(auto-fit,minmax(min(100%,30rem),1fr))"
    return mo.Html(f'<div style="{grid}">{"".join(cells)}</div>')


def _section(section: told.Section, marts: Marts, filters: Filters) -> mo.Html:
    table = section.rows(marts, filters)
    head = mo.Html(
        f'<div style="font-size:1.1rem;font-weight:600">{escape(section.title)}</div>'
        f'<div style="opacity:.75">{escape(section.told(marts, filters))}</div>'
    )
    if not table.num_rows:
        return _card([head, mo.md(section.lacks(marts, filters) or "Nothing in this period.")])
    body: Any = section.chart(table) if section.chart else _rows(table)
    saved = mo.download(
        lambda: as_csv(table), filename=f"{section.name}.csv", mimetype="text/csv", label="CSV"
    )
    return _card([head, body, mo.hstack([saved], justify="end")])


def as_csv(table: pa.Table) -> bytes:
    """Return a table as CSV, with an apostrophe before each text that a spreadsheet would take for a formula."""
    sink = pa.BufferOutputStream()
    csv.write_csv(pa.table(list(map(_safe, table.columns)), table.column_names), sink)
    return bytes(sink.getvalue())


def _safe(column: Any) -> Any:
    if not pa.types.is_string(column.type):
        return column
    return pc.replace_substring_regex(column, r"\A([=+\-@\t\r])", r"'\1")


def _rows(table: pa.Table) -> mo.Html:
    return mo.ui.table(table.to_pylist(), selection=None, pagination=False, show_download=False)


def _card(parts: list[Any]) -> mo.Html:
    return mo.vstack(parts, gap=0.25).style(
        {"border": "1px solid var(--gray-6)", "border-radius": "8px", "padding": "1rem"}
    )
