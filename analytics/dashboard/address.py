"""What is looked at, in the page's address: so that a view can be kept as a bookmark, and shown to others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from .marts import COLUMNS, WORKING, Filters, Marts

PERIODS = (7, 14, 30, 90, 180, 365, 0)
"""What can be chosen, in days; 0 stands for all."""


def read(given: Mapping[str, str | Sequence[str]], marts: Marts) -> Filters:
    """Return what an address asks for; what means nothing in this copy is left out.

    Args:
        given: The names and values behind the question mark.
        marts: Says which teams there are, and so on.
    """
    found: dict[str, Any] = {}
    for name, values in given.items():
        value = values if isinstance(values, str) else next(iter(values), "")
        if name == "days" and value in map(str, PERIODS):
            found[name] = int(value)
        elif (name == "hours" and value == WORKING) or (name in COLUMNS and value in marts.names(name)):
            found[name] = value
    return replace(Filters(), **found)


def written(filters: Filters) -> dict[str, str]:
    """Return the names and values that stand for what is looked at: only those that are not the usual ones."""
    usual = asdict(Filters())
    return {name: str(value) for name, value in asdict(filters).items() if value != usual[name]}
