"""What differs between two readings of one row although nobody changed it, such as signed links or ticking times.

A list that stands for a set comes in any order, a link inside of a text is signed anew at each reading, a computed age
ticks. Compared by value, such rows would be edited for ever. Only evidence makes a value volatile: two readings a
moment apart, of one ``updated_at``, that differ in it. Pure.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, get_args

from ..catalog import Column, Table
from . import exact

Path = tuple[str, ...]
"""Where a value stands: its column, and the names on the way into an object."""

Kind = Literal["order", "links", "value", "presence"]
"""What of a value is not compared, each with all before it: the order of lists, the query strings of links, the value
itself, and whether there is one."""

Paths = Mapping[Path, Kind]
"""What is volatile in a table."""

KEPT_FOR = timedelta(days=7)
"""How long it is believed without being seen again: what has become steady is compared again."""

MOST = 20
"""How many places in one column are told apart; beyond, the column as a whole is volatile."""

_KINDS: tuple[Kind, ...] = get_args(Kind)
_QUERY = re.compile(r"""(https?://[^\s"'<>?#]+)\?[^\s"'<>#]*""")
_ABSENT = object()


@dataclass(frozen=True, slots=True)
class Volatile:
    """What of a value differs at each reading, and when that was seen last (UTC)."""

    kind: Kind
    seen_at: datetime


def between(table: Table, one: Mapping[str, Any], two: Mapping[str, Any]) -> dict[Path, Kind]:
    """Return where two readings of a row differ, each as narrowly as explains it; when they were made is left out.

    Args:
        table: Which table it belongs to.
        one: The row as the table would hold it, JSON as text.
        two: The same, read again.
    """
    found: dict[Path, Kind] = {}
    for column in table.columns:
        if column.name != table.sort and column.name not in table.key:
            name = column.name
            found |= _differences((name,), plain(column, one[name]), plain(column, two[name]))
    return found


def plain(column: Column, value: Any) -> Any:
    """Return a typed value with JSON as what it stands for."""
    return exact.loads(value.encode()) if value is not None and column.type in ("json", "urls") else value


def _differences(path: Path, one: Any, two: Any) -> dict[Path, Kind]:
    if one == two:
        return {}
    if isinstance(one, dict) and isinstance(two, dict):
        found: dict[Path, Kind] = {}
        for name in sorted({*one, *two}):
            found |= _differences((*path, name), one.get(name, _ABSENT), two.get(name, _ABSENT))
        return found
    return {path: _kind(one, two)}


def _kind(one: Any, two: Any) -> Kind:
    if any(value is None or value is _ABSENT for value in (one, two)):
        return "presence"
    return next(kind for kind in _KINDS if _without(kind, one) == _without(kind, two))


def _without(kind: Kind, value: Any) -> Any:
    """Return what of a value is compared."""
    if kind == "order":
        return _ordered(value)
    if kind == "links":
        return _ordered(_unsigned(value))
    return None if kind == "presence" or value is None else _KINDS


def _ordered(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _ordered(item) for name, item in value.items()}
    if isinstance(value, list):
        return sorted(map(_ordered, value), key=lambda item: json.dumps(item, sort_keys=True, default=str))
    return value


def _unsigned(value: Any) -> Any:
    if isinstance(value, str):
        return _QUERY.sub(r"\1", value)
    if isinstance(value, dict):
        return {name: _unsigned(item) for name, item in value.items()}
    return list(map(_unsigned, value)) if isinstance(value, list) else value


def steady(path: Path, value: Any, paths: Paths) -> Any:
    """Return what of a value is compared: it equals that of any other reading of the same row."""
    if kind := paths.get(path):
        return _without(kind, value)
    if not isinstance(value, dict):
        return value
    kept = {name: item for name, item in value.items() if paths.get((*path, name)) != "presence"}
    return {name: steady((*path, name), item, paths) for name, item in kept.items()}


def merged(*found: Paths) -> dict[Path, Kind]:
    """Return what is volatile by any of some findings; a column with too many places in it is so as a whole."""
    everything: dict[Path, Kind] = {}
    for path, kind in (item for paths in found for item in paths.items()):
        everything[path] = max(everything.get(path, kind), kind, key=_KINDS.index)
    places = Counter(path[0] for path in everything)
    crowded = {column for column, number in places.items() if number > MOST}
    narrow = {path: kind for path, kind in everything.items() if path[0] not in crowded}
    wide: dict[Path, Kind] = {
        (column,): max(everything.get((column,), "value"), "value", key=_KINDS.index) for column in crowded
    }
    return {**narrow, **wide}


def named(paths: Iterable[Path]) -> list[str]:
    """Return the names of what is volatile, as a user reads them."""
    return sorted({".".join(path) for path in paths})
