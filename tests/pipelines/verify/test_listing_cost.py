"""What a listing is said to cost is what it costs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from pylon_elt.pipelines.verify.listing_cost import listing_cost

NOW = datetime(2026, 11, 21, tzinfo=UTC)


def ago(*days: float) -> list[datetime]:
    return [NOW - timedelta(days=each) for each in days]


@pytest.mark.parametrize(
    ("created", "floor", "expected"),
    [
        ([], None, {"me": 1, "list_issues": 1, "search_issues": 1}),
        (ago(1, 2, 3), None, {"me": 1, "list_issues": 2, "search_issues": 1}),
        (ago(1, 2, 3), 10, {"me": 1, "list_issues": 1}),
        (ago(1, 400), None, {"me": 1, "list_issues": 4, "search_issues": 3}),
    ],
    ids=["an empty workspace", "one window and the end", "a start date within it", "a gap of a year"],
)
def test_windows_gaps_and_the_end(
    created: list[datetime], floor: int | None, expected: dict[str, int]
) -> None:
    start = NOW - timedelta(days=floor) if floor else None
    assert dict(listing_cost(created, NOW, start, 999)) == expected


def test_a_window_that_does_not_fit_is_cut() -> None:
    found = listing_cost([NOW - timedelta(minutes=each) for each in range(1000)], NOW, None, 100)
    assert 10 <= found["list_issues"] <= 40
