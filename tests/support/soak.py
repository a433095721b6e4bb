"""What ``make`` says to the tests, in the environment: it is asked for in each process, so nothing is imported."""

from __future__ import annotations

import os

SOAK = bool(os.environ.get("PYLON_SOAK"))
"""Whether the tests may take hours: ``make soak``."""
MINUTES = float(os.environ.get("PYLON_SOAK_MINUTES") or 60)
"""After how long it begins no other test."""
ORDER = os.environ.get("TEST_SEED") or "1"
"""Draws the order in which it goes through them."""
PART = "" if SOAK else os.environ.get("PYLON_PART", "")
"""``first`` with ``make test``, ``second`` with ``make test-more``, and neither where pytest is called or it soaks: all."""
DRAW = os.environ.get("PYLON_DRAW") or "1"
"""Draws which cases are in which part, and which odd answers are tried at all."""
