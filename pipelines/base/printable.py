"""Text that others wrote, as it may be shown on a terminal, which takes some characters for orders. Pure."""

from __future__ import annotations

import re

_ORDERS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""What moves the cursor, changes colours or turns lines round: the controls of ASCII and Latin-1, but for tabs and line
ends, and those of Unicode that turn the direction of writing."""


def printable(text: str) -> str:
    """Return a text in which each of these is written out as JSON does, which leaves JSON what it is."""
    return _ORDERS.sub(lambda found: f"\\u{ord(found.group()):04x}", text)
