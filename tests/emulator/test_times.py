"""Instants and their text."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pylon_elt.emulator.times import SECOND, OffsetClock, format_ns, parse_ns, to_datetime, to_ns

INSTANTS = st.integers(min_value=0, max_value=4_000_000_000 * SECOND)


@given(INSTANTS)
def test_text_and_instant_round_trip_to_the_nanosecond(ns: int) -> None:
    assert parse_ns(format_ns(ns)) == ns


@given(INSTANTS)
def test_text_is_rfc_3339_with_z_and_no_trailing_zeros(ns: int) -> None:
    text = format_ns(ns)
    assert text.endswith("Z")
    assert "." not in text or not text.endswith("0Z")


@given(INSTANTS)
def test_datetimes_survive_to_the_microsecond(ns: int) -> None:
    assert to_ns(to_datetime(ns)) == ns // 1000 * 1000


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("2026-01-01T02:00:00+02:00", "2026-01-01T00:00:00Z"),
        ("2025-12-31T18:30:00.5-05:30", "2026-01-01T00:00:00.5Z"),
        ("2026-01-01t00:00:00z", "2026-01-01T00:00:00Z"),
        ("2026-01-01T00:00:00.000000000Z", "2026-01-01T00:00:00Z"),
    ],
)
def test_offsets_and_spellings(text: str, same: str) -> None:
    assert parse_ns(text) == parse_ns(same)


@pytest.mark.parametrize(
    "text",
    ["", "now", "2026-01-01", "2026-01-01T00:00:00", "2026-13-01T00:00:00Z", "2026-01-01 00:00:00Z",
     "2026-01-01T24:00:00Z", "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00+99:00", "0000-01-01T00:00:00Z",
     "\uff12026-01-01T00:00:00Z"],
)  # fmt: skip
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_ns(text)


def test_a_clock_runs_on_from_its_start_and_can_be_advanced() -> None:
    base = [datetime(2030, 1, 1, tzinfo=UTC)]
    clock = OffsetClock(lambda: base[0], start=datetime(2026, 1, 1, tzinfo=UTC))
    base[0] += timedelta(seconds=5)
    clock.advance(2.5)
    assert clock() == datetime(2026, 1, 1, 0, 0, 7, 500_000, tzinfo=UTC)
