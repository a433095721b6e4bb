"""Writes what the documentation says about tables, endpoints and costs, from the catalogue.

``make docs`` rewrites ``docs/tables.md``, ``docs/api-inventory.md``, ``docs/destinations.md``, what the dbt package
knows of the raw tables, and the marked sections of ``README.md``; a test fails where they are not what this would
write.
"""

from __future__ import annotations

import math
import sys
from pathlib import Path

from pylon_elt.sources.pylon.catalog import (
    ALL_TABLES,
    CHILDREN,
    COLLECTED,
    ENDPOINTS,
    RATE_LIMITS,
    Table,
    Tier,
)

from ..base import exits
from ..transform import package
from . import destinations_page, inventory
from .dbt_sources import sources_file, tables_macro, zaia_sources_file

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = {
    "analytics/models/staging/_sources.yml": sources_file,
    "analytics/models/staging/_zaia_sources.yml": zaia_sources_file,
    "analytics/macros/raw_tables.sql": tables_macro,
}
"""What the dbt package has from the catalogue, by file."""
AUTUMN: dict[Tier, int] = {"low": 30, "medium": 120, "high": 300}
"""Requests a minute by tier since autumn 2026."""
READS: dict[Tier, int] = {"low": 30, "medium": 300, "high": 300}
"""The same where every read but ``GET /issues`` may be the dearest; a first load makes hardly a search."""
MONTHS = 24
SIZES = (1_000, 10_000, 100_000)

_REPLACES = {
    "row": "the rows that changed",
    "parent": "all rows of what was read",
    "version": "nothing",
}


def _replaced(table: Table) -> str:
    if table.name in COLLECTED:
        return "the rows that it brings; what a complete one lacks goes"
    return _REPLACES[table.scope]


def table_of_tables() -> str:
    """Return the README's table: one line for each table."""
    lines = ["| table | rows | key | read from | when |", "|---|---|---|---|---|"]
    for table in ALL_TABLES.values():
        source = "written by the connector" if table.endpoint is None else f"`{table.endpoint.label}`"
        key = ", ".join(f"`{column}`" for column in table.key)
        name = f"[`{table.name}`](docs/tables.md#{table.name})"
        lines.append(f"| {name} | {table.description} | {key} | {source} | {inventory.when(table)} |")
    return "\n".join(lines)


def table_of_marts() -> str:
    """Return the README's list of the tables that ``pylon transform`` builds for people."""
    lines = ["| table | what it holds |", "|---|---|"]
    return "\n".join([*lines, *(f"| `{name}` | {told} |" for name, told in package.marts().items())])


def exit_codes() -> str:
    """Return the README's table of exit codes."""
    lines = ["| code | meaning |", "|---|---|"]
    return "\n".join([*lines, *(f"| {code} | {meaning} |" for code, meaning in exits.MEANINGS.items())])


def costs() -> str:
    """Return the README's table of what a first load costs, two years of history assumed."""
    lines = [
        "| issues | requests | at 10/20/60 a minute | at 30/120/300 a minute | at 300, lists of issues at 30 |",
        "|---|---|---|---|---|",
    ]
    for size in SIZES:
        requests = sum(_first_load(size).values())
        times = " | ".join(_duration(size, limits) for limits in (RATE_LIMITS, AUTUMN, READS))
        lines.append(f"| {size:,} | {requests:,} | {times} |")
    return "\n".join(lines)


def tables_page() -> str:
    """Return ``docs/tables.md``: every table with every column."""
    parts = [
        "# Tables",
        "Written by `make docs` from the catalogue in `sources/pylon/`. Times are UTC.",
    ]
    for table in ALL_TABLES.values():
        columns = "\n".join(
            f"| `{column.name}` | {'json' if column.type == 'urls' else column.type} | {column.description} |"
            for column in table.columns
        )
        key = ", ".join(f"`{name}`" for name in table.key)
        parts += [
            f"## {table.name}",
            table.description,
            f"Key: {key}. Read: {inventory.when(table)}. A read replaces {_replaced(table)}.",
            f"| column | type | what it holds |\n|---|---|---|\n{columns}",
        ]
    return "\n\n".join(parts) + "\n"


def render(readme: str) -> str:
    """Return the README with its marked sections written anew."""
    sections = {
        "tables": table_of_tables(),
        "marts": table_of_marts(),
        "exits": exit_codes(),
        "costs": costs(),
    }
    for name, text in sections.items():
        start, end = f"<!-- {name} -->\n", f"<!-- /{name} -->"
        before, _, rest = readme.partition(start)
        readme = f"{before}{start}{text}\n{end}{rest.partition(end)[2]}"
    return readme


def _first_load(issues: int) -> dict[str, int]:
    """Return the requests of a first load, by endpoint, without the directory."""
    page = ENDPOINTS["list_issues"].page_size or issues
    windows = math.ceil(MONTHS * 30.4 / 30)
    listing = max(windows, math.ceil(issues / page / 0.7))
    children = [child for child in CHILDREN if not child.off]
    return {"list_issues": listing, **{child.read.endpoint.name: issues for child in children}}


def _duration(issues: int, limits: dict[Tier, int]) -> str:
    minutes = max(count / limits[ENDPOINTS[name].tier] for name, count in _first_load(issues).items())
    return f"{minutes:.0f} min" if minutes < 90 else f"{minutes / 60:.0f} h"


def main() -> int:
    """Write the files."""
    (ROOT / "docs").mkdir(exist_ok=True)
    (ROOT / "docs" / "tables.md").write_text(tables_page(), encoding="utf-8")
    (ROOT / "docs" / "api-inventory.md").write_text(inventory.page(), encoding="utf-8")
    (ROOT / "docs" / "destinations.md").write_text(destinations_page.page(), encoding="utf-8")
    for path, text in PACKAGE.items():
        (ROOT / path).write_text(text(), encoding="utf-8")
    readme = ROOT / "README.md"
    readme.write_text(render(readme.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
