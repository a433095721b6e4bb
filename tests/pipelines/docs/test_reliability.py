"""The page of what is tried says what the tests try, and names files that are there."""

from __future__ import annotations

import re

from support import reliability_docs
from support.amounts import PAGE
from support.repository import ROOT


def test_the_table_is_what_the_tests_try() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert reliability_docs.of(text) == text, "run: make docs"


def test_what_the_page_points_at_is_there() -> None:
    found = re.findall(r"`((?:tests|sources)/[\w/.]+)`", PAGE.read_text(encoding="utf-8"))
    assert found
    assert all((ROOT / path).exists() for path in found)
