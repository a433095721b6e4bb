"""What a destination gives and takes for a time or a truth value: the one place that binds and parses.

Most give instants. Some have no time zones, and give times without one, which are UTC here since dlt writes them so;
and SQLite has no times at all: it holds and compares texts, of always the same form, and numbers for truth values.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dlt.destinations.sql_client import SqlClientBase

_TEXT = "%Y-%m-%d %H:%M:%S.%f"
"""How SQLAlchemy writes a time into SQLite; all of one length, so that they sort as the times do."""


def utc(value: object) -> datetime | None:
    """Return a destination's timestamp as an aware datetime; some drivers give naive ones or texts, which are UTC.

    A time beyond the years that Python knows is ``None``: DuckDB gives such as text.
    """
    if isinstance(value, str):
        with suppress(ValueError):
            return utc(datetime.fromisoformat(value))
    if not isinstance(value, datetime):
        return None
    if value.tzinfo is None:
        return value.replace(tzinfo=UTC)
    try:
        return value.astimezone(UTC)
    except OverflowError:  # at the edge of these years, in another zone; it compares all the same
        return value


def parsed(kind: str, value: Any) -> Any:
    """Return a value as the catalogue's type has it in Python; JSON stays as the destination gives it."""
    if kind == "timestamp":
        return utc(value) if isinstance(value, (datetime, str)) else value
    if kind == "bool" and isinstance(value, int):
        return bool(value)
    return value


def bound(client: SqlClientBase[Any], values: Sequence[Any]) -> list[Any]:
    """Return values as a client binds them so that they compare with what its tables hold."""
    if client.capabilities.supports_tz_aware_datetime:
        return list(values)
    is_text = client.capabilities.sqlglot_dialect == "sqlite"
    return [
        _without_zone(value, is_text=is_text) if isinstance(value, datetime) else value for value in values
    ]


def _without_zone(value: datetime, *, is_text: bool) -> Any:
    instant = (
        value.replace(tzinfo=None) if value.tzinfo is None else value.astimezone(UTC).replace(tzinfo=None)
    )
    # strftime writes the year 1 as it likes
    return f"{instant.year:04}{instant.strftime(_TEXT.removeprefix('%Y'))}" if is_text else instant
