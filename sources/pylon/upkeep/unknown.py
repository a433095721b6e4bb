"""Whether an id is refused because there is no such issue: an id that nobody has is refused in the same words. Pure."""

from __future__ import annotations

from collections.abc import Container

from ..errors import Rejected

REFUSED = frozenset({400, 422})
"""What some servers answer for an id that they do not know, in the place of 404."""
CHANGED = 8
"""How many letters and digits, from the end on, make it another id of the same form."""


def made_up(issue_id: str, known: Container[str]) -> str | None:
    """Return an id of the same form that no issue has; ``None``: there is none."""
    letters, left = list(issue_id), CHANGED
    for place in reversed(range(len(letters))):
        if left and (other := _other(letters[place])):
            letters[place], left = other, left - 1
    found = "".join(letters)
    return None if left or found in known else found


def _other(letter: str) -> str:
    for alike in ("0123456789", "abcdef", "ghijklmnopqrstuvwxyz", "ABCDEF", "GHIJKLMNOPQRSTUVWXYZ"):
        if letter in alike:
            return alike[(alike.index(letter) + 3) % len(alike)]
    return ""


def is_alike(one: Rejected, its_id: str, two: Rejected, other_id: str) -> bool:
    """Say whether two ids are refused in the same words."""
    return one.status == two.status and one.why.replace(its_id, "") == two.why.replace(other_id, "")
