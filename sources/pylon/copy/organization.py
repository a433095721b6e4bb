"""Whose workspace a copy holds: that of one organisation, and no other's rows may come to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .copied import Copied
from .state import SourceState


def of_copy(state: SourceState, copied: Copied) -> Mapping[str, Any]:
    """Return the organisation by ``id`` and ``name``, which may be masked; empty, where the copy holds none yet.

    Copies that were begun before the state kept it have it in their own table.
    """
    if state.whose:
        return state.whose
    found = copied.select("SELECT {o.id}, {o.name} FROM {organization} AS o", most=1)
    return dict(zip(("id", "name"), found[0], strict=True)) if found else {}


def told(organization: Mapping[str, Any]) -> str:
    """Return an organisation as people know it."""
    name = organization.get("name")
    return f"{name} ({organization['id']})" if name else str(organization["id"])
