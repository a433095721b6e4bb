"""What is tried once a day is tried again at once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from pylon_elt.sources.pylon.copy import intervals
from pylon_elt.sources.pylon.lanes import stock


def let_a_day_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let what was refused be tried again, until the end of the test."""
    for module in (intervals, stock):
        monkeypatch.setattr(module, "TRIED_AGAIN", timedelta(0))
