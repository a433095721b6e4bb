"""The API's readable endpoints, one line each: which table each fills and how, or why it is not asked."""

from __future__ import annotations

from pylon_elt.sources.pylon.catalog import ENDPOINTS, RATE_LIMITS, TABLES, Endpoint, Table
from pylon_elt.sources.pylon.catalog.not_read import NOT_READ

HEAD = """# API inventory

Written by `make docs` from the catalogue in `sources/pylon/`. Every endpoint of Pylon's API that
reads is here, by the OpenAPI document of July 2026; a test fails where that has one more. Limits are in requests a
minute."""

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
    tables = [
        table
        for table in TABLES.values()
        if endpoint in (table.endpoint, table.feed and table.feed.endpoint)
        or (table.kind == "issues" and endpoint.name == "search_issues")
    ]
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
    if table.kind == "issues":
        return "changes, every run" if endpoint.name == "search_issues" else "history, once; deletions, daily"
    if table.feed is None:
        return when(table)
    whole = "" if table.append_only else f"whole {interval(table)}"
    changes = "history, once; changes, every run"
    if endpoint is table.endpoint is table.feed.endpoint:
        return f"{changes}; {whole}" if whole else changes
    return changes if endpoint is table.feed.endpoint else whole


def when(table: Table) -> str:
    """Say when a table is read."""
    if table.kind == "directory":
        text = interval(table)
    elif table.kind == "nested" and table.moves:
        text = f"when a row of {table.parent_table} changed, else {interval(table)}"
    elif table.kind == "nested":
        text = f"{interval(table)}, those that {table.parent_table} mention"
    elif table.kind == "incremental":
        text = "changes every run" + ("" if table.append_only else f", whole {interval(table)}")
    else:
        text = _KINDS[table.kind]
    return f"{text}; off until selected" if table.off else text


_KINDS = {
    "issues": "changes every run, history once",
    "child": "when the issue changed",
    "ledger": "with each child read",
    "history": "whenever a run sees a change",
    "deletions": "when a reconciliation removes something",
}


def interval(table: Table) -> str:
    """Say how often a table is read whole."""
    hours = table.refresh_hours or 0
    return {1: "hourly", 24: "daily", 168: "weekly"}.get(int(hours), f"every {hours:g} h")
