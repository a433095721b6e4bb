"""A row of the copy is what the API gives, however a database spells it; and is not where one value is another."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from pylon_elt.sources.pylon.catalog import TABLES
from pylon_elt.sources.pylon.copy.comparing import differing, typed
from pylon_elt.sources.pylon.copy.state import Late, SourceState, suggested_lookback
from pylon_elt.sources.pylon.lanes.late import remember
from pylon_elt.sources.pylon.rows.masking import UNMASKED

ISSUES = TABLES["issues"]
ROW: dict[str, Any] = {
    "id": "a",
    "number": 7,
    "title": "T",
    "created_at": "2026-01-02T03:04:05.123456789Z",
    "customer_portal_visible": True,
    "tags": ["b", "ü"],
    "custom_fields": {"x": {"value": "12"}, "y": {"value": 1.5}},
    "attachment_urls": ["https://f.example/a?signature=1"],
    "brand_new": None,
}
NOW = datetime(2026, 11, 21, tzinfo=UTC)


def held(**changes: Any) -> dict[str, Any]:
    (row,) = typed(ISSUES, [ROW], UNMASKED)
    return {**row, "_synced_at": NOW, **changes}


def compared(**changes: Any) -> list[str]:
    (wanted,) = typed(ISSUES, [ROW], UNMASKED)
    return differing(ISSUES, wanted, held(**changes))


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"tags": ["b", "ü"]},
        {"tags": '[ "b", "\\u00fc" ]'},
        {"custom_fields": '{"y": {"value": 1.50}, "x": {"value": "12"}}'},
        {"created_at": datetime(2026, 1, 2, 3, 4, 5, 123456)},  # noqa: DTZ001 - as some drivers give it
        {"created_at": datetime(2026, 1, 2, 5, 4, 5, 123456, timezone(timedelta(hours=2)))},
        {"customer_portal_visible": 1},
        {"attachment_urls": '["https://f.example/a"]'},
    ],
)
def test_what_is_spelled_otherwise_is_the_same(changes: dict[str, Any]) -> None:
    assert compared(**changes) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"title": None},
        {"title": "t"},
        {"number": 8},
        {"tags": '["b"]'},
        {"tags": None},
        {"tags": "no JSON"},
        {"custom_fields": {"x": {"value": 12}, "y": {"value": 1.5}}},
        {"custom_fields": {"x": {"value": "12"}, "y": {"value": True}}},
        {"created_at": datetime(2026, 1, 2, 3, 4, 5, 123457, UTC)},
        {"customer_portal_visible": False},
        {"_extra": None},
    ],
)
def test_another_value_differs(changes: dict[str, Any]) -> None:
    assert compared(**changes) == list(changes)


def test_a_column_that_the_table_lacks_differs_where_there_is_a_value() -> None:
    (wanted,) = typed(ISSUES, [ROW], UNMASKED)
    stored = {name: value for name, value in held().items() if name not in ("title", "link")}
    assert differing(ISSUES, wanted, stored) == ["title"]


@pytest.mark.parametrize(
    ("largest", "lookback", "expected"),
    [
        (0.0, 900.0, None),
        (449.0, 900.0, None),
        (450.0, 900.0, None),
        (451.0, 900.0, 960),
        (900.0, 900.0, 1800),
    ],
)
def test_a_lookback_is_suggested_once_the_margin_is_gone(
    largest: float, lookback: float, expected: int | None
) -> None:
    assert suggested_lookback(Late(1, 0, largest, NOW), lookback) == expected


def test_late_arrivals_add_up() -> None:
    state = SourceState()
    remember(state, [], NOW)
    assert state.stored == {}
    remember(state, [3.0, 12.34], NOW)
    remember(state, [5.0], NOW + timedelta(days=1), beyond=True)
    assert state.late == Late(3, 1, 12.3, NOW + timedelta(days=1))
