"""From an object of the API to a row: types, what is left over, and a digest. Pure."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, tzinfo
from hashlib import sha256
from typing import Any

from .catalog import Column, Table

Row = dict[str, Any]

_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
_SCOPE = "__scope__:"


def to_row(table: Table, source: Row, synced_at: datetime) -> Row:
    """Return the row of an object.

    Args:
        table: The table that it belongs to.
        source: The object, with an ``id``.
        synced_at: When it was read, in UTC.
    """
    cleaned: Row = clean(source)
    row: Row = {}
    for column in table.columns:
        value = cleaned.pop(column.source, None)
        row[column.name] = reference(value) if _is_reference(column) else _fitted(column.type, value)
        if row[column.name] is None and value is not None:
            cleaned[column.source] = value
    return {**row, "_synced_at": synced_at, "_digest": digest(table, source), "_extra": cleaned or None}


def zoned(table: Table, source: Row, zone: tzinfo | None) -> Row:
    """Return an object with a zone in each time of a column that is written without one; as it is, where none is given.

    Args:
        table: The table that it belongs to.
        source: The object.
        zone: In which such times are meant.
    """
    if zone is None:
        return source
    times = [column.source for column in table.columns if column.type == "timestamp"]
    return source | {name: found for name in times if (found := _with_zone(source.get(name), zone))}


def _with_zone(value: Any, zone: tzinfo) -> str | None:
    if not isinstance(value, str) or len(value) <= len("2026-01-01"):
        return None
    try:
        found = datetime.fromisoformat(value)
        return None if found.tzinfo else found.replace(tzinfo=zone).isoformat()
    except (ValueError, OverflowError):
        return None


def digest(table: Table, source: Row) -> str:
    """Return what is equal for equal objects, and differs once the table's columns do."""
    columns = [(column.source, column.type) for column in table.columns]
    text = json.dumps([columns, source], sort_keys=True, separators=(",", ":"))
    return sha256(text.encode()).hexdigest()[:16]


def tombstone(row_id: str) -> Row:
    """Return what takes a row out of its table."""
    return {"id": row_id, "_removed": True}


def scope(table: Table, parent_id: str, synced_at: datetime) -> Row:
    """Return what takes out all rows of a parent that do not come in the same load."""
    return {"id": f"{_SCOPE}{parent_id}", table.parent: parent_id, "_synced_at": synced_at, "_removed": True}


def identified(rows: list[Any]) -> tuple[list[Row], int]:
    """Return the objects with an id, each once, and how many entries there are besides.

    Ids are text as the copy holds it. Of two versions of an object, the last one counts.
    """
    found = [(key, row) for row in rows if isinstance(row, dict) and (key := reference(row.get("id")))]
    return list({key: {**row, "id": key} for key, row in found}.values()), len(rows) - len(found)


def reference(value: Any) -> str | None:
    """Return an id as the copy holds it: a number as text, and what no database stores replaced."""
    if isinstance(value, str):
        return str(clean(value)) or None
    return str(value) if type(value) is int else None


def clean(value: Any) -> Any:
    """Replace what databases do not store: NUL, halves of characters, integers of more than 64 bits."""
    if isinstance(value, str):
        return _UNSTORABLE.sub("\ufffd", value)
    if isinstance(value, list):
        return [clean(item) for item in value]
    if isinstance(value, dict):
        return {clean(name): clean(item) for name, item in value.items()}
    if type(value) is int and not -(2**63) <= value < 2**63:
        return str(value)
    return value


def moment(value: Any) -> datetime | None:
    """Return a time with its zone as UTC; ``None`` for anything else."""
    if not isinstance(value, str) or "T" not in value:
        return None
    try:
        found = datetime.fromisoformat(value)
        return found.astimezone(UTC) if found.tzinfo else None
    except (ValueError, OverflowError):
        return None


def _is_reference(column: Column) -> bool:
    return column.type == "text" and (column.source == "id" or column.source.endswith("Id"))


def _fitted(kind: str, value: Any) -> Any:
    match kind:
        case "timestamp":
            return moment(value)
        case "bigint":
            return value if type(value) is int else None
        case "bool":
            return value if isinstance(value, bool) else None
        case _:
            return value if isinstance(value, str) else None
