"""The dashboard as one page that needs nothing else: for mail, a wiki or paper. Charts are SVG, drawn here."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from html import escape
from pathlib import Path
from typing import Any

import pyarrow as pa
import vl_convert

from .charts import Drawing
from .data import Filters, Marts
from .sections import SECTIONS, Section, read_from, tiles

WIDTHS = {True: 1000, False: 430}
"""Of a chart over the page and of one over half of it, in the SVG's own units; it grows with the page."""
ROWS = 400
"""More rows of a chart's data are counted, not written."""
_STYLE = {
    "background": "transparent",
    "view": {"stroke": None},
    "axis": {"labelColor": "currentColor", "titleColor": "currentColor", "domainColor": "#8888", "tickColor": "#8888",
             "gridColor": "#8884", "labelFontSize": 11, "titleFontSize": 11, "titleFontWeight": "normal"},
    "legend": {"labelColor": "currentColor", "titleColor": "currentColor", "labelFontSize": 11},
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
    parts = [
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>Support report, {marts.today}</title>\n<style>\n{style}</style>\n</head>\n<body>",
        f"<header>\n<h1>Support report</h1>\n<p>{escape(_subject(marts, filters))}</p>\n</header>",
        f'<dl class="tiles">\n{"".join(_tiles(marts, filters))}</dl>',
        '<main class="sections">',
        *(_shown(section, marts, filters) for section in SECTIONS),
        f"</main>\n<footer>Made {made_at:%Y-%m-%d %H:%M} UTC.</footer>\n</body>\n</html>",
    ]
    return "\n".join(parts) + "\n"


def _subject(marts: Marts, filters: Filters) -> str:
    period = f"{marts.start(filters)} to {marts.today}" if filters.days else f"Until {marts.today}"
    who = [f"desk {filters.desk.title()}"] if filters.desk else []
    who += [f"team {filters.team}"] if filters.team else []
    who += [f"account {filters.account}"] if filters.account else []
    read = read_from(marts, filters)
    return ", ".join([period, *who]) + (f"; read from {read}" if read else "")


def _tiles(marts: Marts, filters: Filters) -> Iterator[str]:
    for label, number, about in tiles(marts, filters):
        yield (
            f'<div><dt>{escape(label)}</dt><dd class="number">{escape(number)}</dd><dd>{escape(about)}</dd></div>\n'
        )


def _shown(section: Section, marts: Marts, filters: Filters) -> str:
    nothing = section.lacks(marts, filters) or "Nothing in this period."
    return _section(section, section.rows(marts, filters), section.told(marts, filters), nothing)


def _section(section: Section, table: pa.Table, told: str, nothing: str) -> str:
    head = f"<h2>{escape(section.title)}</h2>\n<p>{escape(told)}</p>"
    if not table.num_rows:
        body = f"<p>{escape(nothing)}</p>"
    elif section.chart is None:
        body = _table(table)
    else:
        label = escape(f"{section.title}. {told}")
        drawn = svg(section.chart(table), WIDTHS[section.wide], section.name)
        body = (
            f'<figure role="img" aria-label="{label}">{drawn}</figure>'
            f"\n<details><summary>The numbers</summary>{_table(table)}</details>"
        )
    wide = ' class="wide"' if section.wide else ""
    return f'<section id="{section.name}"{wide}>\n{head}\n{body}\n</section>'


def svg(chart: Drawing, width: int, name: str) -> str:
    """Draw a chart; ``name`` keeps its ids apart from those of the page's other charts."""
    spec: dict[str, Any] = chart.properties(width=width).to_dict()
    drawn = vl_convert.vegalite_to_svg(spec | {"config": _STYLE})
    drawn = re.sub(r'\b(id="|url\(#|href="#)', rf"\g<1>{name}-", drawn)
    return re.sub(r'<svg[^>]*?width="(\d+)" height="(\d+)"', _resizable, drawn, count=1)


def _resizable(found: re.Match[str]) -> str:
    """Leave the size to the page; the shape stays, by the viewBox."""
    return re.sub(r' (width|height)="\d+"', "", found[0]).replace("<svg", '<svg aria-hidden="true"')


def _table(table: pa.Table) -> str:
    numbers = [pa.types.is_integer(kind) or pa.types.is_floating(kind) for kind in table.schema.types]
    head = _cells("th", [name.replace("_", " ") for name in table.column_names], numbers)
    rows = [_cells("td", row.values(), numbers) for row in table.slice(0, ROWS).to_pylist()]
    more = table.num_rows - len(rows)
    told = f"<p>and {more:,} more rows</p>" if more > 0 else ""
    body = f"<thead>{head}</thead><tbody>{''.join(rows)}</tbody>"
    return f'<div class="scroll" tabindex="0"><table>{body}</table></div>{told}'


def _cells(tag: str, values: Iterable[Any], numbers: Sequence[bool]) -> str:
    classes = [' class="number"' if number else "" for number in numbers]
    cells = [
        f"<{tag}{kind}>{escape(_text(value))}</{tag}>" for value, kind in zip(values, classes, strict=True)
    ]
    return f"<tr>{''.join(cells)}</tr>"


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:,.1f}"
    if isinstance(value, date):
        return value.isoformat()
    return f"{value:,}" if isinstance(value, int) else str(value)
