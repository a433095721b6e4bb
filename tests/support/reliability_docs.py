"""Writes the table of docs/reliability.md: ``make docs``."""

from __future__ import annotations

from .amounts import PAGE, page
from .ordeal import EPOCHS, POINTS


def of(text: str) -> str:
    """Return the page with what the tests try."""
    return page(text, EPOCHS, len(POINTS))


if __name__ == "__main__":
    PAGE.write_text(of(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
