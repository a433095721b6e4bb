"""How a stretch of time is asked for, who reads it, and what comes of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ..api import windows
from ..api.client import Client
from ..api.filters import Request, before_and_after, joined, older_by
from ..api.windows import Window
from ..catalog import Endpoint
from ..errors import PylonError
from ..rows.rows import Row

Version = tuple[Any, Any]
"""The id of a row, and its ``updated_at`` as the API gives it."""
Held = Callable[[Sequence[Row]], set[Version]]
"""Returns which of some rows the copy holds as they are."""

Copies = Mapping[tuple[str, ...], Mapping[str, Any]]
"""What the copy holds of some rows, by their whole keys; those are left out that it lacks."""


def version(row: Row) -> Version:
    """Return what tells this version of a row from others."""
    return row.get("id"), row.get("updated_at")


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows that were read, with the server's time at which they held."""

    rows: list[Row]
    sent_at: datetime
    whole: bool = True
    """Whether what it does not show may count as missing."""
    again: bool = False
    """Whether the copy may hold some of its rows as they are."""
    left: bool = False
    """Whether it had been left out before, so that its rows come late by no fault of an index."""
    kept: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Values that the copy has and keeps, by a row's id and column, since the row does not give them."""
    copies: Copies | None = None
    """What the copy holds of its rows; ``None``: it was not looked up."""
    error: PylonError | None = None
    """Why it has no rows, although others of its kind are given: something in it cannot be given."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads: a client that waits as long as the turn lasts, one that does as long as the run, and the copy.

    ``leave_out`` takes why a moment was left out that cannot be read while all others can; ``None``: none may be.
    """

    client: Client
    patient: Client
    held: Held
    leave_out: Callable[[PylonError], None] | None = None


@dataclass(frozen=True, slots=True)
class Way:
    """One way to ask for the rows of a window.

    ``request`` makes the request to ``endpoint`` that filters on the time in the field ``stamp``. ``also`` is another
    field with a time that can be filtered on besides, "" where there is none.
    """

    endpoint: Endpoint
    request: Callable[[Window], Request]
    stamp: str
    also: str = ""

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields by which a window can be narrowed."""
        return (self.stamp, self.also) if self.also else (self.stamp,)

    def between(self, window: Window, field: str, after: datetime | None, before: datetime) -> Request:
        """Return the request for the rows of a window with a time in a field from one instant, if given, to another."""
        if field != self.stamp:
            return joined(self.request(window), before_and_after(field, after, before))
        first, last = window.asked
        return self.request(windows.exactly(max(after or first, first), min(before, last)))

    def below(self, window: Window, until: datetime, also_until: datetime) -> Request:
        """Return the request for the rows of a window that are older by one of two fields."""
        either = older_by({self.stamp: until, self.also: also_until})
        return joined(self.request(window), either)
