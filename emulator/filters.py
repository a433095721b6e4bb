"""The filter language of the searches: checked first, then made into one predicate.

A predicate sees a `Row`, which parses an issue only when a condition needs more than its two indexed times.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

import orjson

from .candidates import Row
from .grammars import CUSTOM, ISSUES, MANY, NONE, NUMBER, TIME, Grammar
from .records import JSON
from .replies import bad_request
from .times import DAY, SECOND, parse_ns, read_ns

MAX_DEPTH = 3


@dataclass(frozen=True)
class Rules:
    """How times are read: the brackets of a range, whether bounds are cut to seconds, the longest range.

    Conditions on an `ignored` field always hold.
    """

    bounds: str = "[]"
    truncate: bool = False
    cap_days: float | None = None
    ignored: Collection[str] = ()


Predicate = Callable[[Row], bool]
Span = dict[str, tuple[int | None, int | None]]
"""Bounds (inclusive, ns) that hold for every match, by "created_at" and "updated_at"."""


@dataclass(frozen=True)
class Filter:
    """A compiled filter: the predicate, and the bounds that an index can use first."""

    matches: Predicate
    span: Span


@dataclass(frozen=True)
class _Language:
    grammar: Grammar
    rules: Rules
    slugs: Collection[str]

    def operators(self, field: str) -> Collection[str]:
        if field in self.grammar.fields:
            return self.grammar.fields[field]
        return CUSTOM if self.grammar.custom and field in self.slugs else ()


def compile_filter(
    tree: Any, rules: Rules, custom_slugs: Collection[str], grammar: Grammar = ISSUES
) -> Filter:
    """Compile the `filter` of a search (None: everything); answer 400 for one that is not allowed."""
    if tree is None:
        return Filter(lambda _: True, {})
    matches, span = _node(tree, _Language(grammar, rules, custom_slugs), 1)
    return Filter(matches, span)


def _node(tree: Any, language: _Language, depth: int) -> tuple[Predicate, Span]:
    if not isinstance(tree, dict):
        raise bad_request("filter must be an object")
    if depth > MAX_DEPTH:
        raise bad_request(f"filter is deeper than {MAX_DEPTH}")
    operator = tree.get("operator")
    if not isinstance(operator, str):
        raise bad_request("filter needs an operator")
    if operator in ("and", "or"):
        return _compound(tree, operator, language, depth)
    field = tree.get("field")
    allowed = language.operators(field) if isinstance(field, str) else ()
    if not isinstance(field, str) or not allowed:
        raise bad_request(f"field {field!r} cannot be filtered")
    if operator not in allowed:
        raise bad_request(f"operator {operator!r} is not allowed for {field!r}")
    values = _values(tree, operator)
    if field in language.rules.ignored:
        return lambda _: True, {}
    if operator in TIME:
        return _time(field, operator, values, language)
    return _plain(_read(field, language.grammar), operator, values), {}


def _compound(tree: JSON, operator: str, language: _Language, depth: int) -> tuple[Predicate, Span]:
    subfilters = tree.get("subfilters")
    if not isinstance(subfilters, list) or not subfilters:
        raise bad_request(f"{operator} needs subfilters")
    parts = [_node(part, language, depth + 1) for part in subfilters]
    tests = [test for test, _ in parts]
    if operator == "or":
        return lambda row: any(test(row) for test in tests), {}
    span: Span = {}
    for _, part in parts:
        for name, (low, high) in part.items():
            old_low, old_high = span.get(name, (None, None))
            span[name] = (_tighter(max, old_low, low), _tighter(min, old_high, high))
    return lambda row: all(test(row) for test in tests), span


def _tighter(choose: Callable[[int, int], int], one: int | None, other: int | None) -> int | None:
    if one is None or other is None:
        return one if other is None else other
    return choose(one, other)


def _values(tree: JSON, operator: str) -> list[str]:
    if operator in NONE:
        return []
    if operator in MANY:
        values = tree.get("values")
        if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
            raise bad_request(f"{operator} needs values, a list of strings")
        return values
    value = tree.get("value")
    if not isinstance(value, str):
        raise bad_request(f"{operator} needs value, a string")
    return [value]


# Times


def _time(field: str, operator: str, values: list[str], language: _Language) -> tuple[Predicate, Span]:
    low, high = bounds_of(operator, values, language.rules)
    read = _read(field, language.grammar)

    def matches(row: Row) -> bool:
        at = row.indexed(field)
        if at is not None:
            return _between(low, at, high)
        return any(_between(low, at, high) for at in map(read_ns, read(row)) if at is not None)

    return matches, {field: (low, high)} if field in ("created_at", "updated_at") else {}


def _instant(text: str, rules: Rules) -> int:
    try:
        at = parse_ns(text)
    except ValueError as error:
        raise bad_request(f"not an RFC 3339 time: {text!r}") from error
    return at // SECOND * SECOND if rules.truncate else at


def bounds_of(operator: str, values: list[str], rules: Rules) -> tuple[int | None, int | None]:
    """Return the inclusive bounds of a time filter in nanoseconds."""
    instants = [_instant(value, rules) for value in values]
    after, before = int(rules.bounds[0] == "("), int(rules.bounds[1] == ")")
    if operator == "time_is_after":
        return instants[0] + after, None
    if operator == "time_is_before":
        return None, instants[0] - before
    if len(instants) != 2:
        raise bad_request("time_range needs two values, the start and the end")
    if rules.cap_days is not None and instants[1] - instants[0] > rules.cap_days * DAY:
        raise bad_request(f"time range is longer than {rules.cap_days:g} days")
    return instants[0] + after, instants[1] - before


def _between(low: int | None, at: int, high: int | None) -> bool:
    return (low is None or at >= low) and (high is None or at <= high)


# Everything else


def _read(field: str, grammar: Grammar) -> Callable[[Row], list[Any]]:
    """Return what reads the values of a field; an unset field has none."""
    if field not in grammar.fields:
        return lambda row: _custom((row.object.get("custom_fields") or {}).get(field) or {})
    if field.startswith("follower_"):
        kind = field.split("_")[1]
        return lambda row: list(row.followers(kind))
    if field == "ticket_form_id":
        return lambda row: [form] if (form := row.form()) else []
    paths = grammar.paths.get(field, (field,))
    return lambda row: [value for path in paths for value in _walk(row.object, path)]


def _custom(entry: JSON) -> list[Any]:
    found = entry.get("values") if "values" in entry else [entry.get("value")]
    return [value for value in found or [] if value is not None]


def _walk(value: Any, path: str) -> list[Any]:
    found = [value]
    for name in path.split("."):
        entries = [entry.get(name) for entry in found if isinstance(entry, dict)]
        found = [value for entry in entries for value in (entry if isinstance(entry, list) else [entry])]
    return [value for value in found if value is not None]


def _plain(read: Callable[[Row], list[Any]], operator: str, values: list[str]) -> Predicate:
    if operator in NUMBER:
        return _number(read, operator, values[0])
    test = _TESTS[operator]
    wanted = set(values)
    return lambda row: test([_as_text(value) for value in read(row)], wanted)


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _any_part(found: list[str], wanted: set[str]) -> bool:
    return any(part.casefold() in text.casefold() for part in wanted for text in found)


_TESTS: dict[str, Callable[[list[str], set[str]], bool]] = {
    "equals": lambda found, wanted: not wanted.isdisjoint(found),
    "not_equals": lambda found, wanted: wanted.isdisjoint(found),
    "contains": lambda found, wanted: not wanted.isdisjoint(found),
    "does_not_contain": lambda found, wanted: wanted.isdisjoint(found),
    "in": lambda found, wanted: not wanted.isdisjoint(found),
    "not_in": lambda found, wanted: wanted.isdisjoint(found),
    "is_set": lambda found, _: bool(found),
    "is_unset": lambda found, _: not found,
    "string_contains": _any_part,
    "string_does_not_contain": lambda found, wanted: not _any_part(found, wanted),
}


def _number(read: Callable[[Row], list[Any]], operator: str, text: str) -> Predicate:
    try:
        wanted = float(text)
    except ValueError as error:
        raise bad_request(f"{operator} needs a number") from error
    compare: Callable[[float], bool] = {
        "greater_than": lambda value: value > wanted,
        "less_than": lambda value: value < wanted,
        "greater_than_or_equals": lambda value: value >= wanted,
        "less_than_or_equals": lambda value: value <= wanted,
    }[operator]
    return lambda row: any(compare(value) for value in map(_as_number, read(row)) if value is not None)


def _as_number(value: Any) -> float | None:
    try:
        return None if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        return None
