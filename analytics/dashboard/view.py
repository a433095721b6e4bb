"""The parts of the app: menus, numbers, charts, tables, and their data to download."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from types import ModuleType
from typing import Any

import marimo as mo
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from . import address, tables
from . import sections as told
from .marts import WORKING, Filters, Marts
from .tiles import Tile
from .tiles import tiles as numbers

ALL = "All"
PERIODS = {f"{days} days" if days else ALL: days for days in address.PERIODS}
HOURS = {"Round the clock": "", "Working hours": WORKING}
MENUS = {
    "desk": "Desk", "team": "Team", "agent": "Agent", "account": "Account", "priority": "Priority", "tag": "Tag",
    "field": "Field",
}  # fmt: skip
"""What can be filtered by, and what that is called."""
FEW = 12
"""A menu of more than that can be searched."""
STYLE: dict[str, Any] = {
    "font": "PT Sans, sans-serif",  # that of marimo's page, which brings it along
    "background": "transparent",
    "view": {"stroke": None},
    "axis": {"gridColor": "#8884", "domainColor": "#8888", "tickColor": "#8888", "titleFontWeight": "normal"},
}
"""How charts look as parts of the page, on light and on dark."""


def menus(source: ModuleType, given: Mapping[str, Any]) -> mo.ui.dictionary:
    """Return the menus, set to what an address asks for; without those that offer nothing to choose from."""
    marts, _ = source.read()
    chosen = address.read(given, marts) if marts else Filters()
    made = {"days": _menu("Period", PERIODS, chosen.days)}
    for name, label in MENUS.items():
        known = marts.names(name) if marts else []
        if len(known) > (name == "desk"):
            options = {ALL: ""} | {one.title() if name == "desk" else one: one for one in known}
            made[name] = _menu(label, options, getattr(chosen, name))
    made["hours"] = _menu("Times", HOURS, chosen.hours)
    return mo.ui.dictionary(made)


def _menu(label: str, options: Mapping[str, Any], value: Any) -> Any:
    shown = next(name for name, one in options.items() if one == value)
    return mo.ui.dropdown(dict(options), value=shown, label=label, searchable=len(options) > FEW)


def chosen(values: Mapping[str, Any]) -> Filters:
    """Return what is looked at by the values of the menus; who clears a menu looks at all."""
    usual = Filters()
    return Filters(
        **{name: getattr(usual, name) if value is None else value for name, value in values.items()}
    )


def tell(params: Any, filters: Filters) -> None:
    """Write into the page's address what is looked at."""
    wanted = address.written(filters)
    for name in {*MENUS, "days", "hours"}:
        if name in wanted and params.get(name) != wanted[name]:
            params.set(name, wanted[name])
        elif name not in wanted and name in params:
            params.remove(name)


def heading(marts: Marts) -> mo.Html:
    """Return the title, and how fresh the numbers are."""
    read = told.read_from(marts, Filters()) or "nowhere yet"
    return mo.Html(
        '<div class="board"><h1>Support dashboard</h1>'
        f'<p class="faint">Read from {read}. Days up to {marts.today}.</p></div>'
    )


def tiles(marts: Marts, filters: Filters) -> mo.Html:
    """Return the numbers at the top."""
    return mo.Html(
        f'<div class="board"><dl class="tiles">{"".join(map(_tile, numbers(marts, filters)))}</dl></div>'
    )


def _tile(tile: Tile) -> str:
    change = f'<dd class="{tile.verdict or "faint"}">{escape(tile.change)}</dd>' if tile.change else ""
    return (
        f"<div><dt>{escape(tile.label)}</dt>"
        f'<dd class="number" data-tile="{escape(tile.label)}">{escape(tile.number)}</dd>'
        f'<dd class="faint">{escape(tile.about)}</dd>{change}</div>'
    )


def first(source: ModuleType, given: Mapping[str, Sequence[str]]) -> str:
    """Return what the page shows until it can do more: the title, and the numbers that its address asks for."""
    marts, _ = source.read()
    if marts is None:
        return ""
    wait = '<div class="wait">Filters and charts are on their way …</div>'
    shown = tiles(marts, address.read(given, marts)).text
    return f'<div class="first">{heading(marts).text}{wait}{shown}</div>'


def sections(marts: Marts, filters: Filters) -> mo.Html:
    """Return all charts and tables, two side by side where they are not wide."""
    cells = [_section(section, marts, filters) for section in told.SECTIONS]
    return mo.Html(f'<div class="board"><div class="sections">{"".join(cells)}</div></div>')


def _section(section: told.Section, marts: Marts, filters: Filters) -> str:
    table = section.rows(marts, filters)
    head, about = (
        f"<h2>{escape(section.title)}</h2>",
        f'<p class="faint">{escape(section.told(marts, filters))}</p>',
    )
    if not table.num_rows:
        body = f"<p>{escape(section.nothing(marts, filters))}</p>"
    else:
        saved = mo.download(
            lambda: as_csv(table), filename=f"{section.name}.csv", mimetype="text/csv", label="CSV"
        )
        body = f'{_shown(section, table)}<div class="saved">{saved.text}</div>'
    wide = ' class="wide"' if section.wide else ""
    inside = f"{head}{about}{body}"
    if section.folded:
        inside = f"<details><summary>{head}</summary>{about}{body}</details>"
    return f'<section data-section="{section.name}"{wide}>{inside}</section>'


def _shown(section: told.Section, table: pa.Table) -> str:
    if section.chart is None:
        return tables.html(table, section.title)
    text: str = mo.as_html(section.chart(table).configure(**STYLE)).text
    return f'<figure role="group" aria-label="{escape(section.title)}">{text}</figure>'


def as_csv(table: pa.Table) -> bytes:
    """Return a table as CSV, with an apostrophe before each text that a spreadsheet would take for a formula."""
    sink = pa.BufferOutputStream()
    csv.write_csv(pa.table(list(map(_safe, table.columns)), table.column_names), sink)
    return bytes(sink.getvalue())


def _safe(column: Any) -> Any:
    if not pa.types.is_string(column.type):
        return column
    return pc.replace_substring_regex(column, r"\A([=+\-@\t\r])", r"'\1")
