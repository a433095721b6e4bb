"""Tables as HTML, the same in the browser and on paper: whole to a screen reader, with links to what a row is about."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from html import escape
from typing import Any

import pyarrow as pa

from . import names

ROWS = 400
"""More rows are counted, not written."""
LINK, LINKED = "link", "title"
"""The column with an address, and the one whose text leads there."""


def html(table: pa.Table, label: str) -> str:
    """Return a table that scrolls by itself where it is wider than the page.

    Args:
        table: What it holds. Where it has the column ``link``, that is no column, but where ``title`` leads.
        label: What it is about, for who does not see it.
    """
    links = table[LINK].to_pylist() if LINK in table.column_names else [None] * table.num_rows
    shown = table.drop_columns([LINK]) if LINK in table.column_names else table
    numbers = [pa.types.is_integer(kind) or pa.types.is_floating(kind) for kind in shown.schema.types]
    head = _cells('th scope="col"', [escape(names.column(name)) for name in shown.column_names], numbers)
    rows = [
        _cells("td", _texts(row, link), numbers)
        for row, link in zip(shown.slice(0, ROWS).to_pylist(), links, strict=False)
    ]
    more = table.num_rows - len(rows)
    told = f"<p>and {more:,} more rows</p>" if more > 0 else ""
    body = f"<thead>{head}</thead><tbody>{''.join(rows)}</tbody>"
    region = f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(label)}">'
    return f"{region}<table>{body}</table></div>{told}"


def _texts(row: dict[str, Any], link: str | None) -> list[str]:
    return [
        _linked(escape(_text(names.value(name, value))), link if name == LINKED else None)
        for name, value in row.items()
    ]


def _linked(text: str, link: str | None) -> str:
    """Return a link to a page of the web; an address of any other kind is none, since others wrote it."""
    if not link or not link.startswith(("https://", "http://")):
        return text
    return f'<a href="{escape(link)}" target="_blank" rel="noopener noreferrer">{text or escape(link)}</a>'


def _cells(tag: str, texts: Iterable[str], numbers: Sequence[bool]) -> str:
    classes = [' class="number"' if number else "" for number in numbers]
    end = tag.partition(" ")[0]
    cells = [f"<{tag}{kind}>{text}</{end}>" for text, kind in zip(texts, classes, strict=True)]
    return f"<tr>{''.join(cells)}</tr>"


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:,.1f}"
    if isinstance(value, date):
        return value.isoformat()
    return f"{value:,}" if isinstance(value, int) else str(value)
