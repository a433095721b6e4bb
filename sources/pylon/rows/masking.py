"""Keeps personal data out of the copy: values are dropped, hashed or redacted before anything is written.

A mask works on the API's objects, not on columns, so that a value which stands in two columns, such as
``requester_email`` and ``requester``, is masked in both. Pure.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, get_args

from ..catalog import EXTRA, HANGING, READ, TABLES, Column, Feed, Table, suggest
from ..errors import ConfigurationError
from . import exact
from .addresses import unsigned

Rule = Literal["drop", "hash", "redact"]
"""``drop`` leaves null, ``hash`` a keyed digest, equal for equal values, ``redact`` a mark."""

CHANGE_TIMES = ("created_at", "updated_at", "latest_message_time")
"""What tells whether a row has changed."""
REDACTED = "[redacted]"
EVERY_TABLE = "*"

_MASKABLE = {
    "drop": frozenset({"text", "timestamp", "bigint", "double", "bool", "json", "urls"}),
    "hash": frozenset({"text", "json", "urls"}),
    "redact": frozenset({"text", "json", "urls"}),
}


class Masks:
    """What is masked, by table and column. Build it with :func:`masks`, which checks the names.

    Args:
        rules: The rule of each masked column, by table.
        key: The key of the digests.
    """

    def __init__(self, rules: Mapping[str, Mapping[Column, Rule]], key: bytes) -> None:
        self._rules = {table: dict(columns) for table, columns in rules.items() if columns}
        self._key = key

    def __bool__(self) -> bool:
        return bool(self._rules)

    def apply(self, table: Table, rows: Sequence[dict[str, Any]]) -> Sequence[dict[str, Any]]:
        """Return the rows as they may be written; rows that need no mask are the same objects."""
        rules = self._rules.get(table.name)
        if not rules:
            return rows
        known = frozenset(column.source[0] for column in table.columns if column is not EXTRA)
        return [self._masked(row, rules, known) for row in rows]

    def _masked(
        self, row: dict[str, Any], rules: Mapping[Column, Rule], known: frozenset[str]
    ) -> dict[str, Any]:
        for column, rule in rules.items():
            if column is EXTRA:
                row = {
                    name: self._value(value, rule) if name not in known else value
                    for name, value in row.items()
                }
                row = {name: value for name, value in row.items() if value is not None or name in known}
            else:
                row = self._replaced(row, column, column.source, rule)
        return row

    def _replaced(self, row: Any, column: Column, path: Sequence[str], rule: Rule) -> Any:
        if not isinstance(row, dict) or path[0] not in row:
            return row
        name, *deeper = path
        if deeper:
            return {**row, name: self._replaced(row[name], column, deeper, rule)}
        # a digest of a signature would differ on every read
        value = unsigned(row[name]) if column.type == "urls" else row[name]
        return {**row, name: self._value(value, rule)}

    def _value(self, value: Any, rule: Rule) -> Any:
        if value is None or rule == "drop":
            return None
        return _leaves(value, self._digest if rule == "hash" else _redacted)

    def _digest(self, value: object) -> str:
        text = value if isinstance(value, str) else exact.dumps(value).decode()
        return hmac.new(self._key, text.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()


UNMASKED = Masks({}, b"")
"""For what the connector writes itself."""


def masks(rules: Mapping[str, Mapping[str, str]] | None, key: str | None) -> Masks:
    """Check what is to be masked.

    Args:
        rules: ``drop``, ``hash`` or ``redact`` by table and column; the table ``*`` means every table that has the
            column.
        key: The secret key of the digests; needed where something is hashed.

    Raises:
        ConfigurationError: A table, column or rule does not exist, or may not be masked; the message names it.
    """
    wanted = {table: dict(columns) for table, columns in (rules or {}).items()}
    every = wanted.pop(EVERY_TABLE, {})
    found: dict[str, dict[Column, Rule]] = {name: {} for name in TABLES}
    for name, rule in every.items():
        holders = [table for table in READ if name in table.column_names]
        if not holders:
            raise ConfigurationError(
                f"mask names the column {name}, which no table has.", "See docs/tables.md."
            )
        for table in holders:
            found[table.name][_column(table, name, rule)] = _rule(table.name, name, rule)
    for table_name, columns in wanted.items():
        named = _table(table_name)
        for name, rule in columns.items():
            found[named.name][_column(named, name, rule)] = _rule(named.name, name, rule)
    if not key and any("hash" in columns.values() for columns in found.values()):
        raise ConfigurationError(
            "mask hashes a column, but mask_key is not set.",
            "Put a long random mask_key under [sources.pylon] in .dlt/secrets.toml, or into SOURCES__PYLON__MASK_KEY.",
        )
    return Masks(found, (key or "").encode())


def _table(name: str) -> Table:
    known = {table.name: table for table in READ}  # versions copy what has been masked
    if name not in known:
        near = suggest(name)
        raise ConfigurationError(
            f"mask names the table {name!r}, which cannot be masked.", f"Did you mean {near}?" if near else ""
        )
    return known[name]


def _rule(table: str, column: str, rule: str) -> Rule:
    for known in get_args(Rule):
        if rule == known:
            return known  # type: ignore[no-any-return]
    raise ConfigurationError(
        f"mask says {rule!r} for {table}.{column}.", f"Say one of {', '.join(get_args(Rule))}."
    )


def _column(table: Table, name: str, rule: str) -> Column:
    column = next((column for column in table.columns if column.name == name), None)
    if column is None:
        raise ConfigurationError(
            f"mask names the column {table.name}.{name}, which does not exist.", "See docs/tables.md."
        )
    needed = [known.source[: len(column.source)] for known in columns_needed(table)]
    if column.source in needed or (column.given and column is not EXTRA):
        raise ConfigurationError(
            f"mask names {table.name}.{name}, which the connector needs to know what it has read.",
            "Mask another column, or leave the table out.",
        )
    if column.type not in _MASKABLE.get(rule, _MASKABLE["drop"]):
        raise ConfigurationError(
            f"mask says {rule} for {table.name}.{name}, which holds {column.type} values.", "Say drop."
        )
    return column


def columns_needed(table: Table) -> list[Column]:
    """Return the columns by which a table is read: without them, nothing could be kept equal."""
    names = {*table.key, table.parent, table.sort, *CHANGE_TIMES}
    if isinstance(table.read, Feed):
        names |= {table.read.changed, table.read.created}
    for child in (one.read for one in HANGING.values() if one.read.of == table.name):
        names |= {"_".join(child.refer), *(child.only or ())[:1], *(moved for moved, _ in child.moves)}
    return [column for column in table.columns if column.name in names]


def _redacted(_value: object) -> str:
    return REDACTED


def _leaves(value: Any, replace: Callable[[object], str]) -> Any:
    """Replace the strings and numbers in a value; its shape, its keys and what is true, false or null stay."""
    if isinstance(value, dict):
        return {name: _leaves(item, replace) for name, item in value.items()}
    if isinstance(value, list):
        return [_leaves(item, replace) for item in value]
    return value if value is None or isinstance(value, bool) else replace(value)
