"""The API's readable endpoints, one line each: which table each fills and how, or why it is not asked."""

from __future__ import annotations

from typing import assert_never

from pylon_elt.sources.pylon.catalog import (
    ENDPOINTS,
    RATE_LIMITS,
    TABLES,
    Deletions,
    Endpoint,
    Feed,
    Issues,
    Ledger,
    PerParent,
    Read,
    Table,
    Versions,
    Whole,
)
from pylon_elt.sources.pylon.catalog.not_read import NOT_READ

HEAD = """# API inventory

Written by `make docs` from the catalogue in `sources/pylon/`. Every endpoint of Pylon's API that
reads is here, by the OpenAPI document of July 2026, where a test fails if that has one more, and by what Pylon has
documented since. Limits are in requests a minute, as that document has them: autumn has 30, 120 and 300 in place of
10, 20 and 60."""

_OURS = {
    "me": "the check of the token, and the server's time",
    "get_issue": "only for an issue that is missing, or whose child is refused",
    "get_task": "only for a task whose comments are refused",
    "get_account": "only for an account whose relationships are refused",
    "get_contact": "only for a contact of an account that is gone: it tells a merged account from a deleted one",
}
"""What is asked besides filling a table."""


def page() -> str:
    """Return ``docs/api-inventory.md``."""
    read = [
        "| endpoint | table | key | paging | read | limit |",
        "|---|---|---|---|---|---|",
        *(_line(endpoint, table) for endpoint in ENDPOINTS.values() for table in _uses(endpoint)),
    ]
    unread = [
        "| endpoint | why it is not read |",
        "|---|---|",
        *(f"| `{label}` | {why} |" for label, why in NOT_READ.items()),
    ]
    off = [
        "| table | why it is off until selected |",
        "|---|---|",
        *(
            f"| `{name}` | {table.off[0].upper()}{table.off[1:]}. |"
            for name, table in TABLES.items()
            if table.off
        ),
    ]
    parts = [HEAD, "\n".join(read), "## Not read", "\n".join(unread), "## Off until selected", "\n".join(off)]
    return "\n\n".join(parts) + "\n"


def _uses(endpoint: Endpoint) -> list[Table] | list[None]:
    """Return the tables that an endpoint fills, or nothing once if it fills none."""
    tables = [table for table in TABLES.values() if endpoint in table.endpoints]
    return tables or [None]


def _line(endpoint: Endpoint, table: Table | None) -> str:
    name = f"[`{table.name}`](tables.md#{table.name})" if table else ""
    key = ", ".join(f"`{column}`" for column in table.key) if table else ""
    limit = RATE_LIMITS[endpoint.tier]
    how = _how(endpoint, table) if table else _OURS[endpoint.name]
    return f"| `{endpoint.label}` | {name} | {key} | {_paging(endpoint)} | {how} | {limit} |"


def _paging(endpoint: Endpoint) -> str:
    if endpoint.single:
        return "one object"
    if not endpoint.paged:
        most = f", {endpoint.max_page_size:,} rows at most" if endpoint.max_page_size else ""
        return f"none{most}"
    if endpoint.max_page_size is None:
        return "cursor"
    return f"cursor, up to {endpoint.max_page_size:,} rows"


def _how(endpoint: Endpoint, table: Table) -> str:
    read = table.read
    if isinstance(read, Issues):
        return "changes, every run" if endpoint is read.search else "history, once; deletions, daily"
    if not isinstance(read, Feed):
        return when(table)
    whole = f"whole {interval(read.refresh_hours)}" if read.refresh_hours else ""
    changes = "history, once; changes, every run"
    if endpoint is read.endpoint is read.search:
        return f"{changes}; {whole}" if whole else changes
    return changes if endpoint is read.search else whole


def when(table: Table) -> str:
    """Say when a table is read."""
    return f"{_when(table.read)}; off until selected" if table.off else _when(table.read)


def _when(read: Read) -> str:
    match read:
        case Issues():
            text = "changes every run, history once"
        case PerParent(of="issues"):
            text = "when the issue changed"
        case PerParent(moves=()):
            text = f"{interval(read.refresh_hours)}, those that {read.of} mention"
        case PerParent():
            text = f"when a row of {read.of} changed, else {interval(read.refresh_hours)}"
        case Whole():
            text = interval(read.refresh_hours)
        case Feed():
            whole = f", whole {interval(read.refresh_hours)}" if read.refresh_hours else ""
            text = f"changes every run{whole}"
        case Ledger():
            text = "with each child read"
        case Versions():
            text = "whenever a run sees a change"
        case Deletions():
            text = "when a reconciliation removes something"
        case _:
            assert_never(read)
    return text


def interval(hours: float | None) -> str:
    """Say how often a table is read whole."""
    if hours is None:
        return "never"
    return {1: "hourly", 24: "daily", 168: "weekly"}.get(int(hours), f"every {hours:g} h")
