"""The dashboard as one page that needs nothing else: for mail, a wiki or paper. Charts are SVG, drawn here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from html import escape
from pathlib import Path
from typing import Any

import altair as alt
import pyarrow as pa
import vl_convert

from . import tables, typeface
from .charts import Drawing
from .marts import WORKING, Filters, Marts
from .sections import SECTIONS, Section, read_from
from .tiles import tiles

WHOLE, HALF, NARROW = 1000, 400, 300
"""Widths of a chart over the page, half of it, and a narrow page, in the SVG's own units; it grows with the page."""
_STYLE = {
    "background": "transparent",
    "font": f"{typeface.FAMILY}, sans-serif",
    "view": {"stroke": None},
    "axis": {"labelColor": "currentColor", "titleColor": "currentColor", "domainColor": "#8888", "tickColor": "#8888",
             "gridColor": "#8884", "labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": "normal"},
    "legend": {"labelColor": "currentColor", "titleColor": "currentColor", "labelFontSize": 12},
}  # fmt: skip
"""Letters have the page's colour, so that they can be read on light and on dark."""


def render(marts: Marts, filters: Filters, made_at: datetime) -> str:
    """Return the page.

    Args:
        marts: What to show.
        filters: Of which period, desk, team and account.
        made_at: Now, aware; it stands at the end of the page.
    """
    style = Path(__file__).with_suffix(".css").read_text(encoding="utf-8")
    typeface.let_charts_use_it()
    body = _body(marts, filters, made_at)
    parts = [
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>Support report, {marts.today}</title>",
        f"<style>\n{typeface.css(body)}\n{style}</style>\n</head>",
        f"<body>\n{body}\n</body>\n</html>",
    ]
    return "\n".join(parts) + "\n"


def _body(marts: Marts, filters: Filters, made_at: datetime) -> str:
    parts = [
        f"<header>\n<h1>Support report</h1>\n<p>{escape(_subject(marts, filters))}</p>\n</header>",
        f'<dl class="tiles">\n{"".join(_tiles(marts, filters))}</dl>',
        '<main class="sections">',
        *(_shown(section, marts, filters) for section in SECTIONS),
        f"</main>\n<footer>Made {made_at:%Y-%m-%d %H:%M} UTC.</footer>",
    ]
    return "\n".join(parts)


def _subject(marts: Marts, filters: Filters) -> str:
    period = f"{marts.start(filters)} to {marts.today}" if filters.days else f"Until {marts.today}"
    chosen = {
        "desk": filters.desk.title(), "team": filters.team, "account": filters.account, "agent": filters.agent,
        "priority": filters.priority, "tag": filters.tag,
    }  # fmt: skip
    who = [f"{kind} {name}" for kind, name in chosen.items() if name]
    who += [filters.field] if filters.field else []
    who += ["times in working hours"] if filters.hours == WORKING else []
    read = read_from(marts, filters)
    return ", ".join([period, *who]) + (f"; read from {read}" if read else "")


def _tiles(marts: Marts, filters: Filters) -> Iterator[str]:
    for tile in tiles(marts, filters):
        change = f'<dd class="{tile.verdict or "change"}">{escape(tile.change)}</dd>' if tile.change else ""
        yield (
            f'<div><dt>{escape(tile.label)}</dt><dd class="number">{escape(tile.number)}</dd>'
            f"<dd>{escape(tile.about)}</dd>{change}</div>\n"
        )


def _shown(section: Section, marts: Marts, filters: Filters) -> str:
    nothing = section.nothing(marts, filters)
    return _section(section, section.rows(marts, filters), section.told(marts, filters), nothing)


def _section(section: Section, table: pa.Table, told: str, nothing: str) -> str:
    head, about = f"<h2>{escape(section.title)}</h2>", f"<p>{escape(told)}</p>"
    if not table.num_rows:
        body = f"<p>{escape(nothing)}</p>"
    elif section.chart is None:
        body = tables.html(table, section.title)
    else:
        label = escape(f"{section.title}. {told}")
        numbers = tables.html(table, f"{section.title}: the numbers")
        body = (
            f'<figure role="img" aria-label="{label}">{_drawn(section, table)}</figure>'
            f"\n<details><summary>The numbers</summary>{numbers}</details>"
        )
    wide = ' class="wide"' if section.wide else ""
    inside = f"{head}\n{about}\n{body}"
    if section.folded:
        inside = f'<details class="folded"><summary>{head}</summary>\n{about}\n{body}</details>'
    return f'<section id="{section.name}"{wide}>\n{inside}\n</section>'


def _drawn(section: Section, table: pa.Table) -> str:
    """Draw a chart; one over the whole page once more for narrow ones, where it would be too small to read."""
    chart = section.chart(table) if section.chart else None
    if not section.wide:
        return svg(chart, HALF, section.name)
    whole = svg(chart, WHOLE, section.name)
    return f'<div class="whole">{whole}</div><div class="narrow">{svg(chart, NARROW, section.name + "-narrow")}</div>'


def svg(chart: Drawing, width: int, name: str) -> str:
    """Draw a chart; ``name`` keeps its ids apart from those of the page's other charts."""
    with (
        alt.data_transformers.disable_max_rows()
    ):  # which keeps notebooks small; here the drawing has no data in it
        spec: dict[str, Any] = chart.properties(width=width).to_dict()
    drawn = vl_convert.vegalite_to_svg(spec | {"config": _STYLE})
    drawn = re.sub(r'\b(id="|url\(#|href="#)', rf"\g<1>{name}-", drawn)
    return re.sub(r'<svg[^>]*?width="(\d+)" height="(\d+)"', _resizable, drawn, count=1)


def _resizable(found: re.Match[str]) -> str:
    """Leave the size to the page; the shape stays, by the viewBox."""
    return re.sub(r' (width|height)="\d+"', "", found[0]).replace("<svg", '<svg aria-hidden="true"')
