"""How a request says which stretch of time it asks for."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from .windows import Window

Request = dict[str, Any]
"""What to hand to the client besides the endpoint: ``query``, ``body``, ``ids``."""


def time_range(field: str, window: Window) -> Request:
    """Return the request of a search for what a window holds."""
    values = [rfc3339(bound) for bound in window.asked]
    return {"body": {"filter": {"field": field, "operator": "time_range", "values": values}}}


def before_and_after(field: str, after: datetime | None, before: datetime) -> Request:
    """Return the request of a search for what is older than an instant, and newer than another if that is given."""
    condition: Request = {"field": field, "operator": "time_is_before", "value": rfc3339(before)}
    if after is not None:
        later = {"field": field, "operator": "time_is_after", "value": rfc3339(after)}
        condition = {"operator": "and", "subfilters": [condition, later]}
    return {"body": {"filter": condition}}


def older_by(bounds: Mapping[str, datetime]) -> Request:
    """Return the request of a search for what is older by any of some fields."""
    parts = [before_and_after(field, None, before)["body"]["filter"] for field, before in bounds.items()]
    return {"body": {"filter": {"operator": "or", "subfilters": parts}}}


def joined(one: Request, other: Request) -> Request:
    """Return the request for what two others both ask for; its filter is no deeper than theirs."""
    if "body" not in one or "body" not in other:
        return {**one, **other}
    subfilters = [part for request in (one, other) for part in _parts(request["body"]["filter"])]
    return {**one, **other, "body": {"filter": {"operator": "and", "subfilters": subfilters}}}


def _parts(condition: Request) -> list[Request]:
    """Return the conditions that must all hold."""
    return list(condition["subfilters"]) if condition["operator"] == "and" else [condition]


def rfc3339(instant_: datetime) -> str:
    """Format an instant as the API takes it, in UTC with ``Z``; the fraction only where there is one."""
    return instant_.isoformat().replace("+00:00", "Z")
