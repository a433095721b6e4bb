"""What two readings of a row do not agree on is found as narrowly as explains it; everything else is still compared."""

from __future__ import annotations

from typing import Any

import pytest

from pylon_elt.sources.pylon.catalog import TABLES
from pylon_elt.sources.pylon.copy.comparing import differing, typed
from pylon_elt.sources.pylon.rows.masking import UNMASKED
from pylon_elt.sources.pylon.rows.volatile import MOST, between, merged, named

ISSUES = TABLES["issues"]
LINK = '<p>Look: <img src="https://f.example/a.png?signature={}&amp;expires=9"></p>'
ROW: dict[str, Any] = {
    "id": "a",
    "title": "T",
    "body_html": LINK.format(1),
    "tags": ["a", "b", "c"],
    "time_in_status_seconds": {"new": 5, "closed": 7},
    "custom_fields": {"age": {"value": "1"}, "plan": {"value": "gold"}},
}


def row(**changes: Any) -> dict[str, Any]:
    (found,) = typed(ISSUES, [{**ROW, **changes}], UNMASKED)
    return found


@pytest.mark.parametrize(
    ("again", "found"),
    [
        ({}, {}),
        ({"body_html": LINK.format(2)}, {("body_html",): "links"}),
        ({"body_html": "<p>Look: else</p>"}, {("body_html",): "value"}),
        ({"body_html": None}, {("body_html",): "presence"}),
        ({"tags": ["c", "a", "b"]}, {("tags",): "order"}),
        ({"tags": ["c", "a"]}, {("tags",): "value"}),
        (
            {"time_in_status_seconds": {"new": 6, "closed": 7}},
            {("time_in_status_seconds", "new"): "value"},
        ),
        (
            {"custom_fields": {"age": {"value": "2"}, "plan": {"value": "gold"}}},
            {("custom_fields", "age", "value"): "value"},
        ),
        (
            {"custom_fields": {"plan": {"value": "gold"}}},
            {("custom_fields", "age"): "presence"},
        ),
    ],
)
def test_it_is_found_where_it_stands(again: dict[str, Any], found: dict[Any, str]) -> None:
    assert between(ISSUES, row(), row(**again)) == found
    assert differing(ISSUES, row(), row(**again), found) == []  # type: ignore[arg-type]
    assert bool(differing(ISSUES, row(), row(**again))) == bool(found)


@pytest.mark.parametrize(
    ("volatile", "edited", "column"),
    [
        ({("body_html",): "links"}, {"body_html": LINK.format(1).replace("Look", "See")}, "body_html"),
        ({("body_html",): "links"}, {"body_html": None}, "body_html"),
        ({("body_html",): "value"}, {"body_html": None}, "body_html"),
        ({("body_html",): "presence"}, {"title": None}, "title"),
        ({("tags",): "order"}, {"tags": ["a", "b"]}, "tags"),
        ({("tags",): "order"}, {"tags": ["a", "b", "d"]}, "tags"),
        (
            {("custom_fields", "age", "value"): "value"},
            {"custom_fields": {"age": {"value": "2"}, "plan": {"value": "lead"}}},
            "custom_fields",
        ),
    ],
)
def test_what_is_steady_is_still_compared(volatile: Any, edited: dict[str, Any], column: str) -> None:
    assert differing(ISSUES, row(), row(**edited), volatile) == [column]


@pytest.mark.parametrize("as_text", [True, False])
def test_a_destination_may_give_json_as_text_or_as_what_it_is(as_text: bool) -> None:
    tags = '["c","b","a"]' if as_text else ["c", "b", "a"]
    held = {**row(), "tags": tags}
    assert differing(ISSUES, row(), held, {("tags",): "order"}) == []
    assert differing(ISSUES, row(tags=["a"]), held, {("tags",): "order"}) == ["tags"]


def test_the_wider_finding_counts() -> None:
    assert merged({("tags",): "order"}, {("tags",): "value"}, {("tags",): "links"}) == {("tags",): "value"}


def test_where_places_are_data_the_column_is_volatile_as_a_whole() -> None:
    crowd = {("custom_fields", f"{number}"): "value" for number in range(MOST + 1)}
    assert merged(crowd, {("tags",): "order"}) == {("custom_fields",): "value", ("tags",): "order"}  # type: ignore[arg-type]
    assert named([("custom_fields", "age", "value"), ("tags",)]) == ["custom_fields.age.value", "tags"]
