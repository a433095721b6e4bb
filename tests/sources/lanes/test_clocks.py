"""What is said where two clocks differ."""

from __future__ import annotations

from datetime import timedelta

import pytest

from pylon_elt.sources.pylon.lanes.clocks import TOLERANCE, difference


@pytest.mark.parametrize(
    ("offset", "said"),
    [
        (timedelta(minutes=12), "12 min ahead of"),
        (timedelta(minutes=-12), "12 min behind"),
        (timedelta(hours=1, minutes=59, seconds=58), "2 h ahead of"),
        (timedelta(days=-365), "365 days behind"),
    ],
)
def test_how_far_the_servers_clock_is_from_this_machines_is_said(offset: timedelta, said: str) -> None:
    assert f"The server's clock is {said} this machine's." in (difference(offset) or "")


def test_some_minutes_are_not_worth_a_word() -> None:
    assert difference(TOLERANCE) is difference(-TOLERANCE) is None
